//! The one door to atomics. Under `cfg(pool_loom)` the same names are loom's, so that the models see every access.
//!
//! Nothing else in this crate's protocol (`cell`, `ring`, `owner`, `free`, `doorbell`) imports `core::sync::atomic`.

#[cfg(not(pool_loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

#[cfg(pool_loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// A value on a cache line of its own (two lines: the prefetcher pulls pairs), so that the callback, the
/// retiring thread and the droppers do not slow each other down.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(pub(crate) T);

/// A cell whose accesses loom checks. One writer or many readers at a time; who may is the ring's protocol.
#[derive(Debug)]
pub(crate) struct Cell<T> {
    #[cfg(not(pool_loom))]
    inner: core::cell::UnsafeCell<T>,
    #[cfg(pool_loom)]
    inner: loom::cell::UnsafeCell<T>,
}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(pool_loom))]
        let inner = core::cell::UnsafeCell::new(value);
        #[cfg(pool_loom)]
        let inner = loom::cell::UnsafeCell::new(value);
        Self { inner }
    }

    /// A pointer for reading. Under loom the access itself is recorded here.
    pub(crate) fn read_ptr(&self) -> *const T {
        #[cfg(not(pool_loom))]
        return self.inner.get().cast_const();
        #[cfg(pool_loom)]
        return self.inner.with(|p| p);
    }

    /// A pointer for writing. Under loom the access itself is recorded here.
    pub(crate) fn write_ptr(&self) -> *mut T {
        #[cfg(not(pool_loom))]
        return self.inner.get();
        #[cfg(pool_loom)]
        return self.inner.with_mut(|p| p);
    }
}

/// Lets other threads run.
pub(crate) fn yield_now() {
    #[cfg(not(pool_loom))]
    std::thread::yield_now();
    #[cfg(pool_loom)]
    loom::thread::yield_now();
}
