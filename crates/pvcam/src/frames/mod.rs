//! Taking frames: blocking with a deadline, without blocking, or as an iterator.

mod queue;

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Weak};
use std::time::Instant;

use frame_pool::{Doorbell, Lease, Sink, Stream};

use crate::arm::{RingMode, Settings};
use crate::error::{TimeoutCause, WaitError};
use crate::holders::{Unread, Watch};
use crate::param::Link;
use crate::sdk::Library;
use crate::session::{Context, Pulse, Receiver, Status, announce_missed, ask, cause};
use queue::FrameQueue;

/// Shortest default deadline of the iterator.
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// The frames of one run, in the order in which the camera sent them.
///
/// The queue has room for every frame that can be held at all; a reader that does not take them holds their slots (on a ring in
/// place, the camera then loses frames, and the books say how many). May be used from several threads; each frame goes
/// to one of them. Outlives its session: what was delivered can still be taken after the stop.
pub struct Frames {
    queue: Arc<FrameQueue>,
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

/// Ends a wait from another thread.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # // SAFETY: the simulator's own functions, linked into this program.
/// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
/// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
/// # let region = pvcam::Region::centred(camera.sensor(), 64, 64);
/// # let armed = camera.arm(pvcam::Plan::continuous().region(region).exposure(std::time::Duration::from_secs(9)).ring(8))?;
/// use std::time::Duration;
/// use pvcam::error::WaitError;
/// let (session, frames) = armed.start()?;
/// let canceller = frames.canceller();
/// std::thread::spawn(move || canceller.cancel());
/// assert_eq!(frames.next_within(Duration::MAX).unwrap_err(), WaitError::Cancelled);
/// # drop(session);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Canceller {
    queue: Arc<FrameQueue>,
}

impl Canceller {
    /// Ends the wait that is going on, or else the next one, with [`WaitError::Cancelled`]. Frames stay where they are.
    pub fn cancel(&self) {
        self.queue.cancel();
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

/// A queue before its run: the sink to start with.
pub(crate) struct Reader {
    queue: Arc<FrameQueue>,
}

impl Reader {
    pub(crate) fn new(windows: u32) -> Self {
        Self { queue: Arc::new(FrameQueue::new(windows as usize)) }
    }

    pub(crate) fn into_frames(
        self,
        run: (Arc<Stream>, Arc<Pulse>, Arc<Watch>),
        link: &Link,
        context: Arc<Context>,
        settings: Settings,
    ) -> Frames {
        let camera = CameraRef { library: Arc::downgrade(&link.library), handle: link.handle };
        let (stream, pulse, watch) = run;
        let told = AtomicBool::new(false);
        Frames { queue: self.queue, stream, pulse, camera, context, settings, watch, told }
    }
}

impl Receiver for Reader {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::<FrameQueue>::clone(&self.queue)
    }

    fn queue(&self) -> Option<Arc<dyn Unread>> {
        Some(Arc::<FrameQueue>::clone(&self.queue))
    }

    fn watched_by(&self, watch: &Arc<Watch>) {
        self.queue.watched_by(watch);
    }

    fn bell(&self) -> Option<Arc<Doorbell>> {
        Some(Arc::clone(&self.queue.bell))
    }
}

impl Frames {
    /// The next frame, waiting for it no longer than `patience`. `Ok(None)`: the stream has ended and all its frames were taken.
    ///
    /// # Errors
    /// [`WaitError::Timeout`] says what is the matter, as far as the SDK tells; [`WaitError::Ended`] (once, then `Ok(None)`) if the
    /// stream has ended by itself; [`WaitError::Cancelled`] after [`Canceller::cancel`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// # let region = pvcam::Region::centred(camera.sensor(), 64, 64);
    /// # let armed = camera.arm(pvcam::Plan::continuous().region(region).ring(8))?;
    /// use std::time::Duration;
    /// use pvcam::error::WaitError;
    /// let (session, frames) = armed.start()?;
    /// match frames.next_within(Duration::from_secs(5)) {
    ///     Ok(Some(frame)) => println!("frame {}", frame.record().number),
    ///     Ok(None) => println!("the stream has ended"),
    ///     Err(WaitError::Timeout { cause, .. }) => println!("no frame: {cause}"),
    ///     Err(other) => return Err(other.into()),
    /// }
    /// # assert!(session.stop()?.books.delivered > 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_within(&self, patience: Duration) -> Result<Option<Lease>, WaitError> {
        let begun = Instant::now();
        // A deadline beyond what the clock can say is none.
        let deadline = begun.checked_add(patience);
        loop {
            let ticket = self.queue.bell.listen();
            if self.queue.take_cancellation() {
                return Err(WaitError::Cancelled);
            }
            if let Some(lease) = self.queue.pop() {
                return Ok(Some(lease));
            }
            if self.has_ended() {
                return self.end();
            }
            if !self.queue.bell.wait(ticket, deadline) {
                return self.look_again(begun);
            }
        }
    }

