//! A frame that was taken, in the name of who took it.

use std::time::Duration;

use frame_pool::{Evidence, Lease, Torn};

use crate::account::{Account, Hold};

/// What a subscriber holds, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holding {
    /// Its name.
    pub name: String,
    /// Frames it took and did not drop, clones counted each. What waits unread in its mailbox is not among them.
    pub frames: u64,
    /// How many it said it would hold.
    pub allowed: u32,
    /// Number of the oldest one, and how long ago that arrived.
    pub oldest: Option<(u64, Duration)>,
    /// Whether the subscriber still subscribes; frames may outlive it.
    pub subscribed: bool,
}

impl Holding {
    /// Whether it holds more than it said.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.frames > u64::from(self.allowed)
    }
}

impl core::fmt::Display for Holding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} holds {} frames and said {}", self.name, self.frames, self.allowed)?;
        match self.oldest {
            Some((number, age)) => write!(f, "; frame {number} is {} ms old", age.as_millis()),
            None => Ok(()),
        }
    }
}

/// A frame that a subscriber took: a lease on the memory where the camera wrote it, held in the subscriber's name.
///
/// Derefs to [`Lease`]; drop it to give the frame back. `Clone`, `Send`, `Sync` and `'static` as a lease is: give it to a pool of
/// threads, or its lease to another bus ([`crate::Publisher::publish`]), without a copy.
#[must_use = "dropping a frame gives it back"]
pub struct Frame {
    lease: Lease,
    hold: Hold,
}

impl Frame {
    #[inline]
    pub(crate) fn new(lease: Lease, account: &'static Account) -> Self {
        let hold = Hold::taken(account, &lease);
        Self { lease, hold }
    }

    /// The lease.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The lease alone, held in nobody's name from now on.
    pub fn into_lease(self) -> Lease {
        self.lease
    }

    /// Looks again whether the bytes are the frame's ([`Lease::verify`]); if not, the frame stands in the subscriber's books as torn, once,
    /// however often and through however many clones that is found.
    ///
    /// # Errors
    /// [`Torn`] says what was found instead.
    pub fn verify(&self) -> Result<Evidence, Torn> {
        let found = self.lease.verify();
        if found.is_err() {
            self.hold.found_torn(&self.lease);
        }
        found
    }
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame").field("lease", &self.lease).field("of", &self.hold.name()).finish()
    }
}

impl core::ops::Deref for Frame {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl core::borrow::Borrow<Lease> for Frame {
    /// The lease: what takes anything that holds one takes a frame in its reader's name.
    fn borrow(&self) -> &Lease {
        &self.lease
    }
}

impl AsRef<[u8]> for Frame {
    /// The whole slot, as [`Lease::slot_bytes`].
    fn as_ref(&self) -> &[u8] {
        self.lease.slot_bytes()
    }
}

impl Clone for Frame {
    /// Another hold on the same frame, counted in the same name, not timed.
    fn clone(&self) -> Self {
        Self { lease: self.lease.clone(), hold: self.hold.again() }
    }
}
