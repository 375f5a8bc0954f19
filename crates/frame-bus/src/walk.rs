//! The one word in which publisher, sleepers, those who leave and those who ask for the end meet.
//!
//! All of them change it by read-modify-writes, which stand in one order. So of a publisher that ends a walk and a reader that lies
//! down, the later one sees what the other did before; the same for a publisher that begins a walk and a reader that leaves.
//!
//! Bits 0 to 46 count: odd while the publisher walks along the seats. Bit 47: somebody came or left. Above: readers that sleep, or are
//! about to.

use crate::sync::{AtomicU64, Ordering};

const WALKING: u64 = 1;
const CHANGED: u64 = 1 << 47;
const COUNT: u64 = CHANGED - 1;
const SLEEPER: u64 = 1 << 48;

/// Most readers, so that all of them can sleep.
pub(crate) const MOST_SLEEPERS: u32 = u16::MAX as u32;

#[derive(Debug, Default)]
pub(crate) struct Walk(AtomicU64);

/// What the publisher learns when its walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The same seats are taken as in the walk before.
    AsBefore,
    /// Somebody came or left.
    Changed,
    /// Another one walks.
    Not,
}

/// What the publisher learns when its walk ends: the word as it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended(u64);

impl Ended {
    /// Nobody sleeps, and nobody came or left meanwhile.
    #[inline]
    pub(crate) fn is_quiet(self) -> bool {
        self.0 < CHANGED
    }

    /// Somebody came or left meanwhile.
    pub(crate) fn changed(self) -> bool {
        self.0 & CHANGED != 0
    }

    /// Somebody sleeps.
    pub(crate) fn sleepers(self) -> bool {
        self.0 >= SLEEPER
    }

    /// The same with the sleepers of another look: the control's.
    pub(crate) fn with_sleepers_of(self, other: Self) -> Self {
        Self((self.0 % SLEEPER) | (other.0 - other.0 % SLEEPER))
    }
}

impl Walk {
    /// Publisher: begins a walk, unless another one walks.
    #[inline]
    pub(crate) fn begin(&self) -> Begun {
        // AcqRel: see who came and left, and all that the publisher before did.
        if self.0.fetch_or(WALKING, Ordering::AcqRel) & WALKING != 0 {
            Begun::Not
        // A mark that was there at that step is there now: only who walks takes it away. Asked apart, both are one instruction.
        } else if self.0.load(Ordering::Acquire) & CHANGED != 0 {
            Begun::Changed
        } else {
            Begun::AsBefore
        }
    }

    /// Publisher: ends its walk.
    #[inline]
    pub(crate) fn end(&self) -> Ended {
        // The count becomes even. Release: who takes over a seat sees all that was done to it, and who lies down its mail.
        Ended(self.0.fetch_add(1, Ordering::AcqRel))
    }

    /// Publisher, walking: looks at the seats anew after this.
    pub(crate) fn note_change(&self) {
        self.0.fetch_and(!CHANGED, Ordering::AcqRel);
    }

    /// Who came or left says so, after the seat does. Whether a walk is under way that may not know.
    pub(crate) fn change(&self) -> bool {
        self.0.fetch_or(CHANGED, Ordering::AcqRel) & WALKING != 0
    }

    /// Reader: one more that sleeps. Whatever was published before is seen after this; what comes later sees the sleeper.
    pub(crate) fn lie_down(&self) {
        self.0.fetch_add(SLEEPER, Ordering::AcqRel);
    }

    pub(crate) fn get_up(&self) {
        self.0.fetch_sub(SLEEPER, Ordering::AcqRel);
    }

    /// Whether a walk is under way. As all steps here it stands in one order with the others'.
    #[inline]
    pub(crate) fn is_under_way(&self) -> bool {
        self.0.fetch_add(0, Ordering::AcqRel) & WALKING != 0
    }

    /// The word as it is, looked at without a step in the one order: the control's.
    pub(crate) fn look(&self) -> Ended {
        Ended(self.0.load(Ordering::Relaxed))
    }

    /// Walks begun and ended: odd while one is under way.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire) & COUNT
    }
}
