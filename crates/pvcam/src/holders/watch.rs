//! One run under observation: who holds its frames, and by what it ended.

use core::fmt;
use std::sync::{Arc, OnceLock, Weak};

use frame_pool::{Stream, StreamEnd};

use super::{HeldBy, Roster};

/// Why a stream ended without being stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndedBy {
    /// The ring was full, its oldest frame was held, and nothing more could be moved, as the plan asked for
    /// ([`crate::Pressure::Stop`]).
    Pressure {
        /// Who held the frames when the end was noticed.
        held: HeldBy,
    },
    /// The system refused to map memory where a frame was to be moved.
    Memory,
    /// A subscriber of the bus that the session delivers into wants every frame or an end, and had no room for one.
    Overrun {
        /// Who.
        subscriber: String,
        /// Number of the first frame that it did not get (the camera's number where it sends one).
        frame: u64,
    },
}

impl fmt::Display for EndedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pressure { held } => write!(f, "the ring was full, and nothing could be moved: {held}"),
            Self::Overrun { subscriber, frame } => {
                write!(f, "{subscriber} had no room for frame {frame}; give it more depth, or read faster")
            }
            Self::Memory => f.write_str("the system refused to map memory; raise vm.max_map_count"),
        }
    }
}

/// How many frames wait in a queue.
pub(crate) trait Unread: Send + Sync {
    fn unread(&self) -> usize;
}

/// What session and readers look at.
pub(crate) struct Watch {
    stream: Arc<Stream>,
    roster: Roster,
    queue: Option<Weak<dyn Unread>>,
    ended: OnceLock<EndedBy>,
}

impl Watch {
    pub(crate) fn new(stream: Arc<Stream>, roster: Roster, queue: Option<Weak<dyn Unread>>) -> Self {
        Self { stream, roster, queue, ended: OnceLock::new() }
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Who holds frames of this run's memory now. Locks and allocates.
    pub(crate) fn held_by(&self) -> HeldBy {
        let leased = self.stream.leased();
        let unread = self.queue.as_ref().and_then(Weak::upgrade).map_or(0, |queue| queue.unread());
        let held = u64::from(leased.ring) + u64::from(leased.reserve);
        self.roster.held_by(held, unread as u64, self.stream.holdings())
    }

    /// By what the stream ended, if it did so by itself. Who is asked first notes who holds frames then. Neither locks nor
    /// allocates otherwise.
    pub(crate) fn ended(&self) -> Option<&EndedBy> {
        let cause = self.stream.end_cause()?;
        Some(self.ended.get_or_init(|| match cause {
            StreamEnd::Pressure => EndedBy::Pressure { held: self.held_by() },
            StreamEnd::Sink => self.overrun(),
            _ => EndedBy::Memory,
        }))
    }

    /// The same, of a sink too that has closed itself and has not told the stream yet. May lock and allocate.
    pub(crate) fn ended_by_now(&self) -> Option<&EndedBy> {
        // Who is asked for it ends the stream first.
        let _ = self.stream.overrun();
        self.ended()
    }

    fn overrun(&self) -> EndedBy {
        let known = self.stream.overrun();
        // Who ends a stream knows for whom; a name is all that could be missing.
        known.map_or(EndedBy::Overrun { subscriber: String::new(), frame: 0 }, |by| EndedBy::Overrun {
            subscriber: by.reader,
            frame: by.frame,
        })
    }
}
