//! The start of a run.

use std::sync::Arc;

use frame_pool::{Doorbell, Pool, Sink, Stream, StreamError, StreamMode, StreamPlan, Unlock};
use pvcam_sys as sys;

use super::delivery::{Delivering, Progress};
use super::pulse::Pulse;
use super::run::Run;
use super::slot::Slots;
use super::stop::detach_unstarted;
use super::unlock::Unlocker;
use super::{Session, SessionCore};
use crate::arm::{ArmedCore, RingMode, check_lasts};
use crate::error::{Failure, StartError};
use crate::holders::{Unread, Watch};
use crate::plan::LEAST_SLOTS;

/// Who takes the frames of a run.
pub(crate) trait Receiver {
    fn sink(&self) -> Arc<dyn Sink>;

    /// The queue that the sink is, if it is ours.
    fn queue(&self) -> Option<Arc<dyn Unread>> {
        None
    }

    /// Tells the queue who notes why its stream ended.
    fn watched_by(&self, _watch: &Arc<Watch>) {}

    /// Wakes who waits at the sink, if the sink is ours.
    fn bell(&self) -> Option<Arc<Doorbell>> {
        None
    }
}

/// A run that was started.
pub(crate) struct Launched<R> {
    pub(crate) session: Session,
    pub(crate) stream: Arc<Stream>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) reader: R,
}

/// What was armed, and why it did not start.
pub(crate) type NotLaunched = (Box<ArmedCore>, StartError);

/// Starts what is armed; `receiver` makes who takes the frames, told how many can be leased at once. A ring that the SDK does not
/// take is tried again with half its slots.
pub(crate) fn launch<R: Receiver>(
    mut armed: Box<ArmedCore>,
    receiver: &dyn Fn(u32) -> R,
) -> Result<Launched<R>, NotLaunched> {
    let mut tried = Vec::new();
    loop {
        let (pool, attempt) = match open(&mut armed, receiver) {
            Ok(opened) => opened,
            Err(why) => return Err((armed, why)),
        };
        tried.push(armed.settings.ring_slots);
        match attempt.start(&armed, &pool) {
            Ok(()) => {
                tracing::info!(camera = %armed.camera.identity.name, epoch = armed.camera.epoch,
                    slots = armed.settings.ring_slots, delivery = ?armed.settings.delivery, "started");
                let Attempt { stream, pulse, watch, reader } = attempt;
                let core = SessionCore {
                    armed,
                    pool,
                    stream: Arc::clone(&stream),
                    pulse: Arc::clone(&pulse),
                    watch: Arc::clone(&watch),
                };
                return Ok(Launched { session: Session::new(Box::new(core)), stream, pulse, watch, reader });
            }
            Err(failure) => {
                attempt.undo(&armed, pool);
                let smaller = armed.settings.ring_slots / 2;
                let settings = &armed.settings;
                let no_smaller = settings.frames.is_some() || check_lasts(settings, smaller).is_err();
                if !may_be_too_large(&failure) || no_smaller || smaller < LEAST_SLOTS {
                    return Err((armed, StartError::Refused { failure, tried }));
                }
                tracing::warn!(%failure, smaller, "the ring was refused, trying half of it");
                armed.settings.ring_slots = smaller;
            }
        }
    }
}

/// Opens a stream on memory of the last run, moving out of it what is still leased; if that cannot be moved, on other memory.
fn open<R: Receiver>(
    armed: &mut ArmedCore,
    receiver: &dyn Fn(u32) -> R,
) -> Result<(Pool, Attempt<R>), StartError> {
    let mut moving = true;
    loop {
        let pool = armed.take_pool(moving)?;
        match Attempt::prepare(armed, &pool, receiver) {
            Ok(attempt) => return Ok((pool, attempt)),
            Err(why) => {
                armed.pool = Some(pool);
                if !moving || !matches!(why, StreamError::LeasesOut { .. }) {
                    return Err(StartError::Stream(why));
                }
                moving = false;
            }
        }
    }
}

/// Whether a smaller ring may help: the SDK says that the driver refused, or says nothing.
fn may_be_too_large(failure: &Failure) -> bool {
    [sys::PL_ERR_DDI_DEVICE_IOCTL_FAILED, sys::PL_ERR_INSUFFICIENT_RESOURCES, sys::PL_ERR_NONE]
        .contains(&failure.observed_code())
}

