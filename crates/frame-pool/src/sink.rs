//! Where published leases go. Only types of this family may be one, because a sink runs on the SDK's own thread.

use core::ptr::NonNull;
use std::sync::Arc;

use crate::books::Books;
#[cfg(not(pool_loom))]
use crate::ender::{ReaderOverrun, StreamEnder};
#[cfg(not(pool_loom))]
use crate::holder::Holding;
use crate::lease::Lease;
use crate::raw::RawFrame;
use crate::stream::StreamEnd;

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

    /// The stream ended by itself: `why`, with its books at that moment. No further lease will come; [`Sink::close`] is called when the
    /// stream is closed. On the pool's service thread.
    fn end(&self, why: StreamEnd, books: &Books) {
        let _ = (why, books);
        self.close();
    }

    /// A stream was opened that will deliver here. Through `stream` this sink may end it; `frames` is how many frames its readers may hold at
    /// once without the camera losing any. Before the first frame, on the thread that opens the stream; again if a start is tried again.
    #[cfg(not(pool_loom))]
    fn attached(&self, stream: StreamEnder, frames: u32) {
        let _ = (stream, frames);
    }

    /// For whose sake this sink ended its stream ([`StreamEnd::Sink`]); has it ended before the answer. Never called on the way of a frame: it may lock and allocate.
    #[cfg(not(pool_loom))]
    fn overrun(&self) -> Option<ReaderOverrun> {
        None
    }

    /// Who holds frames that came through this sink, by name. Never called on the way of a frame: it may lock and allocate.
    #[cfg(not(pool_loom))]
    fn holdings(&self) -> Vec<Holding> {
        Vec::new()
    }
}

/// A sink, and where it lies: an `Arc` of a type that is not known finds that out anew each time, which a callback can feel.
pub(crate) struct Outlet {
    at: NonNull<dyn Sink>,
    /// Keeps it there.
    _keep: Arc<dyn Sink>,
}

// SAFETY: `at` is no more than a `&dyn Sink` into what `_keep` holds, and a sink is `Sync`; `_keep` is `Send` by itself.
unsafe impl Send for Outlet {}
// SAFETY: as above.
unsafe impl Sync for Outlet {}

impl From<Arc<dyn Sink>> for Outlet {
    fn from(keep: Arc<dyn Sink>) -> Self {
        Self { at: NonNull::from(&*keep), _keep: keep }
    }
}

impl core::ops::Deref for Outlet {
    type Target = dyn Sink;

    #[inline]
    fn deref(&self) -> &Self::Target {
        // SAFETY: `_keep` keeps the sink alive where it is for as long as this lives, and nobody can have it mutably.
        unsafe { self.at.as_ref() }
    }
}

/// Gives the oldest locked slot of the ring back to the SDK.
///
/// Called from the callback thread and from the service thread, one call at a time, in ring order, with no lock of
/// the pool held. Returns whether the SDK accepted it.
pub trait Unlock: Send + Sync {
    /// Unlocks the oldest slot.
    fn unlock_oldest(&self) -> bool;

    /// Unlocks the `slots` oldest slots, and answers how many of these the SDK refused. Slots are given back in runs, so that the pool
    /// asks once for all of them.
    fn unlock_run(&self, slots: u32) -> u32 {
        (0..slots).map(|_| u32::from(!self.unlock_oldest())).sum()
    }
}
