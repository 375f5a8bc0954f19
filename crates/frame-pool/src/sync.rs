//! The one door to atomics. Under `cfg(pool_loom)` the same names are loom's, so that the models see every access.
//!
//! Nothing else in this crate uses them; a lint sees to it (`clippy.toml`). There are no exceptions, also where no model ever
//! looks (`holder.rs` counts for people, `region/repoint.rs` tries the machine): the door costs nothing, and a rule without
//! exceptions is not argued with.

#[cfg(not(pool_loom))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(pool_loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// Names of their own, because a lint keeps the whole crate from the types behind them (`clippy.toml`). Each `expect` fails the
/// lints if its name is not caught any more.
#[cfg(not(pool_loom))]
mod real {
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicBool = core::sync::atomic::AtomicBool;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicPtr<T> = core::sync::atomic::AtomicPtr<T>;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicU32 = core::sync::atomic::AtomicU32;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicU64 = core::sync::atomic::AtomicU64;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(crate) type AtomicUsize = core::sync::atomic::AtomicUsize;
    #[expect(clippy::disallowed_types, reason = "the one door")]
    pub(super) type UnsafeCell<T> = core::cell::UnsafeCell<T>;

    /// As `core::sync::atomic::fence`.
    #[expect(clippy::disallowed_methods, reason = "the one door")]
    #[inline]
    pub(crate) fn fence(order: super::Ordering) {
        core::sync::atomic::fence(order);
    }
}
#[cfg(not(pool_loom))]
pub(crate) use real::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};

/// A memory order, or `Relaxed` in the model whose fault is named: a control that must fail. Outside the models, the order alone.
macro_rules! order {
    ($fault:expr, $weakened:ident, $order:ident) => {{
        #[cfg(pool_loom)]
        let order = if $fault == crate::model::Fault::$weakened {
            $crate::sync::Ordering::Relaxed
        } else {
            $crate::sync::Ordering::$order
        };
        #[cfg(not(pool_loom))]
        let order = $crate::sync::Ordering::$order;
        order
    }};
}
pub(crate) use order;

/// A value on a cache line of its own (two lines: the prefetcher pulls pairs), so that the callback, the
/// retiring thread and the droppers do not slow each other down.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(pub(crate) T);

/// A cell whose accesses loom checks. One writer or many readers at a time; who may is the ring's protocol.
#[derive(Debug)]
pub(crate) struct Cell<T> {
    #[cfg(not(pool_loom))]
    inner: real::UnsafeCell<T>,
    #[cfg(pool_loom)]
    inner: loom::cell::UnsafeCell<T>,
}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(pool_loom))]
        let inner = real::UnsafeCell::new(value);
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

/// Waits a moment for what another thread is about to finish.
pub(crate) fn spin_loop() {
    #[cfg(not(pool_loom))]
    core::hint::spin_loop();
    #[cfg(pool_loom)]
    loom::thread::yield_now();
}

/// The lint's own control: each name that `clippy.toml` forbids and this file does not use is caught, or the expectation fails.
#[cfg(all(test, not(pool_loom)))]
mod the_lint_catches {
    macro_rules! caught {
        ($($name:ident = $path:ty;)*) => {
            $(#[expect(clippy::disallowed_types, dead_code, reason = "that it is caught is what this is for")]
            type $name = $path;)*
        };
    }

    caught! {
        Std = std::sync::atomic::AtomicU32;
        I8 = core::sync::atomic::AtomicI8;
        I16 = core::sync::atomic::AtomicI16;
        I32 = core::sync::atomic::AtomicI32;
        I64 = core::sync::atomic::AtomicI64;
        Isize = core::sync::atomic::AtomicIsize;
        U8 = core::sync::atomic::AtomicU8;
        U16 = core::sync::atomic::AtomicU16;
    }

    #[expect(clippy::disallowed_methods, dead_code, reason = "that it is caught is what this is for")]
    fn compiler_fence() {
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
    }
}
