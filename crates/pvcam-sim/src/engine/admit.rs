//! What becomes of the frame that the camera has just exposed: its numbers, its slot, its notification.

use super::Core;
use super::plan::Mode;
use super::run::{Arrived, Job, Notice, Phase, Run, Tear};
use super::stats::count;
use crate::abi::constants::{CIRC_NO_OVERWRITE, PL_CALLBACK_CAM_REMOVED};
use crate::config::Story;
use std::sync::atomic::Ordering;

/// A frame that goes into a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    pub(super) slot: u32,
    pub(super) camera_number: u32,
    pub(super) frame_nr: u32,
}

impl Run {
    /// Numbers the frame and finds its slot; `None` when it never reaches the buffer.
    pub(super) fn admit(&mut self, core: &Core, job: &Job) -> Option<Admitted> {
        self.exposed += 1;
        self.exposing = None;
        count(&core.stats.produced);
        let camera_number = self.exposed;
        if self.faults.lose_in_camera.contains(&camera_number) {
            return None;
        }
        self.numbered += 1;
        let frame_nr = self.numbered;
        if self.faults.lose_before_host.contains(&frame_nr) {
            self.after_frame(core, job, frame_nr);
            return None;
        }
        if !self.make_room(core, job) {
            return None;
        }
        let slot = u32::try_from(self.stored % u64::from(job.buffer.slots)).unwrap_or(0);
        Some(Admitted { slot, camera_number, frame_nr })
    }

    /// Applies the ring mode when every slot is taken; false when the frame finds no place.
    fn make_room(&mut self, core: &Core, job: &Job) -> bool {
        if self.occupied() < u64::from(job.buffer.slots) {
            return true;
        }
        let locking = matches!(job.plan.mode, Mode::Continuous(mode) if i32::from(mode) == CIRC_NO_OVERWRITE);
        match self.story {
            _ if !locking => {
                self.oldest += 1;
                true
            }
            Story::FlagError => {
                self.oldest += 1;
                self.overrun = true;
                count(&core.stats.overruns);
                true
            }
            Story::Lossy => {
                count(&core.stats.ring_full_drops);
                if core.config.frame_nr_counts_lost {
                    self.after_frame(core, job, self.numbered);
                } else {
                    self.numbered -= 1;
                }
                false
            }
            Story::Halt => {
                self.end(Phase::Died);
                false
            }
        }
    }

    /// The frame is in its slot: everybody may know.
    pub(super) fn publish(&mut self, core: &Core, job: &Job, admitted: Admitted, arrived: Arrived) {
        self.stored += 1;
        self.slots[admitted.slot as usize] = arrived;
        self.latest = Some(arrived);
        self.fresh = true;
        count(&core.stats.written);
        if self.has_frame_handler() {
            let lost = self.faults.drop_notification.contains(&admitted.frame_nr);
            if lost || self.queue.len() >= self.queue_limit {
                count(&core.stats.notifications_dropped);
            } else {
                self.queue.push_back(Notice::Frame(arrived));
            }
        }
        if let Some(burst) = self.faults.late_burst {
            let last = burst.at.saturating_add(burst.frames).saturating_sub(1);
            self.hold = (burst.at..last).contains(&admitted.frame_nr);
        }
        if self.faults.torn.contains(&admitted.frame_nr) {
            let camera_number = admitted.camera_number.wrapping_add(job.buffer.slots);
            self.tear = Some(Tear { slot: admitted.slot, camera_number });
        }
        self.after_frame(core, job, admitted.frame_nr);
    }

    /// Ends the acquisition if this was the frame to end it.
    fn after_frame(&mut self, core: &Core, job: &Job, frame_nr: u32) {
        if self.faults.unplug_after == Some(frame_nr) {
            core.removed.store(true, Ordering::Release);
            if self.handlers[PL_CALLBACK_CAM_REMOVED as usize].is_some() {
                self.queue.push_back(Notice::Removed(self.latest.unwrap_or_default()));
            }
            self.end(Phase::Died);
        } else if self.faults.silent_stop_after == Some(frame_nr) {
            self.end(Phase::Died);
        } else if job.last_frame() == Some(frame_nr) {
            self.end(Phase::Complete);
        }
    }
}
