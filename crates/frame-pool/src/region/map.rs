//! Address space held by RAII, and maps placed inside it.

use core::ffi::c_void;
use std::os::fd::AsFd;

use rustix::mm::{MapFlags, ProtFlags};

/// A stretch of reserved address space (`PROT_NONE`), unmapped whole when dropped.
#[derive(Debug)]
pub(crate) struct Space {
    base: *mut c_void,
    bytes: usize,
    aligned: usize,
}

// SAFETY: a `Space` is a range of addresses; mapping and unmapping may be done from any thread.
unsafe impl Send for Space {}
// SAFETY: as above; `&Space` gives out addresses, and who may read or write there is said by who maps them.
unsafe impl Sync for Space {}

impl Space {
    /// Reserves `bytes` whose first address is a multiple of `align` (a power of two).
    pub(crate) fn reserve(bytes: u64, align: u64) -> rustix::io::Result<Self> {
        let total = bytes.checked_add(align).and_then(|t| usize::try_from(t).ok());
        let total = total.ok_or(rustix::io::Errno::NOMEM)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a fresh anonymous map at an address of the kernel's choice touches no memory of ours.
        let base =
            unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), total, ProtFlags::empty(), flags)? };
        let start = base.expose_provenance();
        let aligned = start.next_multiple_of(usize::try_from(align).unwrap_or(1)) - start;
        Ok(Self { base, bytes: total, aligned })
    }

    /// The aligned start.
    pub(crate) fn start(&self) -> *mut u8 {
        self.base.cast::<u8>().wrapping_add(self.aligned)
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
        let (at, bytes) =
            (usize::try_from(at).unwrap_or(usize::MAX), usize::try_from(bytes).unwrap_or(usize::MAX));
        let inside = at.checked_add(bytes).is_some_and(|end| end <= self.bytes - self.aligned);
        if !inside || bytes == 0 {
            return Err(rustix::io::Errno::INVAL);
        }
        let target = self.start().wrapping_add(at).cast::<c_void>();
        // SAFETY: the target lies inside this reservation (checked above), which nobody else maps or unmaps, so MAP_FIXED
        // replaces only our own inaccessible pages. The file is sealed against shrinking: no access can hit a hole.
        let placed = unsafe {
            rustix::mm::mmap(target, bytes, prot, MapFlags::SHARED | MapFlags::FIXED, file, offset)?
        };
        Ok(placed.cast())
    }

    /// Takes away what lies in `bytes` from `start() + at` on: the addresses stay reserved and become inaccessible.
    pub(crate) fn clear(&self, at: u64, bytes: u64) -> rustix::io::Result<()> {
        let (at, bytes) =
            (usize::try_from(at).unwrap_or(usize::MAX), usize::try_from(bytes).unwrap_or(usize::MAX));
        if bytes == 0 || at.checked_add(bytes).is_none_or(|end| end > self.bytes - self.aligned) {
            return Err(rustix::io::Errno::INVAL);
        }
        let target = self.start().wrapping_add(at).cast::<c_void>();
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the target lies inside this reservation (checked above); the caller says that nobody looks there.
        unsafe { rustix::mm::mmap_anonymous(target, bytes, ProtFlags::empty(), flags)? };
        Ok(())
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // SAFETY: the range came from `reserve`, and whoever used addresses inside it is gone: the region that owns this
        // space is dropped only after the last lease and stream.
        let _ = unsafe { rustix::mm::munmap(self.base, self.bytes) };
    }
}
