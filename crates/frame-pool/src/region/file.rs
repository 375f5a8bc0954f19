//! The file in RAM that all maps of a region show.

use std::os::fd::OwnedFd;

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};

use super::error::{RegionError, refused};
use super::limits::Limit;

/// A file in RAM of fixed size. Allocated at once, so that memory that is missing is an error here and not a signal later;
/// sealed, so that nobody can shrink it under a reader.
pub(super) fn sealed_file(bytes: u64) -> Result<OwnedFd, RegionError> {
    // Asked before: the system answers a file over its limit with a signal that ends the process, and memory that is not there
    // with the end of some process, perhaps this one.
    for (step, limit) in [("sizing the memory file", Limit::file_size()), ("allocating", Limit::memory())] {
        if limit.forbids(bytes) {
            return Err(RegionError::Limited { step, bytes, limit: Box::new(limit) });
        }
    }
    let file = memory_file("frame-pool").map_err(refused("memfd_create", bytes))?;
    rustix::fs::ftruncate(&file, bytes).map_err(refused("sizing the memory file", bytes))?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes).map_err(refused("allocating", bytes))?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).map_err(refused("sealing the memory file", bytes))?;
    Ok(file)
}

/// An empty file in RAM that can be sealed. Not executable where the system knows the difference (Linux 6.3), because it may be
/// told to refuse any other (`vm.memfd_noexec`).
pub(super) fn memory_file(name: &str) -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create(name, flags),
        answer => answer,
    }
}
