//! The callback of a probe: it counts, and nothing else.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use frame_pool::Doorbell;
use pvcam_sys::FRAME_INFO;

/// What the probing thread learns of the callbacks.
#[derive(Default)]
pub(crate) struct Tally {
    frames: AtomicU64,
    newest: AtomicU64,
    bell: Doorbell,
}

impl Tally {
    /// Frames announced.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }

    /// The highest frame number announced.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// Waits until `frames` were announced. How many were, at the latest at the deadline.
    pub(super) fn wait_for(&self, frames: u64, deadline: Instant) -> u64 {
        loop {
            let ticket = self.bell.listen();
            let now = self.frames();
            if now >= frames || !self.bell.wait(ticket, Some(deadline)) {
                return self.frames();
            }
        }
    }
}

/// A run that only counts.
pub(crate) struct ProbeRun {
    pub(super) tally: Arc<Tally>,
}

impl ProbeRun {
    pub(crate) fn end_of_frame(&self, info: &FRAME_INFO) {
        self.tally.newest.fetch_max(u64::try_from(info.FrameNr).unwrap_or(0), Ordering::Release);
        self.tally.frames.fetch_add(1, Ordering::Release);
        self.tally.bell.ring();
    }
}
