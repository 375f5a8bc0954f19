//! Taking frames: blocking with a deadline, without blocking, or as an iterator.

mod queue;
mod raw;
mod reading;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use frame_pool::Lease;
use queue::Gate;
pub use raw::RawFrames;
pub(crate) use reading::Reader;
use reading::Reading;

use crate::error::WaitError;
use crate::param::Link;
use crate::session::{Context, Launched, Session};

/// The frames of one run, in the order in which the camera sent them.
///
/// The queue has room for every frame that can be held at all; a reader that does not take them holds their slots (on a ring in
/// place, the camera then loses frames, and the books say how many). May be used from several threads; each frame goes
/// to one of them. Outlives its session: what was delivered can still be taken after the stop.
pub struct Frames {
    reading: Reading<Lease>,
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
    gate: Arc<Gate>,
}

impl Canceller {
    fn new(gate: &Arc<Gate>) -> Self {
        Self { gate: Arc::clone(gate) }
    }

    /// Ends the wait that is going on, or else the next one, with [`WaitError::Cancelled`]. Frames stay where they are.
    pub fn cancel(&self) {
        self.gate.cancel();
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

impl Frames {
    /// Session and frames of a run that was started.
    pub(crate) fn begin(run: Launched<Reader<Lease>>, link: &Link, context: Arc<Context>) -> (Session, Self) {
        let (session, reading) = Reader::begin(run, link, context);
        (session, Self { reading })
    }

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
        self.reading.next_within(patience)
    }

    /// The next frame if there is one already.
    #[must_use]
    pub fn try_next(&self) -> Option<Lease> {
        self.reading.queue.pop()
    }

    /// How many frames wait to be taken.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.reading.queue.len()
    }

    /// A handle to end a wait from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller::new(&self.reading.queue.gate)
    }
}

impl Iterator for Frames {
    type Item = Result<Lease, WaitError>;

    /// Waits for the next frame for at least five seconds, longer for long exposures. Ends when the stream has ended.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(self.reading.patience()).transpose()
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("unread", &self.unread()).finish_non_exhaustive()
    }
}
