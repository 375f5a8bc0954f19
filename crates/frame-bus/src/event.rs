//! What a subscriber is told: frames, lag, and the end.

use core::fmt;

use frame_pool::{Books, StreamEnd};

use crate::books::SubscriberBooks;
use crate::frame::Frame;

/// Frames that were for a subscriber and are gone, all of them between the frame it got before and the one it gets next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Lag {
    /// Number of the first one (the camera's number where it sends one, as in `frame_pool::LossEvent`).
    pub first: u64,
    /// How many. Without decimation, filter and losses elsewhere they are `first`, `first + 1`, ...
    pub count: u64,
}

impl Lag {
    /// Frames from `first` on are gone as well, younger than those before.
    #[inline]
    pub(crate) fn add(&mut self, first: u64, count: u64) {
        if count == 0 {
            return;
        }
        if self.count == 0 {
            self.first = first;
        }
        self.count += count;
    }
}

/// What comes out of a mailbox.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A frame.
    Frame(Frame),
    /// Frames that this subscriber will not get, because its mailbox was full.
    Lagged(Lag),
    /// No frame will come any more, and all that waited were taken.
    Closed(Box<Closed>),
}

impl Event {
    /// The frame, if it is one.
    #[must_use]
    pub fn into_frame(self) -> Option<Frame> {
        match self {
            Self::Frame(frame) => Some(frame),
            _ => None,
        }
    }
}

/// The end of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub why: Closing,
    /// What the subscriber got, and what it did not.
    pub books: SubscriberBooks,
}

/// Why a bus was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closing {
    /// The stream was stopped.
    Stopped,
    /// Who runs the stream said so ([`crate::Bus::close`]); the session knows more.
    Failed,
    /// The stream ended by itself, and said why: under pressure, say ([`frame_pool::Pressure::Stop`]).
    Ended {
        /// Why.
        why: StreamEnd,
        /// The stream's books at that moment.
        books: Box<Books>,
    },
    /// The camera is gone ([`crate::Bus::close`]).
    CameraGone,
    /// A subscriber that wants each frame, or an end, had no room for one.
    Overrun {
        /// Who.
        subscriber: String,
        /// Number of the first frame it did not get.
        frame: u64,
    },
    /// The bus itself was dropped.
    BusDropped,
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the stream was stopped"),
            Self::Failed => f.write_str("the stream failed"),
            Self::Ended { why: StreamEnd::Pressure, books } => {
                write!(f, "readers held the whole ring, and nothing could be moved; {books}")
            }
            Self::Ended { why: StreamEnd::Memory, books } => {
                write!(f, "the system refused to map memory (raise vm.max_map_count); {books}")
            }
            Self::Ended { why, books } => write!(f, "the stream ended by itself ({why:?}); {books}"),
            Self::CameraGone => f.write_str("the camera is gone"),
            Self::Overrun { subscriber, frame } => {
                write!(f, "{subscriber} had no room for frame {frame}; give it more depth, or read faster")
            }
            Self::BusDropped => f.write_str("the bus was dropped"),
        }
    }
}

/// Why a wait ended without anything to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// Nothing came within the time given.
    #[error(
        "nothing came in time; if frames are expected, ask the session what is the matter (`why_silent`)"
    )]
    Timeout,
    /// [`crate::Canceller::cancel`] was called.
    #[error("the wait was cancelled")]
    Cancelled,
}
