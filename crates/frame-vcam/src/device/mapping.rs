//! A device's buffer, mapped into this process.

#![expect(unsafe_code, reason = "a buffer of the device is reached through its address")]

use core::ffi::c_void;
use core::ptr::NonNull;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// One buffer of a device. It stays on the thread that mapped it, as the device does.
#[derive(Debug)]
pub(super) struct Mapping {
    address: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    /// Maps `length` bytes of a device's memory from `offset` on.
    pub(super) fn new(device: &impl AsFd, offset: u32, length: usize) -> Result<Self, Errno> {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new map at an address of the system's choice disturbs no other.
        let address =
            unsafe { mmap(core::ptr::null_mut(), length, access, flags, device, u64::from(offset))? };
        NonNull::new(address).map(|address| Self { address, length }).ok_or(Errno::NOMEM)
    }

    /// Its bytes. Readers of the device see what is written here, in part even before it is given to the device.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes are mapped, readable, until `drop`. The device's memory is ours to fill; programs that show the picture
        // map it to read it. One that wrote into it all the same would spoil pixels: they are plain bytes of which each value is
        // good, and nothing here depends on what they are or on reading the same twice.
        unsafe { core::slice::from_raw_parts(self.address.as_ptr().cast(), self.length) }
    }

    /// Its bytes, to write.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as `bytes`, and writable; `&mut self` makes this the only reference to this map in our process.
        unsafe { core::slice::from_raw_parts_mut(self.address.as_ptr().cast(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the map is ours, from `new`, and no reference into it outlives `self`.
        let unmapped = unsafe { munmap(self.address.as_ptr(), self.length) };
        // It fails only for a range that is none, which `new` rules out.
        debug_assert!(unmapped.is_ok());
    }
}
