//! Looking again: whether a frame's bytes are still the frame's.

use core::time::Duration;

use crate::clock::Expired;
use crate::lease::Lease;
use crate::record::{Evidence, Record, Tag};
use crate::slot::{IN_RESERVE, TORN};
use crate::sync::{Ordering, fence};

/// Why a frame's bytes are not, or may not be, the frame's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Torn {
    /// The slot carries another frame's number.
    #[error(
        "the slot was written over while it was looked at: it carries frame number {found}, expected {expected}"
    )]
    Overwritten {
        /// The number that should stand in the slot.
        expected: u32,
        /// The number that stands there.
        found: u32,
    },
    /// The camera wrote the slot while the keeper copied it, or the keeper came too late.
    #[error("the frame was moved out of the ring too late: the camera had begun to write over it")]
    MovedTooLate,
    /// The frame has no number of its own, and has been in an overwriting ring for longer than its slot is safe.
    #[error(
        "the frame is {age:?} old, but its slot is only safe for {good_for:?}, and it carries no number that would tell"
    )]
    Overdue {
        /// Time since the frame was announced (until the run ended).
        age: Duration,
        /// Time for which its slot is safe.
        good_for: Duration,
    },
    /// The frame has no number of its own, and the machine slept since: the camera may have gone on.
    #[error(
        "the machine was suspended since the run began, and the frame carries no number that would tell what the camera did"
    )]
    Suspended,
}

impl From<Expired> for Torn {
    fn from(why: Expired) -> Self {
        match why {
            Expired::Overdue { age, good_for } => Self::Overdue { age, good_for },
            Expired::Suspended => Self::Suspended,
        }
    }
}

impl Lease {
    /// Looks again whether the bytes are the frame's. On a ring that is overwritten in place (by the caller's consent) what was read
    /// before this call is the frame's if the answer is good, and may be anything if it is not.
    ///
    /// Evidence by a tag: the number in the slot is read again. By time alone ([`Evidence::TimeOnly`], in place): the clock is asked.
    /// All other evidence does not change, and is answered as recorded. While the keeper moves the frame (a few milliseconds for a
    /// large one) this waits for it.
    ///
    /// # Errors
    /// [`Torn`]: the bytes are not this frame's, or nothing says that they are.
    pub fn verify(&self) -> Result<Evidence, Torn> {
        // Acquire: what the caller read of the frame was read before the evidence is.
        fence(Ordering::Acquire);
        let record = self.record();
        // The keeper says at the end of a move whether the camera was faster. Until then the copy may be good, and what was read
        // before it not.
        while self.slot().is_moving() && !self.answers_at_once() {
            crate::sync::yield_now();
        }
        if self.marks() & TORN != 0 {
            return Err(Torn::MovedTooLate);
        }
        if let Some(tag) = record.tag {
            return self.tag(tag).map_or(Ok(record.evidence), |found| same(tag, found, record));
        }
        if record.evidence == Evidence::TimeOnly && self.marks() & IN_RESERVE == 0 {
            let spoken = self.shared().clock.check(record.arrived_ns);
            // The keeper may have moved the frame meanwhile, and knows whether it came in time.
            match self.marks() & (IN_RESERVE | TORN) {
                0 => spoken?,
                IN_RESERVE => {}
                _ => return Err(Torn::MovedTooLate),
            }
        }
        Ok(record.evidence)
    }

    /// A control: does not wait for the end of a move.
    fn answers_at_once(&self) -> bool {
        #[cfg(pool_loom)]
        return self.shared().fault == crate::model::Fault::AnswerAtOnce;
        #[cfg(not(pool_loom))]
        false
    }

    fn marks(&self) -> u64 {
        self.slot().refs.load(Ordering::Acquire)
    }

    /// The number that stands at the tag's place now; `None` if the slot has no such place.
    fn tag(&self, tag: Tag) -> Option<u32> {
        let at = tag.offset as usize;
        let stored = self.slot_bytes().get(at..at.checked_add(4)?)?;
        let mut found = [0_u8; 4];
        for (to, from) in found.iter_mut().zip(stored) {
            // SAFETY: a plain byte of the slot. Volatile, because on a ring that breaks its promise the device may write it.
            *to = unsafe { core::ptr::read_volatile(from) };
        }
        Some(u32::from_le_bytes(found))
    }
}

fn same(tag: Tag, found: u32, record: &Record) -> Result<Evidence, Torn> {
    if found == tag.expected {
        Ok(record.evidence)
    } else {
        Err(Torn::Overwritten { expected: tag.expected, found })
    }
}
