//! Where published leases go. Only types of this family may be one, because a sink runs on the SDK's own thread.

use crate::lease::Lease;
use crate::raw::RawFrame;

/// Keeps [`Sink`] to the crates of this family.
#[doc(hidden)]
pub mod sealed {
    /// Implemented beside each sink of this family, nowhere else.
    pub trait OfThisFamily {}
}

/// Takes leases from a stream.
///
/// `deliver` runs on the camera's callback thread (in place) or on the pool's service thread (copies). It must not
/// block, lock, allocate, log, panic or call the SDK; it wakes at most one thread. User code never runs in it: that is
/// why the trait is sealed and users attach to `Frames` or to the bus instead.
pub trait Sink: Send + Sync + sealed::OfThisFamily {
    /// Takes a lease. Dropping it at once is legal and gives the slot back.
    fn deliver(&self, lease: Lease);

    /// Is told of a frame that nobody holds ([`crate::StreamMode::Raw`] alone).
    fn announce(&self, frame: RawFrame) {
        drop(frame);
    }

    /// A frame that was on its way was lost after all: nothing is delivered, but who waits for it may look again.
    fn lost(&self) {}

    /// No further lease will come. May be called more than once.
    fn close(&self);
}

/// Gives the oldest locked slot of the ring back to the SDK.
///
/// Called from the callback thread and from the service thread, one call at a time, in ring order, with no lock of
/// the pool held. Returns whether the SDK accepted it.
pub trait Unlock: Send + Sync {
    /// Unlocks the oldest slot.
    fn unlock_oldest(&self) -> bool;
}
