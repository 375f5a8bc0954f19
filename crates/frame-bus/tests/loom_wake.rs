//! Models of waking: no reader sleeps on while a frame waits for it, whoever else leaves, is cancelled or panics in its sleep, and
//! none sleeps through the end.
//!
//! Covered: one or two sleeping readers, the publisher, the dispatcher. Not covered: deadlines (models have no clock), and the
//! futex, whose part a mutex plays.
#![cfg(pool_loom)]

mod model;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use frame_bus::model::Fault;
use frame_bus::{Canceller, Event, Policy, Subscriber, WaitError};
use loom::thread;
use model::{Rig, check, end, explore, keep, wait_as_task};

fn wait(reader: &mut Subscriber) -> Result<Event, WaitError> {
    reader.recv_within(Duration::MAX)
}

/// A reader sleeps while a frame comes; the publisher looks where it is, or knows that it has room since the frame before.
fn sleeper(is_easy: bool, fault: Fault) {
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(2, fault));
        let mut reader = keep(rig.join(Policy::DropOldest { depth: 2 }));
        let number = 1 + u64::from(is_easy);
        (1..number).for_each(|before| {
            rig.eof(before);
            drop(reader.try_recv());
        });
        assert_eq!(rig.bus.is_easy(), is_easy);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(number);
                drop(end(rig));
            })
        };
        let event = wait(&mut reader);
        assert!(matches!(&event, Ok(Event::Frame(frame)) if frame.record().number == number));
        camera.join().unwrap();
        drop((event, end(reader), end(rig)));
    });
}

#[test]
fn a_sleeping_reader_is_woken() {
    sleeper(false, Fault::None);
}

#[test]
fn a_sleeping_reader_is_woken_by_the_short_way() {
    sleeper(true, Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_publisher_that_asks_too_early_lets_a_reader_sleep_on() {
    sleeper(false, Fault::SleepersSeenEarly);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_who_asks_too_early_on_the_short_way_lets_a_reader_sleep_on() {
    sleeper(true, Fault::SleepersSeenEarly);
}

/// Two readers sleep; `other` is what becomes of the second one.
fn beside(fault: Fault, other: fn(&Rig, Subscriber)) {
    beside_one(fault, false, other);
}

fn beside_one(fault: Fault, cancelled: bool, other: fn(&Rig, Subscriber)) {
    // Four threads: two preemptions are what can be explored in time.
    explore(Some(2), move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let second = keep(rig.join(Policy::Latest));
        let canceller = keep(second.canceller());
        let aside = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                other(&rig, end(second));
                drop(end(rig));
            })
        };
        let dispatcher = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                // The dispatcher's turn comes after the frame, whether or not it was rung.
                rig.bus.dispatch_if_rung();
                drop(end(rig));
            })
        };
        if cancelled {
            canceller.cancel();
        }
        let event = wait(&mut reader);
        assert!(matches!(&event, Ok(Event::Frame(_))));
        aside.join().unwrap();
        dispatcher.join().unwrap();
        drop((event, end(reader), end(canceller)));
        assert_eq!(rig.held(), 0);
        drop(end(rig));
    });
}

fn leaves(_: &Rig, reader: Subscriber) {
    drop(reader);
}

#[test]
fn a_reader_that_leaves_takes_no_wake_up_along() {
    beside(Fault::None, leaves);
}

/// The other reader cancels it, before it lies down itself.
fn is_cancelled(_: &Rig, mut reader: Subscriber) {
    let event = wait(&mut reader);
    assert!(matches!(event, Err(WaitError::Cancelled) | Ok(Event::Frame(_))));
}

#[test]
fn a_reader_that_is_cancelled_takes_no_wake_up_along() {
    beside_one(Fault::None, true, is_cancelled);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_one_wake_up_for_two_is_taken_along_by_who_is_cancelled() {
    beside_one(Fault::WakesTheLast, true, is_cancelled);
}

/// A task that panics drops what it waited with, in the middle of its wait.
fn panics(_: &Rig, mut reader: Subscriber) {
    let mut context = Context::from_waker(Waker::noop());
    let event = Box::pin(reader.recv()).as_mut().poll(&mut context);
    drop((event, reader));
}

#[test]
fn a_task_that_panics_in_its_sleep_takes_no_wake_up_along() {
    beside(Fault::None, panics);
}

fn wakes(_: &Rig, mut reader: Subscriber) {
    let event = wait(&mut reader);
    assert!(matches!(event, Ok(Event::Frame(_))));
}

#[test]
fn two_sleepers_are_both_woken() {
    beside(Fault::None, wakes);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_one_wake_up_for_two_lets_one_sleep_on() {
    beside(Fault::WakesTheLast, wakes);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_one_wake_up_for_two_is_taken_along_by_who_panics() {
    beside(Fault::WakesTheLast, panics);
}

/// A cancelled reader wakes wherever it is.
fn cancelled(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let canceller = keep(reader.canceller());
        let other = thread::spawn(move || {
            canceller.cancel();
            drop(end(canceller));
        });
        let event = wait(&mut reader);
        assert!(matches!(event, Err(WaitError::Cancelled)));
        other.join().unwrap();
        drop((end(reader), end(rig)));
    });
}

#[test]
fn a_cancelled_reader_wakes() {
    cancelled(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_who_rings_before_it_cancels_lets_a_reader_sleep_on() {
    cancelled(Fault::RingsFirst);
}

/// A task is polled by one waker and then, unasked, by another one, while the dispatcher wakes it by whichever it finds.
fn changes_its_waker(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                rig.bus.dispatch_if_rung();
                drop(end(rig));
            })
        };
        let event = wait_as_task(&mut reader, 2);
        assert!(matches!(&event, Ok(Event::Frame(_))));
        camera.join().unwrap();
        drop((event, end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn a_task_that_changes_its_waker_is_woken() {
    changes_its_waker(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_task_that_does_not_look_again_sleeps_on() {
    changes_its_waker(Fault::LooksOnce);
}

/// A waker that uses the bus when it is dropped, as that of an executor that drops its task may.
struct Cancels(Canceller);

impl Wake for Cancels {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Cancels {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Such a waker is replaced while the dispatcher may be about to use it.
fn drops_a_waker(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                rig.bus.dispatch_if_rung();
                drop(end(rig));
            })
        };
        let mut waker = keep(Waker::from(Arc::new(Cancels(reader.canceller()))));
        let mut receiving = keep(reader.recv());
        let first = Pin::new(&mut *receiving).poll(&mut Context::from_waker(&waker));
        drop(end(std::mem::replace(&mut waker, keep(Waker::noop().clone()))));
        // The bus has the only one now: it goes when the dispatcher has taken it, or here.
        let second = Pin::new(&mut *receiving).poll(&mut Context::from_waker(&waker));
        assert!(first.is_ready() || second.is_ready(), "the cancellation went nowhere");
        drop((first, second, end(waker), end(receiving)));
        camera.join().unwrap();
        drop(end(reader));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn a_waker_may_use_the_bus_when_it_is_dropped() {
    drops_a_waker(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_waker_dropped_under_its_lock_cannot_use_the_bus() {
    drops_a_waker(Fault::DropsUnderLock);
}
