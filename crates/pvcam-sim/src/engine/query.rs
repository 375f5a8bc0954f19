//! What retrieval calls see.

use super::callbacks::current_frame;
use super::run::{Arrived, Job, Phase};
use super::{Engine, Mode};
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use std::time::Instant;

/// Answer of the status calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Status {
    /// `PL_IMAGE_STATUSES` value.
    pub(crate) code: i16,
    /// Bytes of the current pass through the buffer.
    pub(crate) bytes: u32,
    /// Completed passes through the buffer.
    pub(crate) passes: u32,
    /// The newest frame, all zero when there is none.
    pub(crate) latest: Arrived,
}

impl Engine {
    /// How the acquisition stands. A frame is reported as available once.
    pub(crate) fn status(&self) -> Status {
        let mut run = self.run.lock();
        let fresh = std::mem::take(&mut run.fresh);
        let reading = run.exposing.is_some_and(|underway| Instant::now() + underway.readout >= underway.eof);
        let continuous = run.job.as_ref().is_some_and(|job| matches!(job.plan.mode, Mode::Continuous(_)));
        let code = match run.phase {
            Phase::Idle | Phase::Died => READOUT_NOT_ACTIVE,
            // A frame lost on the way leaves the host waiting for a sequence that the camera has finished.
            Phase::Complete if run.stored < u64::from(run.numbered) => READOUT_IN_PROGRESS,
            Phase::Complete => READOUT_COMPLETE,
            Phase::Running if fresh && continuous => FRAME_AVAILABLE,
            Phase::Running if reading => READOUT_IN_PROGRESS,
            Phase::Running => EXPOSURE_IN_PROGRESS,
        };
        let mut status = Status {
            code: i16::try_from(code).unwrap_or(0),
            latest: run.latest.unwrap_or_default(),
            ..Status::default()
        };
        if let Some(job) = &run.job {
            (status.bytes, status.passes) = progress(job, run.stored);
        }
        status
    }

    /// The newest frame; inside a callback, the frame of that callback.
    pub(crate) fn latest(&self) -> Outcome<Arrived> {
        self.report_overrun()?;
        if let Some(arrived) = current_frame(self.core.index) {
            return Ok(arrived);
        }
        Ok(self.run.lock().latest.ok_or(PL_ERR_DATA_NOT_AVAILABLE_YET)?)
    }

    /// The oldest frame that was not unlocked.
    pub(crate) fn oldest(&self) -> Outcome<Arrived> {
        self.report_overrun()?;
        let run = self.run.lock();
        if run.occupied() == 0 {
            return Err(PL_ERR_DATA_NOT_AVAILABLE_YET.into());
        }
        let slot = run.oldest % run.slots.len() as u64;
        Ok(run.slots[usize::try_from(slot).unwrap_or(0)])
    }

    /// Frees the oldest slot; fine when there is none.
    pub(crate) fn unlock_oldest(&self) {
        let mut run = self.run.lock();
        if run.occupied() > 0 {
            run.oldest += 1;
            super::stats::count(&self.core.stats.unlocks);
        }
    }

    /// An overrun is told once.
    fn report_overrun(&self) -> Outcome {
        if std::mem::take(&mut self.run.lock().overrun) {
            return Err(PL_ERR_BUFFER_OVERRUN.into());
        }
        Ok(())
    }
}

/// Bytes of the current pass and number of completed passes; a sequence is one single pass.
fn progress(job: &Job, stored: u64) -> (u32, u32) {
    let slots = u64::from(job.buffer.slots);
    let (frames, passes) = match job.plan.mode {
        Mode::Sequence(_) => (stored, 0),
        Mode::Continuous(_) => (stored % slots, stored / slots),
    };
    let bytes = frames * u64::from(job.plan.frame_bytes);
    (u32::try_from(bytes).unwrap_or(u32::MAX), u32::try_from(passes).unwrap_or(u32::MAX))
}
