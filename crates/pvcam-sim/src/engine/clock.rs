//! The camera's own clock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::config::Clock;

/// Nanoseconds since the camera was powered up; on the stepped clock, of camera time that steps added up.
#[derive(Debug)]
pub(crate) struct CameraClock {
    power_up: Instant,
    /// Where the metadata's timestamps count from.
    reset_ns: AtomicU64,
    /// Time that steps have added.
    stepped_ns: AtomicU64,
    /// Whether steps pace the camera; changes only while it is idle.
    stepped: AtomicBool,
}

impl CameraClock {
    /// A clock that starts now.
    pub(crate) fn new(paced_by: Clock) -> Self {
        Self {
            power_up: Instant::now(),
            reset_ns: AtomicU64::new(0),
            stepped_ns: AtomicU64::new(0),
            stepped: AtomicBool::new(paced_by == Clock::Stepped),
        }
    }

    /// Whether steps pace the camera.
    pub(crate) fn is_stepped(&self) -> bool {
        self.stepped.load(Ordering::Relaxed)
    }

    /// Chooses what paces the next acquisition; returns whether it was steps.
    pub(crate) fn choose(&self, stepped: bool) -> bool {
        self.stepped.swap(stepped, Ordering::Relaxed)
    }

    /// Time of `instant` since power-up, in nanoseconds.
    pub(crate) fn at(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.power_up).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The stepped time.
    pub(crate) fn stepped_ns(&self) -> u64 {
        self.stepped_ns.load(Ordering::Relaxed)
    }

    /// Moves the stepped time on; it never goes back.
    pub(crate) fn go_on_to(&self, nanoseconds: u64) {
        self.stepped_ns.fetch_max(nanoseconds, Ordering::Relaxed);
    }

    /// Makes the metadata's timestamps count from now.
    pub(crate) fn reset(&self) {
        let now = if self.is_stepped() { self.stepped_ns() } else { self.at(Instant::now()) };
        self.reset_ns.store(now, Ordering::Relaxed);
    }

    /// What the metadata says for a time since power-up.
    pub(crate) fn stamp(&self, since_power_up_ns: u64) -> u64 {
        since_power_up_ns.saturating_sub(self.reset_ns.load(Ordering::Relaxed))
    }
}
