//! What a bus is made for, and what a subscriber asks for.

use core::num::NonZeroU32;
use core::time::Duration;

use frame_pool::{Evidence, Record};

/// What a bus is made for: how many frames can be out at once, and how many subscribers.
///
/// ```
/// use frame_bus::BusPlan;
/// let plan = BusPlan::for_ring(32, 8).seats(16);
/// assert_eq!(plan.frames, 38, "two slots stay with the camera");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusPlan {
    /// Frames that subscribers may hold together, unread and at work: N - 2 + R for a ring of N slots and R reserve blocks. No
    /// mailbox is deeper. At least 1. If the stream that delivers into the bus can spare fewer (the SDK refused a ring of that size; frames
    /// are copied out of the ring, and then there are R), who joins from then on is measured by that, and the log says so if those who are
    /// there may hold too many.
    pub frames: u32,
    /// Most subscribers at a time. At least 1, at most 65,535.
    pub seats: u32,
    /// Shortest time between two frames, if known: by it a subscriber with [`Pace::PerSecond`] is admitted.
    pub frame_time: Option<Duration>,
}

impl BusPlan {
    /// A bus of 64 seats for a ring of `slots` slots with `reserve` reserve blocks (`Settings::ring_slots` and `Settings::reserve` of
    /// what was armed).
    ///
    /// Of a ring that is copied from, only the reserve can be held: `for_ring(2, reserve)`, or the stream says so when it starts
    /// ([`Self::frames`]).
    #[must_use]
    pub fn for_ring(slots: u32, reserve: u32) -> Self {
        Self { frames: slots.saturating_sub(2).saturating_add(reserve).max(1), seats: 64, frame_time: None }
    }

    /// The same with another number of seats (at least 1).
    #[must_use]
    pub fn seats(self, seats: u32) -> Self {
        Self { seats: seats.max(1), ..self }
    }

    /// The same with the shortest time between two frames.
    #[must_use]
    pub fn frame_time(self, frame_time: Duration) -> Self {
        Self { frame_time: Some(frame_time), ..self }
    }
}

/// What happens when a mailbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// Each frame is wanted. A full mailbox is an overrun: it takes nothing until there is room, which is told and counted, and
    /// ends the run where [`Request::ends_on_overrun`] asks for it.
    Every {
        /// Frames that may wait.
        depth: u32,
    },
    /// A full mailbox gives up its oldest frame.
    DropOldest {
        /// Frames that may wait.
        depth: u32,
    },
    /// A full mailbox takes nothing.
    DropNewest {
        /// Frames that may wait.
        depth: u32,
    },
    /// One frame, always the newest: for viewers. Frames that gave way are counted, not told as lag.
    Latest,
}

impl Policy {
    /// Frames that may wait.
    #[must_use]
    pub fn depth(self) -> u32 {
        match self {
            Self::Every { depth } | Self::DropOldest { depth } | Self::DropNewest { depth } => depth.max(1),
            Self::Latest => 1,
        }
    }

    #[inline]
    pub(crate) fn keeps(self) -> Keeps {
        match self {
            Self::Every { .. } | Self::DropNewest { .. } => Keeps::Refusing,
            Self::DropOldest { .. } | Self::Latest => Keeps::Displacing,
        }
    }
}

/// The protocol of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    Refusing,
    Displacing,
}

/// How many of the frames are for a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Pace {
    /// All.
    #[default]
    All,
    /// The first and then each n-th.
    Nth(NonZeroU32),
    /// At most so many per second, by the time of arrival in the record; over a short time one more.
    PerSecond(NonZeroU32),
}

/// Which frames are for a subscriber, judged by the record alone. It is data, not code, because it is judged on the camera's
/// thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Filter {
    /// Lowest frame number, as the host counts.
    pub first: u64,
    /// Highest frame number, as the host counts.
    pub last: u64,
    /// Only frames before which something was lost.
    pub after_loss: bool,
    /// Only frames whose bytes are held to be good by something stronger than [`Evidence::Unproven`].
    pub proven: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self { first: 0, last: u64::MAX, after_loss: false, proven: false }
    }
}

impl Filter {
    /// Frames `first` to `last`, both included.
    #[must_use]
    pub fn numbers(first: u64, last: u64) -> Self {
        Self { first, last, ..Self::default() }
    }

    /// Whether a frame is wanted.
    #[must_use]
    pub fn wants(&self, record: &Record) -> bool {
        (self.first..=self.last).contains(&record.number)
            && (!self.after_loss || record.lost_before > 0)
            && (!self.proven || record.evidence != Evidence::Unproven)
    }
}

/// How a reader waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Wait {
    /// Asleep, until it is woken.
    #[default]
    Park,
    /// Awake for so long, then asleep.
    Spin(Duration),
    /// Never asleep: takes a processor for itself.
    Busy,
}

/// What a subscriber asks for.
///
/// ```
/// use frame_bus::{Policy, Request};
/// let recorder = Request::new("recorder", Policy::Every { depth: 16 }).holds(4).ends_on_overrun();
/// let viewer = Request::new("viewer", Policy::Latest).per_second(30);
/// assert_eq!((recorder.policy.depth(), viewer.policy.depth()), (16, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// By which it is known in books and messages.
    pub name: String,
    /// What happens when its mailbox is full.
    pub policy: Policy,
    /// How many frames it keeps while it works. Keeping more is not refused; it is told by name.
    pub holds: u32,
    /// How many of the frames it gets.
    pub pace: Pace,
    /// Which frames it gets.
    pub filter: Filter,
    /// How its reader waits.
    pub wait: Wait,
    /// Whether an overrun ([`Policy::Every`]) closes the bus, and ends the stream that delivers into it.
    pub end_on_overrun: bool,
}

impl Request {
    /// All frames, one of them held at a time, waiting asleep.
    #[must_use]
    pub fn new(name: &str, policy: Policy) -> Self {
        Self {
            name: name.to_owned(),
            policy,
            holds: 1,
            pace: Pace::All,
            filter: Filter::default(),
            wait: Wait::Park,
            end_on_overrun: false,
        }
    }

    /// Keeps `frames` frames while it works.
    #[must_use]
    pub fn holds(self, frames: u32) -> Self {
        Self { holds: frames, ..self }
    }

    /// Gets the first frame and then each `n`-th (0 counts as 1).
    #[must_use]
    pub fn each(self, n: u32) -> Self {
        Self { pace: NonZeroU32::new(n).map_or(Pace::All, Pace::Nth), ..self }
    }

    /// Gets at most `rate` frames per second (0 counts as 1).
    #[must_use]
    pub fn per_second(self, rate: u32) -> Self {
        Self { pace: Pace::PerSecond(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN)), ..self }
    }

    /// Gets only frames that the filter wants.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Waits as told.
    #[must_use]
    pub fn wait(self, wait: Wait) -> Self {
        Self { wait, ..self }
    }

    /// An overrun of this subscriber closes the bus for all ([`crate::Closing::Overrun`]): a recording with a hole is worth nothing. The stream
    /// that delivers into the bus ends as well, with that cause (`Session::ended` of the `pvcam` crate): the camera's owner is to stop it.
    /// What was delivered stays readable. A bus that is fed by hand ([`crate::Publisher`]) has no stream, and only closes.
    #[must_use]
    pub fn ends_on_overrun(self) -> Self {
        Self { end_on_overrun: true, ..self }
    }
}
