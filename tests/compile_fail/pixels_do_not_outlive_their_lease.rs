//! Pixels are borrowed from the lease: when it is gone, the camera may write there.

fn main() {}

pub fn keep(lease: pvcam::Lease) -> u16 {
    let Ok(pixels) = lease.pixels::<u16>() else { return 0 };
    #[cfg(wrong = "dropped")]
    drop(lease); //~ dropped: E0505
    pixels.first().copied().unwrap_or(0)
}
