//! Errors of a running acquisition.

use core::time::Duration;

use frame_pool::{Books, Limit, PoolError, StreamError, StreamMode};

use super::Failure;
use crate::holders::{EndedBy, HeldBy};

/// Why an acquisition did not start. What was armed comes back beside it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Frames of the last run are still leased, and the budget does not allow a second region.
    #[error(
        "{held} frames of the last run are still leased ({by}), and the budget of {budget} bytes has no room for a second region: drop them, or raise the budget"
    )]
    LeasesOut {
        /// Frames held.
        held: u32,
        /// Bytes allowed.
        budget: u64,
        /// Who holds them.
        by: HeldBy,
    },
    /// The memory could not be had.
    #[error(transparent)]
    Memory(PoolError),
    /// The region of memory did not accept a stream.
    #[error(transparent)]
    Stream(StreamError),
    /// What is armed for raw frames was started for leases, or the other way round.
    #[error("armed for {armed:?} delivery: start it with `{by}`")]
    OtherStart {
        /// How frames were to be delivered.
        armed: StreamMode,
        /// The call that starts it.
        by: &'static str,
    },
    /// The SDK refused to start, with every ring size tried.
    #[error(
        "the SDK did not start: {failure} (tried rings of {tried:?} slots). If the ring cannot be locked in memory: {}; or ask for fewer slots",
        Limit::locked_memory()
    )]
    Refused {
        /// What the SDK says of the last try.
        failure: Failure,
        /// Slots of each try.
        tried: Vec<u32>,
    },
}

/// Why an acquisition did not stop cleanly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// The SDK did not confirm that it writes no more, or a callback did not return. The memory is leaked and never used
    /// again, because it may still be written; the camera is out of use for this process. Frames that are leased stay
    /// valid as far as nothing writes them.
    #[error("the camera did not stop cleanly ({}): its memory is given up and it is out of use until the process ends; unplugged, or power-cycle it. {books}", reason(failure.as_ref(), *drained))]
    Incomplete {
        /// What the SDK says, if it refused to stop.
        failure: Option<Failure>,
        /// Whether all callbacks returned in time.
        drained: bool,
        /// Where every frame went, as far as is known.
        books: Box<Books>,
    },
    /// Called on the camera's own callback thread, where waiting would never end. The stop was handed to a helper thread.
    #[error(
        "stop was called on the camera's callback thread: it has been requested, and happens in the background"
    )]
    Requested,
}

fn reason(failure: Option<&Failure>, drained: bool) -> String {
    match (failure, drained) {
        (Some(failure), true) => failure.to_string(),
        (Some(failure), false) => format!("{failure}; a frame callback does not return"),
        (None, _) => "a frame callback does not return".to_owned(),
    }
}

/// Why no frame came in time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutCause {
    /// The camera is armed and healthy, and has been waiting for much longer than an exposure takes: no trigger arrives.
    NoTrigger,
    /// The camera has stopped by itself. Known reasons: a parameter was read by other software, the link broke down, or (on a
    /// ring that halts) all slots were held too long.
    StreamDied {
        /// What the SDK says, if it says anything.
        failure: Option<Failure>,
    },
    /// The camera does not answer or has reported its removal.
    CameraGone {
        /// What the SDK says, if it was asked.
        failure: Option<Failure>,
    },
    /// The ring is full: no frame comes before somebody lets go of one.
    RingFull {
        /// Who holds frames.
        by: HeldBy,
    },
    /// Nothing is wrong: the frame was not due yet, or is late.
    Slow,
}

impl core::fmt::Display for TimeoutCause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (text, failure) = match self {
            Self::NoTrigger => ("the camera waits for a trigger that does not come", &None),
            Self::StreamDied { failure } => ("the camera has stopped by itself", failure),
            Self::CameraGone { failure } => ("the camera is gone", failure),
            Self::RingFull { by } => return write!(f, "the ring is full ({by})"),
            Self::Slow => ("the frame is not due yet, or late", &None),
        };
        f.write_str(text)?;
        failure.as_ref().map_or(Ok(()), |failure| write!(f, " ({failure})"))
    }
}

/// Why waiting for a frame ended without one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The deadline passed.
    #[error(
        "no frame within {waited:?} (the last one was number {last}; one is due every {expected:?}): {cause}"
    )]
    Timeout {
        /// What is the matter, as far as the SDK tells.
        cause: TimeoutCause,
        /// How long was waited.
        waited: Duration,
        /// Number of the newest frame of this run, 0 if there was none.
        last: u64,
        /// Time between two frames, by the camera's own figures.
        expected: Duration,
    },
    /// The stream has ended by itself, and all its frames were taken. Told once; after that the stream is simply over.
    #[error("the stream has ended by itself: {0}")]
    Ended(EndedBy),
    /// Somebody cancelled the wait.
    #[error("the wait was cancelled")]
    Cancelled,
}
