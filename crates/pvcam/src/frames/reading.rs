//! Waiting for frames, of whichever kind: with a deadline, and with an answer to why none came.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Weak};
use std::time::Instant;

use frame_pool::{Doorbell, Sink, Stream};

use super::queue::FrameQueue;
use crate::arm::Settings;
use crate::error::WaitError;
use crate::holders::{Unread, Watch};
use crate::param::Link;
use crate::sdk::Library;
use crate::session::{Context, Launched, Pulse, Receiver, Session, Silence};

/// Shortest default deadline of an iterator.
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// The reading end of one run.
pub(super) struct Reading<T> {
    pub(super) queue: Arc<FrameQueue<T>>,
    stream: Arc<Stream>,
    pulse: Arc<Pulse>,
    camera: CameraRef,
    context: Arc<Context>,
    settings: Settings,
    watch: Arc<Watch>,
    /// The reader was told by what the stream ended.
    told: AtomicBool,
}

/// The camera as readers know it: they do not keep the library loaded.
struct CameraRef {
    library: Weak<Library>,
    handle: i16,
}

/// A queue before its run: the sink to start with.
pub(crate) struct Reader<T> {
    queue: Arc<FrameQueue<T>>,
}

impl<T> Reader<T> {
    pub(crate) fn new(windows: u32) -> Self {
        Self { queue: Arc::new(FrameQueue::new(windows as usize)) }
    }

    /// Takes a run apart: its session, and its frames.
    pub(super) fn begin(run: Launched<Self>, link: &Link, context: Arc<Context>) -> (Session, Reading<T>) {
        let Launched { session, stream, pulse, watch, reader } = run;
        let camera = CameraRef { library: Arc::downgrade(&link.library), handle: link.handle };
        let (settings, told) = (*session.settings(), AtomicBool::new(false));
        (session, Reading { queue: reader.queue, stream, pulse, camera, context, settings, watch, told })
    }
}

impl<T: Send + 'static> Receiver for Reader<T>
where
    FrameQueue<T>: Sink,
{
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::<FrameQueue<T>>::clone(&self.queue)
    }

    fn queue(&self) -> Option<Arc<dyn Unread>> {
        Some(Arc::<FrameQueue<T>>::clone(&self.queue))
    }

    fn watched_by(&self, watch: &Arc<Watch>) {
        self.queue.watched_by(watch);
    }

    fn bell(&self) -> Option<Arc<Doorbell>> {
        Some(Arc::clone(&self.queue.gate.bell))
    }
}

impl<T> Reading<T> {
    /// The next frame, waiting for it no longer than `patience`; `None` at the end of the stream.
    pub(super) fn next_within(&self, patience: Duration) -> Result<Option<T>, WaitError> {
        let begun = Instant::now();
        // A deadline beyond what the clock can say is none.
        let deadline = begun.checked_add(patience);
        loop {
            let ticket = self.queue.gate.bell.listen();
            if self.queue.gate.take_cancellation() {
                return Err(WaitError::Cancelled);
            }
            if let Some(lease) = self.queue.pop() {
                return Ok(Some(lease));
            }
            if self.has_ended() {
                return self.end();
            }
            if !self.queue.gate.bell.wait(ticket, deadline) {
                return self.look_again(begun);
            }
        }
    }

    /// Whether no frame will come beyond those that wait.
    fn has_ended(&self) -> bool {
        if self.queue.gate.is_closed() {
            // What was pushed before the close is seen after it.
            return self.queue.len() == 0;
        }
        if !self.pulse.has_handed_over_all() {
            return false;
        }
        // A copy counts as delivered a moment before it is in the queue, hence both counts.
        let books = self.stream.books();
        books.in_flight == 0 && self.queue.gate.received() == books.delivered && self.queue.len() == 0
    }

    /// The end of the stream; if it came by itself, that is told, once.
    fn end(&self) -> Result<Option<T>, WaitError> {
        match self.watch.ended() {
            Some(ended) if !self.told.swap(true, Ordering::AcqRel) => Err(WaitError::Ended(ended.clone())),
            _ => Ok(None),
        }
    }

    /// The deadline has passed: perhaps something came at the last moment, perhaps slots only wait to be given back.
    fn look_again(&self, begun: Instant) -> Result<Option<T>, WaitError> {
        self.stream.nudge();
        if let Some(lease) = self.queue.pop() {
            return Ok(Some(lease));
        }
        let silence = self.silence();
        silence.look_for_missed();
        if let Some(lease) = self.queue.pop() {
            return Ok(Some(lease));
        }
        let status = silence.status();
        if self.has_ended() {
            return self.end();
        }
        let cause = silence.cause(status);
        let expected = self.settings.frame_time;
        Err(WaitError::Timeout { cause, waited: begun.elapsed(), last: self.pulse.newest(), expected })
    }

    fn silence(&self) -> Silence<'_> {
        let library = self.camera.library.upgrade();
        Silence {
            link: library.map(|library| Link { library, handle: self.camera.handle }),
            settings: &self.settings,
            stream: &self.stream,
            pulse: &self.pulse,
            context: &self.context,
            watch: &self.watch,
        }
    }

    pub(super) fn patience(&self) -> Duration {
        self.settings.patience().saturating_mul(2).max(LEAST_PATIENCE)
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}
