//! The writer thread: it plays the sensor, the link and the DMA.

use std::sync::Arc;

use parking_lot::MutexGuard;

use super::admit::Admitted;
use super::run::{Arrived, Job, Phase, Run};
use super::schedule::{Moments, Schedule};
use super::{Core, Engine};
use crate::abi::types::FrameInfo;
use crate::scene::{FrameFacts, RowBuffer, SlotWriter};

/// Nanoseconds per unit of the times in `FRAME_INFO`.
const TICK_NS: u64 = 100_000;

/// Body of the thread.
pub(super) fn write_frames(engine: &Engine) {
    sharpen_timer();
    let mut run = engine.run.lock();
    while !run.exit {
        match run.job.clone().filter(|job| run.is_current(job)) {
            Some(job) => acquire(engine, &mut run, &job),
            None => engine.writer_wake.wait(&mut run),
        }
    }
}

/// Waits may end 50 us late by default; a camera's clock is better than that.
fn sharpen_timer() {
    #[cfg(target_os = "linux")]
    // SAFETY: this prctl changes how late the kernel may end this thread's own waits, nothing else.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong);
    }
}

/// One acquisition, from start to end.
fn acquire(engine: &Engine, run: &mut MutexGuard<'_, Run>, job: &Arc<Job>) {
    let mut schedule = Schedule::new(&engine.core, run);
    let mut job = Arc::clone(job);
    let mut rows = MutexGuard::unlocked(run, || job.plan.painter.row_buffer());
    while run.is_current(&job) {
        if let Some(newer) = run.job.clone().filter(|_| run.has_newer(&job)) {
            job = newer;
            rows = MutexGuard::unlocked(run, || job.plan.painter.row_buffer());
        }
        let job = &*job;
        let turn = schedule.wait(&engine.core, run, &engine.writer_wake, job);
        if !run.is_current(job) {
            break;
        }
        tear(engine, run, job, &mut rows);
        if let Some(moments) = turn
            && run.is_current(job)
            && let Some(admitted) = run.admit(&engine.core, job)
        {
            store(engine, run, job, admitted, moments, &mut rows);
        }
        engine.callback_wake.notify_one();
        engine.changed.notify_all();
    }
}

/// Writes an admitted frame and tells everybody, unless the acquisition was stopped meanwhile.
fn store(
    engine: &Engine,
    run: &mut MutexGuard<'_, Run>,
    job: &Job,
    admitted: Admitted,
    moments: Moments,
    rows: &mut RowBuffer,
) {
    let half_early = run.faults.torn_early.contains(&admitted.frame_nr);
    let facts = facts(&engine.core, admitted.camera_number, moments);
    let bytes = job.plan.frame_bytes as usize;
    paint(engine, run, job, |job| {
        write(job, admitted.slot, bytes, &facts, rows);
        if half_early {
            let camera_number = admitted.camera_number.wrapping_add(job.buffer.slots);
            write(job, admitted.slot, bytes / 2, &FrameFacts { camera_number, ..facts }, rows);
        }
    });
    // A stop during the writing waited for it; the frame is then discarded like everything in flight.
    if run.generation == job.generation && run.phase == Phase::Running {
        let arrived = Arrived {
            info: info(&engine.core, admitted.frame_nr, moments),
            address: job.buffer.slot(admitted.slot, job.plan.frame_bytes) as usize,
        };
        run.publish(&engine.core, job, admitted, arrived);
    }
}

/// Overwrites the first half of a slot that is in use, if a fault asked for it.
fn tear(engine: &Engine, run: &mut MutexGuard<'_, Run>, job: &Job, rows: &mut RowBuffer) {
    if let Some(tear) = run.tear.take() {
        run.tear_now = false;
        let now = engine.core.clock.at(std::time::Instant::now());
        let facts = facts(
            &engine.core,
            tear.camera_number,
            Moments { bof_ns: now, eof_ns: now, exposure_ns: job.timing.exposure_ns },
        );
        let half = job.plan.frame_bytes as usize / 2;
        paint(engine, run, job, |job| write(job, tear.slot, half, &facts, rows));
    }
}

/// Runs `deed`, which writes into the client's buffer, without the lock; stops wait for it.
fn paint(engine: &Engine, run: &mut MutexGuard<'_, Run>, job: &Job, deed: impl FnOnce(&Job)) {
    let writing = Writing::begin(engine, run, job.generation);
    MutexGuard::unlocked(writing.run, || deed(job));
}

/// Tells stops that there is writing to wait for, until it goes; a panic ends the writing too.
struct Writing<'w, 'g> {
    engine: &'w Engine,
    run: &'w mut MutexGuard<'g, Run>,
}

impl<'w, 'g> Writing<'w, 'g> {
    fn begin(engine: &'w Engine, run: &'w mut MutexGuard<'g, Run>, generation: u64) -> Self {
        run.writing = Some(generation);
        Self { engine, run }
    }
}

impl Drop for Writing<'_, '_> {
    fn drop(&mut self) {
        self.run.writing = None;
        if std::thread::panicking() && self.run.phase == Phase::Running {
            // Nobody is left to write the rest.
            self.run.end(Phase::Died);
        }
        self.engine.changed.notify_all();
    }
}

fn write(job: &Job, slot: u32, bytes: usize, facts: &FrameFacts, rows: &mut RowBuffer) {
    let start = job.buffer.slot(slot, job.plan.frame_bytes);
    // SAFETY: the client promised slots x frame_bytes writable bytes until a stop returns; `slot` is below the
    // number of slots, `bytes` at most a frame, and every stop waits until `Run::writing` is cleared.
    let mut writer = unsafe { SlotWriter::new(start, bytes) };
    job.plan.painter.paint(&mut writer, facts, rows, &job.stopped);
}

fn facts(core: &Core, camera_number: u32, moments: Moments) -> FrameFacts {
    FrameFacts {
        camera_number,
        bof_ns: core.clock.stamp(moments.bof_ns),
        eof_ns: core.clock.stamp(moments.eof_ns),
        exposure_ns: moments.exposure_ns,
    }
}

fn info(core: &Core, frame_nr: u32, moments: Moments) -> FrameInfo {
    let ticks = |nanoseconds: u64| i64::try_from(nanoseconds / TICK_NS).unwrap_or(i64::MAX);
    FrameInfo {
        hcam: core.index,
        frame_nr: i32::try_from(frame_nr).unwrap_or(i32::MAX),
        time_stamp: ticks(moments.eof_ns),
        time_stamp_bof: ticks(moments.bof_ns),
        readout_time: i32::try_from(ticks(moments.eof_ns) - ticks(moments.bof_ns)).unwrap_or(i32::MAX),
        ..FrameInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::config;
    use crate::param::Control;

    #[test]
    fn a_panic_while_painting_leaves_nothing_for_a_stop_to_wait_for() {
        let camera =
            config::from_text("[[camera]]\nmodel = \"prime-bsi-usb\"\n", None).unwrap().cameras.remove(0);
        let control = Control::power_up(&camera.model);
        let engine = Engine::open(Arc::new(Core::new(0, camera, control))).unwrap();
        let mut run = engine.run.lock();
        run.phase = Phase::Running;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let writing = Writing::begin(&engine, &mut run, 0);
            assert_eq!(writing.run.writing, Some(0), "the control");
            MutexGuard::unlocked(writing.run, || panic!("a painter's mistake"));
        }));
        assert!(panicked.is_err());
        assert_eq!((run.writing, run.phase), (None, Phase::Died));
        drop(run);
        engine.close();
    }
}
