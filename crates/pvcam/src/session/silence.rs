//! A run of which nothing is heard: what can be done about it, and what is the matter. Asked by whose wait was in vain, a reader or the
//! owner of the session.

use std::sync::Arc;

use frame_pool::Stream;
use pvcam_sys as sys;

use super::context::Context;
use super::missed::announce_missed;
use super::pulse::Pulse;
use super::status::{Status, ask, cause};
use crate::arm::{RingMode, Settings};
use crate::error::TimeoutCause;
use crate::holders::Watch;
use crate::param::Link;

pub(crate) struct Silence<'a> {
    /// `None`: the library is not loaded any more.
    pub(crate) link: Option<Link>,
    pub(crate) settings: &'a Settings,
    pub(crate) stream: &'a Stream,
    pub(crate) pulse: &'a Arc<Pulse>,
    pub(crate) context: &'a Context,
    pub(crate) watch: &'a Watch,
}

impl Silence<'_> {
    /// Whether it has been silent for longer than a frame can take.
    fn is_overdue(&self) -> bool {
        self.pulse.silence() > self.settings.patience()
    }

    fn locks(&self) -> bool {
        self.settings.ring_mode == RingMode::NoOverwrite
    }

    /// Whether the camera waits for a slot, not we for the camera.
    fn ring_is_full(&self) -> bool {
        self.locks() && self.stream.occupied() >= self.settings.ring_slots
    }

    /// A ring whose notifications were all lost waits for unlocks as readers wait for notifications: its newest frame is announced, which
    /// goes to the sink.
    pub(crate) fn look_for_missed(&self) {
        if self.locks()
            && !self.context.is_removed()
            && self.is_overdue()
            && let Some(link) = &self.link
        {
            announce_missed(link, self.pulse, self.context);
        }
    }

    /// What the camera says; `None`: it is gone. A sequence that it has sent long ago counts as told to the end.
    pub(crate) fn status(&self) -> Option<Status> {
        if self.context.is_removed() {
            return None;
        }
        let sequence = self.settings.frames.is_some();
        let status = self.link.as_ref().map_or(Status::Over, |link| ask(link, self.pulse, sequence));
        if sequence && self.is_overdue() && status == Status::Is(sys::READOUT_COMPLETE as i16) {
            // The camera has sent them all long ago; who was not announced by now will not be.
            self.pulse.set_exhausted();
        }
        Some(status)
    }

    /// What is the matter.
    pub(crate) fn cause(&self, status: Option<Status>) -> TimeoutCause {
        let Some(status) = status else { return TimeoutCause::CameraGone { failure: None } };
        match cause(status, self.is_overdue()) {
            TimeoutCause::Slow | TimeoutCause::NoTrigger if self.ring_is_full() => {
                TimeoutCause::RingFull { by: self.watch.held_by() }
            }
            other => other,
        }
    }
}
