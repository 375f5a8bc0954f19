//! The end of a run: no more writing, no more callbacks, then and only then the memory is ours again.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use frame_pool::{Books, LossCause};
use pvcam_sys as sys;

use super::context::Context;
use super::run::Run;
use super::{Oddities, SessionCore, Status, Stopped, ask};
use crate::arm::Armed;
use crate::camera::LastRun;
use crate::error::{Failure, StopError};
use crate::param::Link;

/// How long callbacks may take to leave.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stops a run. On the camera's own callback thread only a request is made: waiting for oneself never ends.
pub(super) fn stop(core: Box<SessionCore>) -> Result<Stopped, StopError> {
    if !core.armed.camera.device.context.is_callback_thread() {
        return stop_here(core);
    }
    core.pulse.ask_to_stop();
    let helper = std::thread::Builder::new().name("pvcam-stop".into());
    // If no thread can be had, the session stays as it is, for ever: nothing of it is freed, so nothing dangles.
    let core = core::mem::ManuallyDrop::new(core);
    let request = helper.spawn(move || drop(stop_here(core::mem::ManuallyDrop::into_inner(core))));
    if let Err(why) = request {
        tracing::error!(%why, "no thread to stop the session on");
    }
    Err(StopError::Requested)
}

fn stop_here(mut core: Box<SessionCore>) -> Result<Stopped, StopError> {
    let device = &core.armed.camera.device;
    // Who held the frames is noted before anything is let go.
    let _ = core.watch.ended();
    core.pulse.ask_to_stop();
    let tail = unannounced(&core);
    let failure = end_acquisition(&core).err();
    let deadline = Instant::now() + PATIENCE;
    let context = Arc::clone(&device.context);
    // First with the run still current, so that what is being announced is entered as discarded.
    let drained = context.drain(deadline);
    let run = context.detach(deadline);
    match (run, failure) {
        (Some(run), None) => {
            let last = settle(&mut core, *run, tail);
            Ok(give_back(core, last))
        }
        (run, failure) => Err(give_up(core, run, failure, drained)),
    }
}

/// How many frames of a sequence the camera has completed without announcing them: the status says complete, so all were written.
fn unannounced(core: &SessionCore) -> Option<u64> {
    let frames = u64::from(core.armed.settings.frames?);
    if core.pulse.newest() >= frames {
        return None;
    }
    let status = ask(&core.armed.camera.device.link, &core.pulse, true);
    (status == Status::Is(sys::READOUT_COMPLETE as i16)).then_some(frames)
}

/// Tells the SDK to stop, and from then on nobody asks it for the status of this run.
fn end_acquisition(core: &SessionCore) -> Result<(), Failure> {
    let link: &Link = &core.armed.camera.device.link;
    let (handle, buffer) = (link.handle, core.pool.ring().ptr.as_ptr().cast());
    if core.pulse.is_complete() {
        let finished = link.library.call("pl_exp_finish_seq", |api| {
            core.pulse.set_alive(false);
            // SAFETY: the buffer is the one that the sequence was started with; the last argument is not used.
            unsafe { (api.pl_exp_finish_seq)(handle, buffer, 0) }
        });
        if finished.is_ok() {
            return Ok(());
        }
    }
    link.library.call("pl_exp_abort", |api| {
        core.pulse.set_alive(false);
        // SAFETY: plain numbers; legal at any time.
        unsafe { (api.pl_exp_abort)(handle, sys::CCS_HALT as i16) }
    })
}

/// Enters what the callbacks could not: the tail of a sequence whose notifications never came.
fn settle(core: &mut SessionCore, run: Run, tail: Option<u64>) -> LastRun {
    let slots = core.armed.settings.ring_slots;
    let Run::Deliver(mut run) = run else { return LastRun { newest: 0, slots } };
    let progress = *run.progress.get_mut();
    if let Some(frames) = tail {
        let missing = frames.saturating_sub(progress.last);
        core.stream.lost(LossCause::Notification, progress.camera + 1, missing);
    }
    LastRun { newest: progress.last, slots }
}

fn close_books(core: &SessionCore) -> Books {
    let books = core.pool.close_stream(&core.stream);
    core.armed.camera.device.link.library.session_ended();
    let camera = core.armed.camera.identity.name.as_str();
    if books.lost() > 0 {
        tracing::warn!(camera, lost = books.lost(), %books, "stopped, with losses");
    } else {
        tracing::info!(camera, %books, "stopped");
    }
    books
}

fn give_back(core: Box<SessionCore>, last: LastRun) -> Stopped {
    let books = close_books(&core);
    let oddities = Oddities::of(&core.pulse, &core.armed.camera.device.context);
    let callback_times = core.pulse.times.read();
    let ended = core.watch.ended_by_now().cloned();
    let losses = std::iter::from_fn(|| core.stream.next_loss()).collect();
    let SessionCore { mut armed, pool, .. } = *core;
    armed.camera.last_run = Some(last);
    armed.pool = Some(pool);
    Stopped { armed: Armed::from_core(armed), books, losses, oddities, callback_times, ended }
}

/// The SDK may still write or call back: memory, callback context and camera are leaked, not freed.
fn give_up(
    core: Box<SessionCore>,
    run: Option<Box<Run>>,
    failure: Option<Failure>,
    drained: bool,
) -> StopError {
    let books = close_books(&core);
    let drained = drained && run.is_some();
    // A run that could not be detached is leaked already; one that could is kept as well, with the stream in it.
    core::mem::forget(run);
    let SessionCore { armed, pool, stream, .. } = *core;
    core::mem::forget(pool);
    core::mem::forget(stream);
    armed.camera.device.poison();
    StopError::Incomplete { failure, drained, books: Box::new(books) }
}

/// Ends a run that never started.
pub(super) fn detach_unstarted(context: &Context) -> bool {
    context.detach(Instant::now() + PATIENCE).is_some()
}
