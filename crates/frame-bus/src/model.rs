//! The protocol without threads of its own, for loom: the same seats, mailboxes, doorbells and readers. Only compiled under
//! `cfg(pool_loom)`; the models are `tests/loom_*.rs`.

use std::sync::Arc;

use frame_pool::Lease;

use crate::admission::SubscribeError;
use crate::books::BusBooks;
use crate::fanout::{DROPPED, Fanout, STOPPED};
use crate::plan::{BusPlan, Request};
use crate::subscriber::Subscriber;

/// What a control breaks on purpose, to show that the model beside it can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// A reader that finds a younger frame than it claimed drops it.
    KeepsTheYounger,
    /// The reader moves the head without asking whether the publisher was faster.
    ClaimsUnasked,
    /// The publisher does not look whether the reader left while it put a frame in.
    KeepsAfterLeave,
    /// Neither the reader that lies down nor the publisher makes sure that one of them sees the other.
    NoFence,
    /// The end of a delivery is not asked for before the end of the bus is told.
    EndUnasked,
    /// The reader gives the cell back before it has emptied it.
    RelaxedHead,
}

/// A bus without a dispatcher.
#[derive(Debug, Clone)]
pub struct ModelBus(Arc<Fanout>);

impl ModelBus {
    /// A bus with a fault.
    #[must_use]
    pub fn broken(plan: BusPlan, fault: Fault) -> Self {
        let mut fanout = Fanout::new(plan);
        fanout.fault = fault;
        fanout.seats.iter_mut().for_each(|seat| seat.mailbox.fault = fault);
        Self(Arc::new(fanout))
    }

    /// As `Bus::subscribe`.
    ///
    /// # Errors
    /// As `Bus::subscribe`.
    pub fn subscribe(&self, request: &Request) -> Result<Subscriber, SubscribeError> {
        Subscriber::join(&self.0, request)
    }

    /// As `Publisher::publish`.
    pub fn publish(&self, lease: Lease) {
        self.0.deliver(lease);
    }

    /// As `Sink::close`.
    pub fn close(&self) {
        self.0.close(STOPPED);
    }

    /// One life of the dispatcher: wakes who sleeps until the bus is dropped.
    pub fn dispatch(&self) {
        loop {
            let ticket = self.0.bell.listen();
            self.0.wake_all();
            if self.0.closed.load(crate::sync::Ordering::Acquire) == DROPPED {
                return;
            }
            self.0.bell.wait_for_ring(ticket);
        }
    }

    /// One pass of the dispatcher.
    pub fn dispatch_once(&self) {
        self.0.wake_all();
    }

    /// As `Bus::books`.
    #[must_use]
    pub fn books(&self) -> BusBooks {
        self.0.books()
    }
}
