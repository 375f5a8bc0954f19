//! A lease comes from a stream: it is neither made nor copied without being counted.

fn main() {}

pub fn duplicate(lease: pvcam::Lease) {
    #[cfg(wrong = "literal")]
    let _made = pvcam::Lease { slot: core::ptr::NonNull::dangling() }; //~ literal: E0451
    #[cfg(wrong = "default")]
    let _default = pvcam::Lease::default(); //~ default: E0599
    #[cfg(wrong = "adopt")]
    let _adopted = pvcam::Lease::adopt; //~ adopt: E0624
    let counted = lease.clone();
    let moved = lease;
    #[cfg(wrong = "copy")]
    drop(lease); //~ copy: E0382
    drop((counted, moved));
}
