//! What the handle and the thread say to each other. Nothing queues: an order replaces the one before it.

use std::time::{Duration, Instant};

use frame_bus::{Canceller, Subscriber};
use parking_lot::{Condvar, Mutex, MutexGuard};

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
    /// Rises with each change of what stands here.
    version: u64,
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

    /// Lets go of the bus that the thread has read to its end; not of one that it is to follow next.
    pub(super) fn forget_bus(&self, serial: u64) {
        let mut orders = self.orders.lock();
        if orders.serial == serial {
            orders.canceller = None;
        }
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
        if report.state != *state {
            report.state = state.clone();
        } else if (report.done, report.books) == (done, books) {
            return;
        }
        (report.done, report.books) = (done, books);
        report.version += 1;
        self.reported.notify_all();
    }

    pub(super) fn state(&self) -> State {
        self.report.lock().state.clone()
    }

    pub(super) fn books(&self) -> CameraBooks {
        self.report.lock().books
    }

    /// Waits until what was ordered up to now is carried out, and the state is one that `wanted` accepts. It is asked at each change of
    /// state or books, with nothing locked: it may look at the camera, and its thread never waits for it.
    pub(super) fn await_state(&self, patience: Duration, wanted: impl Fn(&State) -> bool) -> (State, bool) {
        let serial = self.orders.lock().serial;
        let deadline = Instant::now().checked_add(patience);
        let mut report = self.report.lock();
        loop {
            let (version, state, is_late) = (report.version, report.state.clone(), is_past(deadline));
            let (ended, carried_out) = (state == State::Ended, report.done >= serial);
            let accepted = (ended || carried_out) && MutexGuard::unlocked(&mut report, || wanted(&state));
            if accepted || ended || is_late {
                return (state, accepted);
            }
            // What changed while it was asked is looked at first.
            if report.version == version {
                match deadline {
                    None => self.reported.wait(&mut report),
                    Some(deadline) => drop(self.reported.wait_until(&mut report, deadline)),
                }
            }
        }
    }
}

fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn a_bus_that_was_read_to_its_end_is_let_go_and_the_next_one_is_not() {
        let bus = || frame_bus::Bus::new(frame_bus::BusPlan::for_ring(4, 2)).unwrap();
        let request = frame_bus::Request::new("virtual camera", frame_bus::Policy::Latest);
        let shared = Shared::default();
        let (first, second) = (bus(), bus());
        shared.follow(first.subscribe(&request).unwrap());
        let serial = shared.orders_since(0).unwrap().serial;
        shared.follow(second.subscribe(&request).unwrap());
        shared.forget_bus(serial);
        assert!(shared.orders.lock().canceller.is_some(), "it is to be followed");
        let serial = shared.orders_since(serial).unwrap().serial;
        shared.forget_bus(serial);
        assert!(shared.orders.lock().canceller.is_none());
    }

    #[test]
    fn who_waits_may_look_at_the_books_and_is_asked_again_when_only_they_change() {
        let shared = Arc::new(Shared::default());
        let (asked, was_asked) = mpsc::channel();
        let theirs = Arc::clone(&shared);
        let waits = std::thread::spawn(move || {
            theirs.await_state(SOON, |_| {
                let _ = asked.send(());
                theirs.books().shown == 3
            })
        });
        for shown in 1..=3 {
            was_asked.recv_timeout(SOON).expect("it is asked at each change, and looks at the books itself");
            shared.tell(0, &State::Hidden, CameraBooks { shown, ..CameraBooks::default() });
        }
        let (state, accepted) = waits.join().expect("it does not panic");
        assert!(accepted, "{state}");
    }

    #[test]
    fn patience_ends_although_something_changes_all_the_time() {
        let shared = Shared::default();
        let asked = std::cell::Cell::new(0);
        let (state, accepted) = shared.await_state(Duration::from_millis(20), |_| {
            asked.set(asked.get() + 1);
            let books = CameraBooks { shown: asked.get(), ..CameraBooks::default() };
            shared.tell(0, &State::Hidden, books);
            false
        });
        assert_eq!((state, accepted), (State::Hidden, false));
    }
}
