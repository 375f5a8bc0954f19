//! The protocol without threads of its own, for loom: the same seats, mailboxes, doorbells and readers. Only compiled under
//! `cfg(pool_loom)`; the models are `tests/loom_*.rs`.

use std::sync::Arc;

use frame_pool::{Lease, Ticket};

use crate::admission::SubscribeError;
use crate::books::BusBooks;
use crate::ending::STOPPED;
use crate::fanout::Fanout;
use crate::plan::{BusPlan, Request};
use crate::subscriber::Subscriber;
use crate::sync::{AtomicBool, Ordering};

/// What a control breaks on purpose, to show that the model beside it can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The reader looks into an entry after it has claimed it.
    LooksAfterClaim,
    /// The reader moves the head without asking whether the publisher was faster.
    ClaimsUnasked,
    /// The reader does not look whether its mailbox parted from the ring of all.
    PartingUnasked,
    /// The publisher does not look whether a reader left while it walked.
    ForgetsLeavers,
    /// A reader that leaves sweeps its mailbox though a walk is under way.
    SweepsBeside,
    /// The publisher fills the shared ring though one who left empties its mailbox there.
    HelpsNot,
    /// The publisher takes the oldest frame away before it puts the new one in.
    GivesUpFirst,
    /// The publisher asks whether somebody sleeps before it hands out the frame.
    SleepersSeenEarly,
    /// The publisher gives who joins later a place at the beginning of the ring of all.
    BeginsAtFirst,
    /// The end of a delivery is not asked for before the end of the bus is told.
    EndUnasked,
    /// The dispatcher is not rung when the bus is closed.
    NotRung,
    /// A task that was not told the end, because a delivery went on, does not ask again.
    AsksNotAgain,
    /// Who helps to sweep does not say so, and the seat is given free while it is still at it.
    HelpsUnannounced,
    /// Of several that sleep the publisher wakes the last, and not the dispatcher.
    WakesTheLast,
    /// Who cancels a wait rings first, and says so afterwards.
    RingsFirst,
    /// A task does not look again after it has said that it waits.
    LooksOnce,
    /// A waker is dropped under its lock.
    DropsUnderLock,
}

/// A bus without a dispatcher.
#[derive(Debug, Clone)]
pub struct ModelBus {
    fanout: Arc<Fanout>,
    /// The dispatcher was not rung since.
    quiet: Ticket,
    /// The dispatcher is to end.
    quit: Arc<AtomicBool>,
}

impl ModelBus {
    /// A bus with a fault.
    #[must_use]
    pub fn broken(plan: BusPlan, fault: Fault) -> Self {
        let mut fanout = Fanout::new(plan);
        fanout.fault = fault;
        for seat in fanout.seats.iter_mut().filter_map(Arc::get_mut) {
            seat.mailbox.fault = fault;
        }
        let quiet = fanout.bell.listen();
        Self { fanout: Arc::new(fanout), quiet, quit: Arc::new(AtomicBool::new(false)) }
    }

    /// As `Bus::subscribe`.
    ///
    /// # Errors
    /// As `Bus::subscribe`.
    pub fn subscribe(&self, request: &Request) -> Result<Subscriber, SubscribeError> {
        Subscriber::join(&self.fanout, request)
    }

    /// As `Publisher::publish`.
    pub fn publish(&self, lease: Lease) {
        self.fanout.deliver(lease);
    }

    /// Whether the next frame goes the short way, if nobody comes or leaves.
    #[must_use]
    pub fn is_easy(&self) -> bool {
        self.fanout.is_easy()
    }

    /// As `Sink::close`.
    pub fn close(&self) {
        self.fanout.close(STOPPED);
    }

    /// The dispatcher's turn: wakes who sleeps, if it was rung since the bus was made.
    pub fn dispatch_if_rung(&self) {
        if self.fanout.bell.listen() != self.quiet {
            self.fanout.wake_all();
        }
    }

    /// The dispatcher, as its thread runs it: until [`Self::quit`].
    pub fn dispatch(&self) {
        loop {
            let ticket = self.fanout.bell.listen();
            let stop = self.quit.load(Ordering::Acquire);
            self.fanout.wake_all();
            if stop {
                return;
            }
            self.fanout.bell.wait_for_ring(ticket);
        }
    }

    /// Ends the dispatcher.
    pub fn quit(&self) {
        self.quit.store(true, Ordering::Release);
        self.fanout.bell.ring();
    }

    /// As `Bus::books`.
    #[must_use]
    pub fn books(&self) -> BusBooks {
        self.fanout.books()
    }
}
