//! What the camera counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one camera, from `pl_pvcam_init` on; `max_lag_us` alone starts over with each acquisition.
///
/// Layout of the C structure `pvcam_sim_stats`: thirteen 64-bit numbers in this order.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PvcamSimStats {
    /// Frames the camera exposed, lost ones included.
    pub produced: u64,
    /// Frames written into a slot.
    pub written: u64,
    /// End-of-frame callbacks that returned.
    pub callbacks: u64,
    /// Notifications that never became a callback: full queue or injected fault.
    pub notifications_dropped: u64,
    /// Frames dropped because a `lossy` ring was full.
    pub ring_full_drops: u64,
    /// Slots that a `flag_error` ring overwrote before they were unlocked.
    pub overruns: u64,
    /// Periods that the starved writer left out (real clock, `catch_up = "skip"`).
    pub missed_schedule: u64,
    /// How late, in microseconds, the writer has been at most since the last start (real clock).
    pub max_lag_us: u64,
    /// Slots freed by `pl_exp_unlock_oldest_frame`.
    pub unlocks: u64,
    /// Successful starts.
    pub acquisitions: u64,
    /// API calls on this camera while it was acquiring.
    pub sdk_calls_while_running: u64,
    /// Those of them that touched parameters or the setup.
    pub params_while_running: u64,
    /// Pulses of a trigger script that came while the camera could not follow them.
    pub triggers_ignored: u64,
}

/// The counters, shared between the camera's threads.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) produced: AtomicU64,
    pub(crate) written: AtomicU64,
    pub(crate) callbacks: AtomicU64,
    pub(crate) notifications_dropped: AtomicU64,
    pub(crate) ring_full_drops: AtomicU64,
    pub(crate) overruns: AtomicU64,
    pub(crate) missed_schedule: AtomicU64,
    pub(crate) max_lag_us: AtomicU64,
    pub(crate) unlocks: AtomicU64,
    pub(crate) acquisitions: AtomicU64,
    pub(crate) sdk_calls_while_running: AtomicU64,
    pub(crate) params_while_running: AtomicU64,
    pub(crate) triggers_ignored: AtomicU64,
}

/// Adds one. The counters are independent of each other and of everything else, hence relaxed.
pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// Adds `amount`.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl Stats {
    pub(super) fn begin_acquisition(&self) {
        count(&self.acquisitions);
        self.max_lag_us.store(0, Ordering::Relaxed);
    }

    /// A copy of the counters; while the camera runs they may be a frame apart.
    pub(crate) fn snapshot(&self) -> PvcamSimStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PvcamSimStats {
            produced: read(&self.produced),
            written: read(&self.written),
            callbacks: read(&self.callbacks),
            notifications_dropped: read(&self.notifications_dropped),
            ring_full_drops: read(&self.ring_full_drops),
            overruns: read(&self.overruns),
            missed_schedule: read(&self.missed_schedule),
            max_lag_us: read(&self.max_lag_us),
            unlocks: read(&self.unlocks),
            acquisitions: read(&self.acquisitions),
            sdk_calls_while_running: read(&self.sdk_calls_while_running),
            params_while_running: read(&self.params_while_running),
            triggers_ignored: read(&self.triggers_ignored),
        }
    }
}
