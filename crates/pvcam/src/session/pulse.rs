//! What callback, session and readers share of a run: whether it lives, and how far it is.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use frame_pool::monotonic_ns;

use super::times::Times;

/// State of one run.
pub(crate) struct Pulse {
    /// The camera may be asked for its status. Written under the API lock.
    alive: AtomicBool,
    /// A stop was asked for: what is announced from now on is discarded.
    stopping: AtomicBool,
    /// The last frame of a sequence was announced and handed over.
    complete: AtomicBool,
    /// The camera has completed a sequence long ago; what it has not announced will not be.
    exhausted: AtomicBool,
    /// Host number of the newest frame.
    newest: AtomicU64,
    /// When the run was started, and when its newest frame came.
    started_ns: AtomicU64,
    newest_ns: AtomicU64,
    duplicates: AtomicU64,
    late: AtomicU64,
    pub(crate) times: Times,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            alive: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            complete: AtomicBool::new(false),
            exhausted: AtomicBool::new(false),
            newest: AtomicU64::new(0),
            started_ns: AtomicU64::new(monotonic_ns()),
            newest_ns: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            late: AtomicU64::new(0),
            times: Times::new(),
        }
    }

    pub(crate) fn set_alive(&self, alive: bool) {
        self.alive.store(alive, Ordering::Release);
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn set_complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    pub(crate) fn set_exhausted(&self) {
        self.exhausted.store(true, Ordering::Release);
    }

    /// Whether the callback will hand over nothing more.
    pub(crate) fn has_handed_over_all(&self) -> bool {
        self.is_complete() || self.exhausted.load(Ordering::Acquire)
    }

    pub(crate) fn saw(&self, number: u64, at_ns: u64) {
        self.newest_ns.store(at_ns, Ordering::Relaxed);
        self.newest.store(number, Ordering::Release);
    }

    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// How long ago the run was started.
    pub(crate) fn age_at(&self, now_ns: u64) -> Duration {
        Duration::from_nanos(now_ns.saturating_sub(self.started_ns.load(Ordering::Relaxed)))
    }

    /// How long ago the newest frame came, or the run was started if none came.
    pub(crate) fn silence(&self) -> Duration {
        let last = self.newest_ns.load(Ordering::Relaxed).max(self.started_ns.load(Ordering::Relaxed));
        Duration::from_nanos(monotonic_ns().saturating_sub(last))
    }

    pub(crate) fn note_duplicate(&self) {
        self.duplicates.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates.load(Ordering::Relaxed)
    }

    pub(crate) fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }
}
