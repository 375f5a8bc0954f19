//! The state that the camera's two threads and its callers share, under one lock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::callbacks::Handler;
use super::core::Knobs;
use super::plan::{Buffer, Mode, Plan};
use super::pulses::Pulses;
use super::timeline::Exposure;
use crate::abi::constants::*;
use crate::abi::types::FrameInfo;
use crate::config::{Faults, Story, Train};
use crate::model::Timing;

/// Notices that wait at most, however many slots a ring has.
const QUEUE_LIMIT: usize = 65_536;

/// Where an acquisition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing started, or stopped.
    Idle,
    Running,
    /// A sequence ended by itself.
    Complete,
    /// The stream ended without being asked to.
    Died,
}

/// One acquisition.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) generation: u64,
    pub(crate) plan: Arc<Plan>,
    /// The times of its frames, but for those that a list of exposures has.
    pub(crate) timing: Timing,
    pub(crate) buffer: Buffer,
    /// Set when its generation is closed: the writer, which paints without the lock, then gives its frame up.
    pub(super) stopped: Arc<AtomicBool>,
}

/// A frame that is in the buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) info: FrameInfo,
    /// Address of its slot.
    pub(crate) address: usize,
}

/// Something to call the client back for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Notice {
    Frame(Arrived),
    Removed(Arrived),
}

/// A slot that is to be overwritten while it is in use (an injected fault).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tear {
    pub(crate) slot: u32,
    pub(crate) camera_number: u32,
}

/// An exposure under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Underway {
    pub(super) exposure: Exposure,
    /// When its frame will have arrived.
    pub(super) eof: Instant,
    pub(super) readout: Duration,
}

/// The shared state.
pub(crate) struct Run {
    /// Goes up with every start and stop.
    pub(crate) generation: u64,
    pub(crate) phase: Phase,
    pub(crate) job: Option<Arc<Job>>,
    /// Generation whose frame is being written right now.
    pub(crate) writing: Option<u64>,
    /// The camera is being closed.
    pub(crate) exit: bool,

    /// Frames exposed: the camera's own counter.
    pub(crate) exposed: u32,
    /// Frames numbered by the host: `FrameNr`.
    pub(crate) numbered: u32,
    /// Frames written into the buffer.
    pub(crate) stored: u64,
    /// The oldest stored frame that was not unlocked; `stored` when there is none.
    pub(crate) oldest: u64,
    /// What each slot holds.
    pub(crate) slots: Vec<Arrived>,
    pub(crate) latest: Option<Arrived>,
    /// A slot was overwritten before it was unlocked; not reported yet.
    pub(crate) overrun: bool,
    /// A frame arrived since the status was last asked for.
    pub(crate) fresh: bool,
    /// When the acquisition began.
    pub(super) began: Instant,
    pub(super) pulses: Pulses,
    /// The first trigger came, or none was asked for.
    pub(crate) triggered: bool,
    /// The exposure under way (not on the stepped clock, where it is over as soon as it begins).
    pub(super) exposing: Option<Underway>,
    pub(crate) tear: Option<Tear>,
    /// The step asks for the tear without another frame.
    pub(crate) tear_now: bool,

    pub(crate) handlers: [Option<Handler>; PL_CALLBACK_MAX as usize],
    pub(crate) queue: VecDeque<Notice>,
    pub(crate) queue_limit: usize,
    /// Notices wait together for a late burst.
    pub(crate) hold: bool,
    pub(crate) in_callback: bool,
    /// Callbacks that returned, of any kind.
    pub(crate) callbacks_done: u64,

    /// Frames that steps still want.
    pub(crate) tokens: u32,

    /// What the trigger input sees, from each start on.
    pub(crate) script: Arc<[Train]>,
    pub(crate) story: Story,
    pub(crate) faults: Faults,
    /// Starts that were refused.
    pub(crate) refused: u32,
}