/// One try to start.
struct Attempt<R> {
    stream: Arc<Stream>,
    pulse: Arc<Pulse>,
    watch: Arc<Watch>,
    reader: R,
}

impl<R: Receiver> Attempt<R> {
    /// Opens a stream and makes a run current, so that the first callback finds everything in place.
    fn prepare(armed: &mut ArmedCore, pool: &Pool, receiver: &dyn Fn(u32) -> R) -> Result<Self, StreamError> {
        let reader = receiver(armed.settings.ring_slots.saturating_add(armed.settings.reserve));
        armed.camera.epoch = armed.camera.epoch.wrapping_add(1);
        let context = Arc::clone(&armed.camera.device.context);
        let pulse = Arc::new(Pulse::new());
        let mode = armed.settings.delivery;
        let unlock = (mode == StreamMode::Locked).then(|| -> Arc<dyn Unlock> {
            Arc::new(Unlocker {
                api: context.api,
                handle: context.handle,
                get_first: armed.unlock_needs_get,
                pulse: Arc::clone(&pulse),
            })
        });
        let plan = StreamPlan { mode, sink: reader.sink(), unlock, epoch: armed.camera.epoch };
        let stream = pool.open_stream(plan)?;
        stream.set_keep_free(armed.settings.keep_free);
        stream.set_pressure(armed.settings.pressure);
        if matches!(mode, StreamMode::TimeBound | StreamMode::Raw) {
            stream.set_clock(armed.settings.frame_time);
        }
        let queue = reader.queue().map(|queue| Arc::downgrade(&queue));
        let watch = Arc::new(Watch::new(Arc::clone(&stream), armed.camera.shelf.roster.clone(), queue));
        reader.watched_by(&watch);
        let run = Delivering {
            stream: Arc::clone(&stream),
            sink: reader.sink(),
            bell: reader.bell(),
            pulse: Arc::clone(&pulse),
            slots: Slots {
                start: pool.ring().ptr.addr().get(),
                count: armed.settings.ring_slots,
                bytes: armed.settings.frame_bytes,
                stamped: armed.settings.metadata && !armed.settings.host_processing,
            },
            mode,
            settings: armed.settings,
            before: armed.camera.last_run,
            progress: Progress::new(&armed.settings).into(),
        };
        context.attach(Box::new(Run::Deliver(Box::new(run))));
        Ok(Self { stream, pulse, watch, reader })
    }

    fn start(&self, armed: &ArmedCore, pool: &Pool) -> Result<(), Failure> {
        let link = &armed.camera.device.link;
        let (handle, memory) = (link.handle, pool.ring().ptr.as_ptr().cast());
        // From the first frame on, callbacks erase error codes.
        let started = |good: bool| {
            if good {
                link.library.session_started();
                self.pulse.set_alive(true);
            }
        };
        if armed.settings.ring_mode == RingMode::Sequence {
            return link.library.call_then(
                "pl_exp_start_seq",
                // SAFETY: the ring holds one block of the bytes that setup told for each frame, and stays mapped until the
                // run has been stopped and its callbacks have drained (or for ever, if they do not).
                |api| unsafe { (api.pl_exp_start_seq)(handle, memory) },
                started,
            );
        }
        // Checked against the SDK's 32 bits when the ring was chosen.
        let bytes = (u64::from(armed.settings.frame_bytes) * u64::from(armed.settings.ring_slots)) as u32;
        link.library.call_then(
            "pl_exp_start_cont",
            // SAFETY: the ring has at least so many bytes, and stays mapped as above.
            |api| unsafe { (api.pl_exp_start_cont)(handle, memory, bytes) },
            started,
        )
    }

    /// Takes everything back after a start that failed. The pool goes with its stream, which is never closed: closing
    /// would tell the sink that no frame will come, but the next try uses it.
    fn undo(self, armed: &ArmedCore, pool: Pool) {
        if !detach_unstarted(&armed.camera.device.context) {
            // A callback of a run that never started does not return: what it uses stays.
            core::mem::forget(pool);
        }
    }
}
