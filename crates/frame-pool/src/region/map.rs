//! Address space held by RAII, and maps placed inside it.

use core::ffi::c_void;
use std::os::fd::AsFd;

use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::plan::{PAGE, round_up};

/// A stretch of reserved address space, with an inaccessible page on either side, unmapped whole when dropped. A forked child
/// inherits nothing of it: its copy of a lease would tear when the parent's camera writes on.
#[derive(Debug)]
pub(crate) struct Space {
    /// Address of the guard page before it.
    base: *mut c_void,
    /// Bytes between the guards.
    bytes: usize,
}

// SAFETY: a `Space` is a range of addresses; mapping and unmapping may be done from any thread.
unsafe impl Send for Space {}
// SAFETY: as above; `&Space` gives out addresses, and who may read or write there is said by who maps them.
unsafe impl Sync for Space {}

const GUARD: usize = PAGE as usize;

impl Space {
    /// Reserves `bytes`, rounded up to pages, whose first address is a multiple of `align` (a power of two, at least a page).
    pub(crate) fn reserve(bytes: u64, align: u64) -> rustix::io::Result<Self> {
        let nomem = rustix::io::Errno::NOMEM;
        let align = usize::try_from(align).map_err(|_| nomem)?;
        let bytes = usize::try_from(round_up(bytes, PAGE)).map_err(|_| nomem)?;
        let whole = bytes.checked_add(2 * GUARD).ok_or(nomem)?;
        let total = whole.checked_add(align).ok_or(nomem)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a fresh anonymous map at an address of the kernel's choice touches no memory of ours.
        let found =
            unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), total, ProtFlags::empty(), flags)? };
        let start = found.expose_provenance() + GUARD;
        let before = start.next_multiple_of(align) - start;
        let space = Self { base: found.wrapping_byte_add(before), bytes };
        // What alignment did not need goes back, so that each reservation is one map, whatever its address.
        for (at, left) in [(found, before), (space.base.wrapping_byte_add(whole), align - before)] {
            if left > 0 {
                // SAFETY: a part of the map made above, outside the space; nobody knows of it.
                unsafe { rustix::mm::munmap(at, left)? };
            }
        }
        do_not_inherit(space.base, whole);
        Ok(space)
    }

    /// The first address behind the guard.
    pub(crate) fn start(&self) -> *mut u8 {
        self.base.cast::<u8>().wrapping_add(GUARD)
    }

    /// All addresses, guards included.
    #[cfg(test)]
    pub(crate) fn addresses(&self) -> core::ops::Range<usize> {
        self.base.addr()..self.base.addr() + self.bytes + 2 * GUARD
    }

    /// Puts `bytes` of `file` from `offset` on at `start() + at`, replacing what was reserved there.
    pub(crate) fn place(
        &self,
        at: u64,
        bytes: u64,
        prot: ProtFlags,
        file: impl AsFd,
        offset: u64,
    ) -> rustix::io::Result<*mut u8> {
        let (target, bytes) = self.inside(at, bytes)?;
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the target lies inside this reservation (checked above), which nobody else maps or unmaps, so MAP_FIXED
        // replaces only our own pages. The file is sealed against shrinking: no access can hit a hole.
        let placed = unsafe { rustix::mm::mmap(target, bytes, prot, flags, file, offset)? };
        do_not_inherit(placed, bytes);
        Ok(placed.cast())
    }

    /// Takes away what lies in `bytes` from `start() + at` on: the addresses stay reserved and become inaccessible.
    pub(crate) fn clear(&self, at: u64, bytes: u64) -> rustix::io::Result<()> {
        let (target, bytes) = self.inside(at, bytes)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the target lies inside this reservation (checked above); the caller says that nobody looks there.
        unsafe { rustix::mm::mmap_anonymous(target, bytes, ProtFlags::empty(), flags)? };
        do_not_inherit(target, bytes);
        Ok(())
    }

    /// The address and length of a part, if it lies inside.
    fn inside(&self, at: u64, bytes: u64) -> rustix::io::Result<(*mut c_void, usize)> {
        let invalid = rustix::io::Errno::INVAL;
        let at = usize::try_from(at).map_err(|_| invalid)?;
        let bytes = usize::try_from(bytes).map_err(|_| invalid)?;
        let inside = at.checked_add(bytes).is_some_and(|end| end <= self.bytes);
        if !inside || bytes == 0 {
            return Err(invalid);
        }
        Ok((self.start().wrapping_add(at).cast(), bytes))
    }
}

/// Not inherited by fork, and so like its neighbours, with which the kernel then counts it as one map. Refused (very old systems):
/// a child's view of a lease may change, which it is told not to use.
fn do_not_inherit(start: *mut c_void, bytes: usize) {
    // SAFETY: a range that the caller mapped just now; this advice changes no byte and no address.
    let _ = unsafe { rustix::mm::madvise(start, bytes, Advice::LinuxDontFork) };
}

impl Drop for Space {
    fn drop(&mut self) {
        // SAFETY: the range came from `reserve`, and whoever used addresses inside it is gone: the region that owns this
        // space is dropped only after the last lease and stream.
        let _ = unsafe { rustix::mm::munmap(self.base, self.bytes + 2 * GUARD) };
    }
}