    /// The next frame if there is one already.
    #[must_use]
    pub fn try_next(&self) -> Option<Lease> {
        self.queue.pop()
    }

    /// How many frames wait to be taken.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.queue.len()
    }

    /// A handle to end a wait from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { queue: Arc::clone(&self.queue) }
    }

    /// Whether no frame will come beyond those that wait.
    fn has_ended(&self) -> bool {
        if self.queue.is_closed() {
            // What was pushed before the close is seen after it.
            return self.queue.len() == 0;
        }
        if !self.pulse.has_handed_over_all() {
            return false;
        }
        // A copy counts as delivered a moment before it is in the queue, hence both counts.
        let books = self.stream.books();
        books.in_flight == 0 && self.queue.received() == books.delivered && self.queue.len() == 0
    }

    /// The end of the stream; if it came by itself, that is told, once.
    fn end(&self) -> Result<Option<Lease>, WaitError> {
        match self.watch.ended() {
            Some(ended) if !self.told.swap(true, Ordering::AcqRel) => Err(WaitError::Ended(ended.clone())),
            _ => Ok(None),
        }
    }

    /// Whether the camera waits for a slot, not we for the camera.
    fn ring_is_full(&self) -> bool {
        let locks = self.settings.ring_mode == RingMode::NoOverwrite;
        locks && self.stream.occupied() >= self.settings.ring_slots
    }

    /// The deadline has passed: perhaps something came at the last moment, perhaps slots only wait to be given back.
    fn look_again(&self, begun: Instant) -> Result<Option<Lease>, WaitError> {
        self.stream.nudge();
        if let Some(lease) = self.queue.pop() {
            return Ok(Some(lease));
        }
        let sequence = self.settings.frames.is_some();
        if let Some(lease) = self.look_for_missed() {
            return Ok(Some(lease));
        }
        let status = if self.context.is_removed() { None } else { Some(self.status(sequence)) };
        let overdue = self.pulse.silence() > self.settings.patience();
        if sequence && overdue && status == Some(Status::Is(pvcam_sys::READOUT_COMPLETE as i16)) {
            // The camera has sent them all long ago; who was not announced by now will not be.
            self.pulse.set_exhausted();
        }
        if self.has_ended() {
            return self.end();
        }
        let cause =
            status.map_or(TimeoutCause::CameraGone { failure: None }, |status| cause(status, overdue));
        let cause = match cause {
            TimeoutCause::Slow | TimeoutCause::NoTrigger if self.ring_is_full() => {
                TimeoutCause::RingFull { by: self.watch.held_by() }
            }
            other => other,
        };
        let expected = self.settings.frame_time;
        Err(WaitError::Timeout { cause, waited: begun.elapsed(), last: self.pulse.newest(), expected })
    }

    /// A ring whose notifications were all lost waits for unlocks as we wait for notifications.
    fn look_for_missed(&self) -> Option<Lease> {
        let locks = self.settings.ring_mode == RingMode::NoOverwrite;
        if !locks || self.context.is_removed() || self.pulse.silence() <= self.settings.patience() {
            return None;
        }
        announce_missed(&self.link()?, &self.pulse, &self.context);
        self.queue.pop()
    }

    fn link(&self) -> Option<Link> {
        let library = self.camera.library.upgrade()?;
        Some(Link { library, handle: self.camera.handle })
    }

    fn status(&self, sequence: bool) -> Status {
        self.link().map_or(Status::Over, |link| ask(&link, &self.pulse, sequence))
    }

    fn patience(&self) -> Duration {
        self.settings.patience().saturating_mul(2).max(LEAST_PATIENCE)
    }
}

impl Iterator for Frames {
    type Item = Result<Lease, WaitError>;

    /// Waits for the next frame for at least five seconds, longer for long exposures. Ends when the stream has ended.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(self.patience()).transpose()
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("unread", &self.unread()).finish_non_exhaustive()
    }
}
