//! What the handle and the thread say to each other. Nothing queues: an order replaces the one before it.

use std::time::{Duration, Instant};

use frame_bus::{Canceller, Subscriber};
use parking_lot::{Condvar, Mutex};

use super::state::{CameraBooks, State};

/// Orders to the thread, and its report.
#[derive(Debug, Default)]
pub(super) struct Shared {
    orders: Mutex<Orders>,
    ordered: Condvar,
    report: Mutex<Report>,
    reported: Condvar,
}

/// What is wanted now.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Rises with each order.
    pub(super) serial: u64,
    pub(super) published: bool,
    pub(super) quit: bool,
    /// A subscription for the thread, if it has not taken it yet.
    pub(super) reader: Option<Subscriber>,
    /// Ends the thread's wait for a frame.
    canceller: Option<Canceller>,
}

#[derive(Debug, Default, Clone)]
struct Report {
    /// The last order that was carried out.
    done: u64,
    state: State,
    books: CameraBooks,
}

impl Shared {
    /// Changes what is wanted, and wakes the thread. Never waits for it.
    pub(super) fn order(&self, change: impl FnOnce(&mut Orders)) {
        let mut orders = self.orders.lock();
        change(&mut orders);
        orders.serial += 1;
        if let Some(canceller) = &orders.canceller {
            canceller.cancel();
        }
        self.ordered.notify_one();
    }

    /// Gives the thread a subscription instead of the one it has.
    pub(super) fn follow(&self, reader: Subscriber) {
        let canceller = reader.canceller();
        let mut before = (Some(reader), None);
        self.order(|orders| {
            core::mem::swap(&mut orders.reader, &mut before.0);
            before.1 = orders.canceller.replace(canceller);
        });
        // The thread may wait on the subscription before.
        if let Some(canceller) = &before.1 {
            canceller.cancel();
        }
    }

    /// The orders, if there are any since `serial`.
    pub(super) fn orders_since(&self, serial: u64) -> Option<Orders> {
        let mut orders = self.orders.lock();
        (orders.serial != serial).then(|| Orders {
            serial: orders.serial,
            published: orders.published,
            quit: orders.quit,
            reader: orders.reader.take(),
            canceller: None,
        })
    }

    /// Sleeps until there are orders since `serial`, or it is time.
    pub(super) fn sleep(&self, serial: u64, time: Option<Duration>) {
        let mut orders = self.orders.lock();
        if orders.serial != serial {
            return;
        }
        match time {
            // A wake-up for nothing does no harm: the thread looks what is due.
            Some(time) => drop(self.ordered.wait_for(&mut orders, time)),
            None => self.ordered.wait(&mut orders),
        }
    }

    /// Says how things are after order `done`.
    pub(super) fn tell(&self, done: u64, state: &State, books: CameraBooks) {
        let mut report = self.report.lock();
        report.books = books;
        if report.state != *state {
            report.state = state.clone();
        } else if report.done == done {
            return;
        }
        report.done = done;
        self.reported.notify_all();
    }

    pub(super) fn state(&self) -> State {
        self.report.lock().state.clone()
    }

    pub(super) fn books(&self) -> CameraBooks {
        self.report.lock().books
    }

    /// Waits until what was ordered up to now is carried out, and the state is one that `wanted` accepts.
    pub(super) fn await_state(&self, patience: Duration, wanted: impl Fn(&State) -> bool) -> (State, bool) {
        let serial = self.orders.lock().serial;
        let deadline = Instant::now().checked_add(patience);
        let mut report = self.report.lock();
        loop {
            let ended = report.state == State::Ended;
            if ended || report.done >= serial && wanted(&report.state) {
                return (report.state.clone(), !ended || wanted(&State::Ended));
            }
            match deadline {
                None => self.reported.wait(&mut report),
                Some(deadline) => {
                    if self.reported.wait_until(&mut report, deadline).timed_out() {
                        return (report.state.clone(), false);
                    }
                }
            }
        }
    }
}
