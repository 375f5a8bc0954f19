//! The clock of a ring that overwrites: for how long a frame is good where nothing but time protects it.
//!
//! With N slots and at least T_min between two frames, the slot of a frame that was announced at `t` is not written again before
//! `t + (N - 1) x T_min`. That is all there is without a number in the frame itself, and it does not hold for a machine that slept:
//! the monotonic clock stands still then, the camera perhaps not. So the clock also knows how far the boot-time clock, which goes on,
//! was ahead when it was set.

use core::time::Duration;

use crate::record::monotonic_ns;
use crate::sync::{AtomicU64, Ordering};

/// By more than this the boot-time clock has to run away to count as a suspension.
const SLEPT_NS: u64 = 1_000_000;

/// Why time does not speak for a frame any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// It may have been written over since.
    Overdue { age: Duration, good_for: Duration },
    /// The machine was suspended since the clock was set.
    Suspended,
}

/// The clock of a pool's current run. Unset, nothing expires.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Nanoseconds that a frame is good for; 0: not set.
    good_for_ns: AtomicU64,
    /// How far the boot-time clock was ahead when the clock was set.
    ahead_ns: AtomicU64,
    /// When the run ended, after which nothing is written any more; 0 while it goes on.
    ended_ns: AtomicU64,
}

impl Clock {
    /// A run begins whose frames are good for so long; zero: for ever.
    pub(crate) fn set(&self, good_for: Duration) {
        self.ahead_ns.store(boot_ahead_ns(), Ordering::Relaxed);
        self.ended_ns.store(0, Ordering::Relaxed);
        self.good_for_ns.store(u64::try_from(good_for.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Nothing is written from now on.
    pub(crate) fn end(&self) {
        // Only the first end counts: later ones would make frames older than they were.
        let _ = self.ended_ns.compare_exchange(0, monotonic_ns(), Ordering::AcqRel, Ordering::Relaxed);
    }

    /// How long a frame is good for, if the clock is set.
    pub(crate) fn good_for(&self) -> Option<Duration> {
        match self.good_for_ns.load(Ordering::Acquire) {
            0 => None,
            ns => Some(Duration::from_nanos(ns)),
        }
    }

    /// How long ago `arrived_ns` was, or was when the run ended.
    pub(crate) fn age(&self, arrived_ns: u64) -> Duration {
        let until = match self.ended_ns.load(Ordering::Acquire) {
            0 => monotonic_ns(),
            ended => ended,
        };
        Duration::from_nanos(until.saturating_sub(arrived_ns))
    }

    /// Whether time still speaks for a frame that was announced at `arrived_ns`.
    pub(crate) fn check(&self, arrived_ns: u64) -> Result<(), Expired> {
        let Some(good_for) = self.good_for() else { return Ok(()) };
        if slept(self.ahead_ns.load(Ordering::Relaxed), boot_ahead_ns()) {
            return Err(Expired::Suspended);
        }
        let age = self.age(arrived_ns);
        if age < good_for { Ok(()) } else { Err(Expired::Overdue { age, good_for }) }
    }
}

/// Whether the boot-time clock ran away from the monotonic one.
fn slept(ahead_then: u64, ahead_now: u64) -> bool {
    ahead_now > ahead_then.saturating_add(SLEPT_NS)
}

/// How far the boot-time clock is ahead of the monotonic one: the time that the machine was suspended since boot.
fn boot_ahead_ns() -> u64 {
    let boot = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
    };
    // A thread that is put aside between the two readings sees too large a difference: the smallest of a few is the true one.
    let mut least = u64::MAX;
    for _ in 0..4 {
        let before = monotonic_ns();
        least = least.min(boot().saturating_sub(before));
        if monotonic_ns() - before < SLEPT_NS / 20 {
            break;
        }
    }
    least
}

#[cfg(all(test, not(pool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_unset_clock_lets_nothing_expire() {
        assert_eq!(Clock::default().check(0), Ok(()));
    }

    #[test]
    fn frames_are_good_for_their_time_and_no_longer() {
        let clock = Clock::default();
        clock.set(Duration::from_secs(3600));
        let now = monotonic_ns();
        assert_eq!(clock.check(now), Ok(()));
        let long_ago = now.saturating_sub(3_601_000_000_000);
        clock.set(Duration::from_nanos(1));
        assert!(matches!(clock.check(long_ago), Err(Expired::Overdue { .. })));
    }

    #[test]
    fn a_run_that_ended_lets_nothing_grow_older() {
        let clock = Clock::default();
        clock.set(Duration::from_secs(5));
        let now = monotonic_ns();
        clock.end();
        let age = clock.age(now);
        std::thread::sleep(Duration::from_millis(3));
        clock.end();
        assert_eq!(clock.age(now), age);
    }

    #[test]
    fn a_boot_clock_that_ran_away_is_a_suspension() {
        assert!(!slept(5, 5 + SLEPT_NS));
        assert!(slept(5, 6 + SLEPT_NS));
        let (a, b) = (boot_ahead_ns(), boot_ahead_ns());
        assert!(!slept(a, b) && !slept(b, a), "this machine did not sleep: {a} {b}");
    }
}
