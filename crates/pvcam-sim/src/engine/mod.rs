//! The acquisition machine of one open camera: a writer thread that plays the camera, and a callback thread.
//!
//! Both live as long as the camera is open, so that starting and stopping spawn nothing. They share [`Run`]
//! under one lock that is held neither while pixels are written nor while a client's callback runs. Every
//! start and stop opens a new *generation*; what belongs to an older one is never published or called back.

mod admit;
mod callbacks;
mod clock;
mod core;
mod plan;
mod pulses;
mod query;
mod run;
mod schedule;
mod stats;
mod step;
mod stop;
mod timeline;
mod writer;

pub(crate) use callbacks::{Form, Handler};
pub(crate) use core::Core;
pub(crate) use plan::{Buffer, Mode, Plan, Trigger};
use run::Job;
pub(crate) use run::{Arrived, Phase, Run};
pub use stats::PvcamSimStats;

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::abi::constants::*;
use crate::abi::error::{Failure, Outcome};
use crate::model::Timing;

/// One open camera.
pub(crate) struct Engine {
    pub(crate) core: Arc<Core>,
    pub(crate) run: Mutex<Run>,
    /// The writer waits here for its next deed.
    writer_wake: Condvar,
    /// The callback thread waits here for notices.
    callback_wake: Condvar,
    /// Everybody else waits here: for the writer to be quiet, a callback to return, a step to be done.
    changed: Condvar,
    /// One step call at a time.
    step_turn: Mutex<()>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    /// Opens the camera: starts its two threads.
    pub(crate) fn open(core: Arc<Core>) -> Outcome<Arc<Self>> {
        let run = Run::new(&core.knobs.lock());
        let engine = Arc::new(Self {
            core,
            run: Mutex::new(run),
            writer_wake: Condvar::new(),
            callback_wake: Condvar::new(),
            changed: Condvar::new(),
            step_turn: Mutex::new(()),
            threads: Mutex::new(Vec::new()),
        });
        let spawned =
            engine.spawn('w', writer::write_frames).and_then(|()| engine.spawn('c', callbacks::call_back));
        if let Err(error) = spawned {
            engine.close();
            return Err(Failure::with_detail(PL_ERR_INSUFFICIENT_RESOURCES, error.to_string()));
        }
        Ok(engine)
    }

    fn spawn(self: &Arc<Self>, role: char, body: fn(&Self)) -> std::io::Result<()> {
        let engine = Arc::clone(self);
        let name = format!("PVCAMSIM-{role}{}", self.core.index);
        let thread = std::thread::Builder::new().name(name).spawn(move || body(&engine))?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Begins an acquisition into `buffer`, with these times.
    pub(crate) fn start(&self, plan: Arc<Plan>, timing: Timing, buffer: Buffer) -> Outcome {
        let mut run = self.run.lock();
        if run.phase == Phase::Running {
            return Err(PL_ERR_STATE_INVALID.into());
        }
        if let Some(code) = run.refusal() {
            return Err(Failure::with_detail(code, "this start is refused by a configured fault"));
        }
        run.begin(plan, timing, buffer);
        self.core.stats.begin_acquisition();
        self.writer_wake.notify_all();
        Ok(())
    }

    /// Goes on with another plan for the same buffer, from the next exposure on.
    pub(crate) fn adopt(&self, plan: Arc<Plan>, timing: Timing) {
        let mut run = self.run.lock();
        if let Some(job) = run.job.clone().filter(|_| run.phase == Phase::Running) {
            let Job { generation, buffer, .. } = *job;
            // A stop reaches the writer through whichever of the two it is at.
            let stopped = Arc::clone(&job.stopped);
            run.job = Some(Arc::new(Job { generation, plan, timing, buffer, stopped }));
            self.writer_wake.notify_all();
        }
    }

    /// Forgets an acquisition that has ended by itself: a new setup has taken its place.
    pub(crate) fn forget_ended(&self) {
        let mut run = self.run.lock();
        if matches!(run.phase, Phase::Complete | Phase::Died) {
            run.phase = Phase::Idle;
            run.job = None;
            run.latest = None;
            run.oldest = run.stored;
        }
    }

    /// Pulses on the external trigger input, `count` of them, each high for so long. They queue up; false when no
    /// acquisition listens, or too many wait.
    pub(crate) fn external_pulses(&self, count: u32, high_ns: u64) -> bool {
        let mut run = self.run.lock();
        let listening =
            run.phase == Phase::Running && run.job.as_ref().is_some_and(|job| job.plan.trigger.takes_edges());
        let taken = listening && run.pulses.send(count, high_ns);
        self.writer_wake.notify_all();
        taken
    }

    /// A software trigger; `Ok(false)` when the camera is busy and ignores it.
    pub(crate) fn software_trigger(&self) -> Outcome<bool> {
        let mut run = self.run.lock();
        let Some(job) = run.job.as_ref().filter(|_| run.phase == Phase::Running) else {
            return Err(PL_ERR_STATE_INVALID.into());
        };
        match job.plan.trigger {
            Trigger::SoftwareEdge if run.exposing.is_some() || run.pulses.is_waiting() => return Ok(false),
            Trigger::SoftwareFirst if run.triggered || run.pulses.is_waiting() => return Ok(false),
            Trigger::SoftwareEdge | Trigger::SoftwareFirst => {}
            _ => return Err(PL_ERR_CONFIGURATION_INVALID.into()),
        }
        run.pulses.send(1, 0);
        self.writer_wake.notify_all();
        Ok(true)
    }

    /// True while frames are being acquired.
    pub(crate) fn is_running(&self) -> bool {
        self.run.lock().phase == Phase::Running
    }

    /// Ends the stream without a word, as a command to the camera does.
    pub(crate) fn kill_stream(&self) {
        let mut run = self.run.lock();
        if run.phase == Phase::Running {
            run.end(Phase::Died);
            self.writer_wake.notify_all();
            self.callback_wake.notify_all();
            self.changed.notify_all();
        }
    }
}
