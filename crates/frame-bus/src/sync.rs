//! The one door to atomics and locks. Under `cfg(pool_loom)` the same names are loom's, so that the models see every access; a
//! lint keeps the rest of the crate from other atomics (`clippy.toml`).

#[cfg(not(pool_loom))]
pub(crate) use core::sync::atomic::Ordering;
#[cfg(not(pool_loom))]
pub(crate) use parking_lot::Mutex;

#[cfg(pool_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

#[cfg(not(pool_loom))]
mod real {
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicBool = core::sync::atomic::AtomicBool;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicU32 = core::sync::atomic::AtomicU32;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicU64 = core::sync::atomic::AtomicU64;

    /// As `core::sync::atomic::fence`.
    #[expect(clippy::disallowed_methods, reason = "the one door")]
    #[inline]
    pub(crate) fn fence(order: super::Ordering) {
        core::sync::atomic::fence(order);
    }
}
#[cfg(not(pool_loom))]
pub(crate) use real::{AtomicBool, AtomicU32, AtomicU64, fence};

/// loom's lock, with the face of the other.
#[cfg(pool_loom)]
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(pool_loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A value on a cache line of its own (two: the prefetcher pulls pairs), so that callback and readers do not slow each other down.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(pub(crate) T);

/// Adds to a counter that one thread writes at a time: no locked step on the hot path.
#[inline]
pub(crate) fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// Lets other threads run.
pub(crate) fn yield_now() {
    #[cfg(not(pool_loom))]
    std::thread::yield_now();
    #[cfg(pool_loom)]
    loom::thread::yield_now();
}
