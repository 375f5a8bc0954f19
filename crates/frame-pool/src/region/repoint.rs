//! Putting windows onto other blocks: the keeper's side of the memory.
//!
//! On Linux `mmap(MAP_FIXED)` over a live mapping is atomic for who reads through it: a reader sees the old page or the new
//! one, and here both hold the same bytes. That is no promise of POSIX, so it is tried once per process before it is
//! relied on ([`works`]); sandboxes that play the kernel may do it in two steps.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::fs::FallocateFlags;
use rustix::mm::ProtFlags;

use super::plan::PAGE;
use super::windows::place_window;
use super::{Region, Space, file};
use crate::copy;
use crate::keeper::{Memory, RepointError};
use crate::slot::Slot;
use crate::sync::{AtomicBool, Ordering};

impl Memory for Region {
    fn can_repoint(&self) -> bool {
        self.windows.separate && self.plan.reserve > 0 && works()
    }

    fn copy_out(&self, block: u32, reserve: u32, window: &Slot) {
        let target = self.reserve_target(reserve, window.address());
        if target.is_null() || block >= self.plan.blocks {
            return;
        }
        // SAFETY: a whole ring block and a whole reserve block (the target's place inside the granule leaves room for it:
        // `reserve_stride`), both mapped. The target was taken from the free set: nobody looks at it. The source is locked, so
        // nobody writes it, and it is never referenced through this map.
        unsafe { copy::copy_raw(self.ring_block(block), target, self.plan.block_bytes) }
    }

    fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError> {
        let inside = self.inside_granule(window.address()) as u64;
        let offset = self.plan.block_offset(self.plan.blocks + reserve) + inside;
        for _ in 0..2 {
            if let Ok(address) =
                place_window(&self.windows.space, &self.plan, &self.file, window.window, offset)
            {
                debug_assert_eq!(address, window.address().addr(), "a leased window does not move");
                return Ok(());
            }
        }
        if self.still_mapped(window) {
            return Err(RepointError);
        }
        // The kernel took the old mapping away and gave nothing: readers would fault one by one. End it here, visibly.
        std::process::abort()
    }

    fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError> {
        let (stride, offset) = (self.plan.window_stride(), self.plan.block_offset(block));
        let start = u64::from(window.window) * stride;
        for _ in 0..2 {
            // What the window showed before may lie elsewhere in its addresses: take that away first. Nobody looks.
            if self.windows.space.clear(start, stride).is_ok()
                && let Ok(address) =
                    place_window(&self.windows.space, &self.plan, &self.file, window.window, offset)
            {
                window.set_address(core::ptr::with_exposed_provenance(address));
                return Ok(());
            }
        }
        Err(RepointError)
    }
}

impl Region {
    /// Whether every page of the window is still mapped.
    fn still_mapped(&self, window: &Slot) -> bool {
        let first = window.address().addr() & !(PAGE as usize - 1);
        let bytes = (window.address().addr() + self.plan.block_bytes).next_multiple_of(PAGE as usize) - first;
        let mut resident = vec![0_u8; bytes / PAGE as usize];
        // SAFETY: mincore only fills the vector, one byte a page, and says ENOMEM if a page is not mapped.
        unsafe {
            libc::mincore(core::ptr::with_exposed_provenance_mut(first), bytes, resident.as_mut_ptr()) == 0
        }
    }
}

/// Whether repointing is atomic on this system. Tried once per process: 200 times under the eyes of a kernel reader, which gets
/// an error where a thread would get a signal.
pub(crate) fn works() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| if cfg!(target_os = "linux") { try_it().unwrap_or(false) } else { false })
}

const PAGES: u64 = 4;
const ROUNDS: u32 = 200;

fn try_it() -> rustix::io::Result<bool> {
    let bytes = PAGES * PAGE;
    let file = memory_file(2 * bytes)?;
    // Both halves hold the same bytes, as a rescued frame does.
    let page = [0x5A_u8; PAGE as usize];
    for at in 0..2 * PAGES {
        rustix::io::pwrite(&file, &page, at * PAGE)?;
    }
    let space = Space::reserve(bytes, PAGE)?;
    space.place(0, bytes, ProtFlags::READ, &file, 0)?;
    let sink = memory_file(bytes)?;
    let stop = AtomicBool::new(false);
    let (start, length) = (space.start().expose_provenance(), bytes as usize);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| kernel_reads_all(&sink, start, length, &stop));
        let mut placed = Ok(());
        for round in 0..ROUNDS {
            placed = space.place(0, bytes, ProtFlags::READ, &file, u64::from(round % 2) * bytes).map(drop);
            if placed.is_err() {
                break;
            }
        }
        stop.store(true, Ordering::Release);
        let whole = reader.join().unwrap_or(false);
        placed.map(|()| whole)
    })
}

/// Lets the kernel read the window until told to stop: false if any read found a hole.
fn kernel_reads_all(sink: &OwnedFd, start: usize, length: usize, stop: &AtomicBool) -> bool {
    loop {
        // SAFETY: pwrite reads `length` bytes at `start`; a hole there is an error of the call, not a fault of ours.
        let n = unsafe {
            libc::pwrite(
                std::os::fd::AsRawFd::as_raw_fd(sink),
                core::ptr::with_exposed_provenance(start),
                length,
                0,
            )
        };
        if usize::try_from(n) != Ok(length) {
            return false;
        }
        if stop.load(Ordering::Acquire) {
            return true;
        }
    }
}

fn memory_file(bytes: u64) -> rustix::io::Result<OwnedFd> {
    let file = file::memory_file("frame-pool-self-test")?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_system_repoints_atomically() {
        assert!(super::works());
    }
}
