//! One start and stop of a probe, and what can be done to the ring in between.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use pvcam_sys as sys;

use super::memory::ProbeRing;
use super::run::{ProbeRun, Tally};
use crate::camera::Device;
use crate::error::{ProbeError, StartError, StopError};
use crate::param::Link;
use crate::session::Run;

/// How long a step waits at least, whatever the frame time.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);
/// How much longer a step waits for frames that must come, as long as the camera does not say that it has stopped: machines are
/// busy, and links pause.
const STALL: Duration = Duration::from_secs(2);
/// How long callbacks may take to leave after the abort.
const DRAIN: Duration = Duration::from_secs(2);

/// A ring that is being filled.
pub(super) struct Bench<'a> {
    device: &'a Device,
    pub(super) ring: ProbeRing,
    tally: Arc<Tally>,
    frame_time: Duration,
}

impl<'a> Bench<'a> {
    /// Starts the acquisition that was set up.
    pub(super) fn start(
        device: &'a Device,
        slot_bytes: u32,
        slots: u32,
        frame_time: Duration,
    ) -> Result<Self, ProbeError> {
        let ring =
            ProbeRing::new(slot_bytes, slots).ok_or(ProbeError::Unclear("no memory for a small ring"))?;
        let tally = Arc::new(Tally::default());
        device.context.attach(Box::new(Run::Probe(ProbeRun { tally: Arc::clone(&tally) })));
        let started = device.link.call("pl_exp_start_cont", |api, handle| {
            // SAFETY: the ring has so many bytes, and is freed only after a clean stop.
            unsafe { (api.pl_exp_start_cont)(handle, ring.pointer().cast(), ring.bytes()) }
        });
        let bench = Self { device, ring, tally, frame_time };
        match started {
            Ok(()) => Ok(bench),
            Err(failure) => {
                let tried = vec![slots];
                bench.end()?;
                Err(StartError::Refused { failure, tried }.into())
            }
        }
    }

    fn link(&self) -> &Link {
        &self.device.link
    }

    /// Time in which `frames` frames come for certain, if they come at all.
    fn patience(&self, frames: u64) -> Duration {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        self.frame_time
            .saturating_mul(frames.saturating_add(2))
            .saturating_mul(2)
            .saturating_add(LEAST_PATIENCE)
    }

    pub(super) fn announced(&self) -> u64 {
        self.tally.frames()
    }

    pub(super) fn newest(&self) -> u64 {
        self.tally.newest()
    }

    /// Waits until `frames` frames were announced since the start, for as long as they would take. Whether they were.
    pub(super) fn reaches(&self, frames: u64) -> bool {
        let missing = frames.saturating_sub(self.announced());
        self.within(frames, self.patience(missing))
    }

    /// As [`Self::reaches`], bearing with a stall of a camera that has not stopped.
    pub(super) fn comes_to(&self, frames: u64) -> bool {
        self.reaches(frames) || !self.has_died() && self.within(frames, STALL)
    }

    /// Whether a frame is announced while a few more are exposed: on a full ring that honours locks none is.
    pub(super) fn passes(&self, frames: u64) -> bool {
        self.within(frames + 1, self.frame_time.saturating_mul(3))
    }

    fn within(&self, frames: u64, patience: Duration) -> bool {
        self.tally.wait_for(frames, Instant::now() + patience) >= frames
    }

    /// As [`Self::comes_to`], for frames without which the probe cannot go on. Also of a camera that has stopped: on a busy machine it may have
    /// filled a ring that halts before the first callback had its turn.
    pub(super) fn needs(&self, frames: u64) -> Result<(), ProbeError> {
        let begun = Instant::now();
        if self.reaches(frames) || self.within(frames, STALL) {
            return Ok(());
        }
        Err(ProbeError::NoFrames { waited: begun.elapsed(), needed: frames, got: self.announced() })
    }

    /// Unlocks the oldest slot; `get`: after asking for its frame.
    pub(super) fn unlock(&self, get: bool) {
        let (mut frame, mut info): (*mut c_void, _) = (null_mut(), sys::FRAME_INFO::default());
        if get {
            let got = self.link().call("pl_exp_get_oldest_frame_ex", |api, handle| {
                // SAFETY: both pointers are to live values of the types that the call fills.
                unsafe { (api.pl_exp_get_oldest_frame_ex)(handle, &mut frame, &mut info) }
            });
            tracing::debug!(?got, "oldest frame");
        }
        // SAFETY: a plain number.
        let unlocked = self.link().call("pl_exp_unlock_oldest_frame", |api, handle| unsafe {
            (api.pl_exp_unlock_oldest_frame)(handle)
        });
        // What it did is seen in the ring, whatever it answers.
        tracing::debug!(?unlocked, "unlock");
    }

    /// Whether the camera says that it is not acquiring any more.
    pub(super) fn has_died(&self) -> bool {
        let (mut status, mut bytes, mut passes) = (0, 0, 0);
        let asked = self.link().call("pl_exp_check_cont_status", |api, handle| {
            // SAFETY: all pointers are to live values of the types that the call fills.
            unsafe { (api.pl_exp_check_cont_status)(handle, &mut status, &mut bytes, &mut passes) }
        });
        asked.is_err() || [sys::READOUT_NOT_ACTIVE, sys::READOUT_FAILED].contains(&status.into())
    }

    /// Stops, and frees the ring.
    pub(super) fn end(self) -> Result<(), ProbeError> {
        // SAFETY: plain numbers; legal at any time.
        let aborted = self
            .link()
            .call("pl_exp_abort", |api, handle| unsafe { (api.pl_exp_abort)(handle, sys::CCS_HALT as i16) });
        let detached = self.device.context.detach(Instant::now() + DRAIN);
        if aborted.is_ok() && detached.is_some() {
            // SAFETY: the SDK has confirmed the abort, and no callback is inside.
            unsafe { self.ring.free() };
            return Ok(());
        }
        self.device.poison();
        let drained = detached.is_some();
        let books = Box::default();
        Err(ProbeError::Stop(Box::new(StopError::Incomplete { failure: aborted.err(), drained, books })))
    }
}
