//! The service thread's doorbell, which outlives every pool.
//!
//! The last dropper of a frame gives up the pool and may then still have to ring. So bells are never freed: a pool that goes
//! hands its bell to the next one. A late ring on a bell that has a new owner wakes that one's service thread once for nothing.

use crate::doorbell::Doorbell;

#[cfg(not(pool_loom))]
mod kept {
    use parking_lot::Mutex;

    use super::Doorbell;

    /// Bells without a pool. As many bells exist as there were pools at a time.
    static IDLE: Mutex<Vec<&'static Doorbell>> = Mutex::new(Vec::new());

    /// A bell that is never freed.
    #[derive(Debug, Clone)]
    pub(crate) struct Bell(&'static Doorbell);

    impl Bell {
        pub(crate) fn new() -> Self {
            Self(IDLE.lock().pop().unwrap_or_else(|| Box::leak(Box::default())))
        }

        /// The pool is gone: another one may have the bell.
        pub(crate) fn retire(&self) {
            IDLE.lock().push(self.0);
        }
    }

    impl core::ops::Deref for Bell {
        type Target = Doorbell;

        fn deref(&self) -> &Doorbell {
            self.0
        }
    }
}

#[cfg(pool_loom)]
mod kept {
    use std::sync::Arc;

    use super::Doorbell;

    /// Models must not leave anything behind: here the bell is counted.
    #[derive(Debug, Clone)]
    pub(crate) struct Bell(Arc<Doorbell>);

    impl Bell {
        pub(crate) fn new() -> Self {
            Self(Arc::new(Doorbell::new()))
        }

        pub(crate) fn retire(&self) {}

        pub(crate) fn shared(&self) -> Arc<Doorbell> {
            Arc::clone(&self.0)
        }
    }

    impl core::ops::Deref for Bell {
        type Target = Doorbell;

        fn deref(&self) -> &Doorbell {
            &self.0
        }
    }
}

pub(crate) use kept::Bell;
