//! The allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    /// Blocks this thread asked for. It is there from the beginning and needs no end: reaching it allocates nothing.
    static OF_THIS_THREAD: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator with a count of what was asked of it.
///
/// It sees the Rust code that is linked with it, on all threads. A library that is loaded when the program runs
/// allocates by its own means and is not seen; neither is what C code asks of `malloc`.
#[derive(Debug, Default)]
pub struct CountingAllocator {
    allocations: AtomicU64,
}

impl CountingAllocator {
    /// An allocator that has counted nothing yet; to be the program's `#[global_allocator]`.
    #[must_use]
    pub const fn new() -> Self {
        Self { allocations: AtomicU64::new(0) }
    }

    /// Blocks asked for so far by any thread: new ones, zeroed ones, and those made larger or smaller. Take the
    /// difference of two readings.
    #[must_use]
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Ordering::Relaxed)
    }

    /// Blocks that the calling thread asked for so far.
    #[must_use]
    pub fn allocations_of_this_thread(&self) -> u64 {
        OF_THIS_THREAD.get()
    }

    fn count(&self) {
        OF_THIS_THREAD.set(OF_THIS_THREAD.get() + 1);
        self.allocations.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every method hands its arguments to `System` unchanged and returns what `System` returns, so what `System`
// promises holds here, given that the callers keep the contract of the trait. Counting is one atomic add and one
// to a word of the thread that needs neither a beginning nor an end: it neither allocates nor unwinds.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.count();
        // SAFETY: `block` came from this allocator, that is from `System`, with `layout`; the rest is passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from this allocator, that is from `System`, with `layout`.
        unsafe { System.dealloc(block, layout) }
    }
}