impl Run {
    pub(super) fn new(knobs: &Knobs) -> Self {
        Self {
            generation: 0,
            phase: Phase::Idle,
            job: None,
            writing: None,
            exit: false,
            exposed: 0,
            numbered: 0,
            stored: 0,
            oldest: 0,
            slots: Vec::new(),
            latest: None,
            overrun: false,
            fresh: false,
            began: Instant::now(),
            pulses: Pulses::new(Arc::clone(&knobs.script)),
            triggered: false,
            exposing: None,
            tear: None,
            tear_now: false,
            handlers: [None; PL_CALLBACK_MAX as usize],
            queue: VecDeque::new(),
            queue_limit: 0,
            hold: false,
            in_callback: false,
            callbacks_done: 0,
            tokens: 0,
            script: Arc::clone(&knobs.script),
            story: knobs.story,
            faults: knobs.faults.clone(),
            refused: 0,
        }
    }

    /// The code with which this start is refused, if a fault says so.
    pub(super) fn refusal(&mut self) -> Option<i16> {
        if self.refused >= self.faults.refuse_start {
            return None;
        }
        self.refused += 1;
        Some(self.faults.start_error.unwrap_or(PL_ERR_DDI_DEVICE_IOCTL_FAILED))
    }

    /// Opens a generation. All memory that the acquisition needs is allocated here.
    pub(super) fn begin(&mut self, plan: Arc<Plan>, timing: Timing, buffer: Buffer) {
        self.generation += 1;
        self.phase = Phase::Running;
        self.exposed = 0;
        self.numbered = 0;
        self.stored = 0;
        self.oldest = 0;
        self.latest = None;
        self.overrun = false;
        self.fresh = false;
        self.clear_pending();
        self.began = Instant::now();
        self.pulses.rewind(&self.script);
        self.slots.clear();
        self.slots.resize(buffer.slots as usize, Arrived::default());
        self.queue_limit = (buffer.slots as usize).min(QUEUE_LIMIT);
        self.queue.clear();
        self.queue.reserve(self.queue_limit + 1);
        self.job = Some(Arc::new(Job {
            generation: self.generation,
            plan,
            timing,
            buffer,
            stopped: Arc::default(),
        }));
    }

    /// Closes the generation, from whatever side.
    pub(super) fn end(&mut self, phase: Phase) {
        self.phase = phase;
        if let Some(job) = &self.job {
            job.stopped.store(true, Ordering::Relaxed);
        }
        self.hold = false;
        self.exposing = None;
        self.tokens = 0;
    }

    /// Forgets triggers, steps and tears; the trigger script starts over.
    pub(super) fn clear_pending(&mut self) {
        self.hold = false;
        self.exposing = None;
        self.pulses.rewind(&self.script);
        self.triggered = false;
        self.tokens = 0;
        self.tear = None;
        self.tear_now = false;
    }

    /// True while `job` is the acquisition that runs.
    pub(super) fn is_current(&self, job: &Job) -> bool {
        self.phase == Phase::Running && self.generation == job.generation && !self.exit
    }

    /// True when the acquisition goes on with another plan than `job` has.
    pub(super) fn has_newer(&self, job: &Job) -> bool {
        self.job.as_deref().is_some_and(|now| !std::ptr::eq(now, job) && now.generation == job.generation)
    }

    /// Slots that hold a frame nobody unlocked.
    pub(super) fn occupied(&self) -> u64 {
        self.stored - self.oldest
    }

    /// True when somebody wants to hear of frames.
    pub(super) fn has_frame_handler(&self) -> bool {
        self.handlers[PL_CALLBACK_EOF as usize].is_some() || self.handlers[PL_CALLBACK_BOF as usize].is_some()
    }

    /// The next notice that may go out.
    pub(super) fn take_notice(&mut self) -> Option<Notice> {
        if self.hold { None } else { self.queue.pop_front() }
    }

    /// True when no callback runs and none is due.
    pub(super) fn callbacks_idle(&self) -> bool {
        !self.in_callback && (self.hold || self.queue.is_empty())
    }
}

impl Job {
    /// The times of a frame, by how many were exposed before it.
    pub(super) fn timing_of(&self, exposed_before: u32) -> Timing {
        let turns = &self.plan.turns;
        match u32::try_from(turns.len()) {
            Ok(count) if count > 0 => turns[(exposed_before % count) as usize],
            _ => self.timing,
        }
    }

    /// The number of frames after which a sequence ends.
    pub(super) fn last_frame(&self) -> Option<u32> {
        match self.plan.mode {
            Mode::Sequence(frames) => Some(frames.into()),
            Mode::Continuous(_) => None,
        }
    }
}
