//! The books: each frame that was offered to a subscriber is in exactly one column.

use core::fmt;
use core::ops::AddAssign;

/// Where the frames went that were offered to one subscriber since it joined.
///
/// `offered = taken + unread + displaced + refused + skipped + passed_over + left`. Exact when nothing moves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SubscriberBooks {
    /// The subscriber; of many together, empty.
    pub name: String,
    /// Frames published while it subscribed.
    pub offered: u64,
    /// Frames that its reader got.
    pub taken: u64,
    /// Of those taken, frames found torn by [`crate::Frame::verify`].
    pub torn: u64,
    /// Frames in its mailbox.
    pub unread: u64,
    /// Frames that gave way to younger ones.
    pub displaced: u64,
    /// Frames that found the mailbox full (of a subscriber that wants every frame: overruns).
    pub refused: u64,
    /// Frames that it did not want: filter, pace.
    pub skipped: u64,
    /// Frames that its reader passed over, asking for the newest only.
    pub passed_over: u64,
    /// Frames it left unread.
    pub left: u64,
}

impl SubscriberBooks {
    /// Whether each frame is in exactly one column.
    #[must_use]
    pub fn balance(&self) -> bool {
        let there =
            self.taken + self.unread + self.displaced + self.refused + self.skipped + self.passed_over;
        there + self.left == self.offered && self.torn <= self.taken
    }

    /// Frames that it wanted and did not get.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.displaced + self.refused
    }
}

impl AddAssign<&SubscriberBooks> for SubscriberBooks {
    fn add_assign(&mut self, other: &SubscriberBooks) {
        self.offered += other.offered;
        self.taken += other.taken;
        self.torn += other.torn;
        self.unread += other.unread;
        self.displaced += other.displaced;
        self.refused += other.refused;
        self.skipped += other.skipped;
        self.passed_over += other.passed_over;
        self.left += other.left;
    }
}

impl fmt::Display for SubscriberBooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, offered, taken, torn, unread, displaced, refused, skipped, passed_over, left } =
            self;
        write!(f, "{name}: {offered} offered = {taken} taken ({torn} torn) + {unread} unread")?;
        write!(f, " + {displaced} displaced + {refused} refused + {skipped} skipped")?;
        write!(f, " + {passed_over} passed over + {left} left")
    }
}

/// The books of a bus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BusBooks {
    /// Frames published.
    pub published: u64,
    /// Frames that came after the bus was closed; nobody got them.
    pub late: u64,
    /// Frames dropped because two threads published at once, which no stream does.
    pub collided: u64,
    /// Who subscribes, and who left last from a seat that is free still.
    pub subscribers: Vec<SubscriberBooks>,
    /// All others that left, together.
    pub departed: SubscriberBooks,
}

impl BusBooks {
    /// All subscribers together, present and past.
    #[must_use]
    pub fn total(&self) -> SubscriberBooks {
        let mut total = self.departed.clone();
        self.subscribers.iter().for_each(|books| total += books);
        total
    }

    /// Whether the books of each subscriber balance.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.subscribers.iter().all(SubscriberBooks::balance) && self.departed.balance()
    }
}
