//! Models of waking: no reader sleeps on while a frame waits for it, whoever else leaves, is cancelled or panics in its sleep, and
//! none sleeps through the end.
//!
//! Covered: one or two sleeping readers, the publisher, the dispatcher. Not covered: deadlines (models have no clock), and the
//! futex, whose part a mutex plays.
#![cfg(pool_loom)]

mod model;

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use frame_bus::model::Fault;
use frame_bus::{Event, Policy, Subscriber, WaitError};
use loom::thread;
use model::{Rig, check, end, explore, keep};

fn wait(reader: &mut Subscriber) -> Result<Event, WaitError> {
    reader.recv_within(Duration::MAX)
}

fn sleeper(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                drop(end(rig));
            })
        };
        let event = wait(&mut reader);
        assert!(matches!(&event, Ok(Event::Frame(frame)) if frame.record().number == 1));
        camera.join().unwrap();
        drop((event, end(reader), end(rig)));
    });
}

#[test]
fn a_sleeping_reader_is_woken() {
    sleeper(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_publisher_that_asks_too_early_lets_a_reader_sleep_on() {
    sleeper(Fault::SleepersSeenEarly);
}

/// Two readers sleep; `other` is what becomes of the second one.
fn beside(other: fn(&Rig, Subscriber)) {
    // Four threads: two preemptions are what can be explored in time.
    explore(Some(2), move || {
        let rig = keep(Rig::new(Fault::None));
        let mut reader = keep(rig.join(Policy::Latest));
        let second = keep(rig.join(Policy::Latest));
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
        let event = wait(&mut reader);
        assert!(matches!(&event, Ok(Event::Frame(_))));
        aside.join().unwrap();
        dispatcher.join().unwrap();
        drop((event, end(reader)));
        assert_eq!(rig.held(), 0);
        drop(end(rig));
    });
}

#[test]
fn a_reader_that_leaves_takes_no_wake_up_along() {
    beside(|_, reader| drop(reader));
}

#[test]
fn a_reader_that_is_cancelled_takes_no_wake_up_along() {
    beside(|_, mut reader| {
        reader.canceller().cancel();
        let event = wait(&mut reader);
        assert!(matches!(event, Err(WaitError::Cancelled)));
    });
}

/// A task that panics drops what it waited with, in the middle of its wait.
#[test]
fn a_task_that_panics_in_its_sleep_takes_no_wake_up_along() {
    beside(|_, mut reader| {
        let mut context = Context::from_waker(Waker::noop());
        let event = Box::pin(reader.recv()).as_mut().poll(&mut context);
        drop((event, reader));
    });
}

#[test]
fn two_sleepers_are_both_woken() {
    beside(|_, mut reader| {
        let event = wait(&mut reader);
        assert!(matches!(event, Ok(Event::Frame(_))));
    });
}

/// A cancelled reader wakes wherever it is.
#[test]
fn a_cancelled_reader_wakes() {
    check(|| {
        let rig = keep(Rig::new(Fault::None));
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
