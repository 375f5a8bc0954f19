//! Frames of a ring that is written over: told of, and copied by who wants them.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use frame_pool::RawFrame;

use super::Canceller;
use super::reading::{Reader, Reading};
use crate::error::WaitError;
use crate::param::Link;
use crate::session::{Context, Launched, Session};

/// The frames of one raw run, in the order in which the camera sent them. Nothing is lent, nothing is copied unless it is asked for
/// ([`RawFrame::copy_to`]), and nobody holds the camera up: what is not copied in time is written over.
///
/// The queue has room for as many frames as the ring has slots; what is older is gone, and gives way
/// ([`RawFrames::displaced`]). May be used from several threads; each frame goes to one of them.
pub struct RawFrames {
    reading: Reading<RawFrame>,
}

impl RawFrames {
    pub(crate) fn begin(
        run: Launched<Reader<RawFrame>>,
        link: &Link,
        context: Arc<Context>,
    ) -> (Session, Self) {
        let (session, reading) = Reader::begin(run, link, context);
        (session, Self { reading })
    }

    /// The next frame, waiting for it no longer than `patience`. `Ok(None)`: the stream has ended and all its frames were taken.
    ///
    /// # Errors
    /// As [`crate::Frames::next_within`].
    pub fn next_within(&self, patience: Duration) -> Result<Option<RawFrame>, WaitError> {
        self.reading.next_within(patience)
    }

    /// The next frame if there is one already.
    #[must_use]
    pub fn try_next(&self) -> Option<RawFrame> {
        self.reading.queue.pop()
    }

    /// How many frames wait to be taken.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.reading.queue.len()
    }

    /// How many frames gave way to newer ones before they were taken. They stand in the books as delivered: they were told of.
    #[must_use]
    pub fn displaced(&self) -> u64 {
        self.reading.queue.gate.displaced()
    }

    /// A handle to end a wait from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller::new(&self.reading.queue.gate)
    }
}

impl Iterator for RawFrames {
    type Item = Result<RawFrame, WaitError>;

    /// Waits for the next frame for at least five seconds, longer for long exposures. Ends when the stream has ended.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(self.reading.patience()).transpose()
    }
}

impl fmt::Debug for RawFrames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawFrames").field("unread", &self.unread()).finish_non_exhaustive()
    }
}
