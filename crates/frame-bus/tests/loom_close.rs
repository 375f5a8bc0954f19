//! Models of the end: what was published before it is taken before it is told, and no reader sleeps through it.
#![cfg(pool_loom)]

mod model;

use std::time::Duration;

use frame_bus::model::Fault;
use frame_bus::{Filter, Policy, Request};
use loom::thread;
use model::{Rig, Told, check, end, explore, keep, wait_as_task};

/// The camera delivers on one thread while another one closes; the reader looks in between. The short way is taken by a second frame.
fn publish_against_close(is_easy: bool, fault: Fault) {
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(2, fault));
        let mut reader = keep(rig.join(Policy::Every { depth: 2 }));
        let number = 1 + u64::from(is_easy);
        (1..number).for_each(|before| rig.eof(before));
        assert_eq!(rig.bus.is_easy(), is_easy);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(number);
                drop(end(rig));
            })
        };
        rig.bus.close();
        let mut told = Told::default();
        told.read(&mut reader);
        camera.join().unwrap();
        if !told.closed {
            told.read(&mut reader);
        }
        let after = reader.try_recv();
        assert!(
            matches!(after, Some(frame_bus::Event::Closed(_))),
            "a frame after the end: {after:?}, {told:?}"
        );
        drop((after, end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn no_frame_comes_after_the_end() {
    publish_against_close(false, Fault::None);
}

#[test]
fn no_frame_comes_after_the_end_by_the_short_way() {
    publish_against_close(true, Fault::None);
}

#[test]
#[should_panic(expected = "a frame after the end")]
fn control_an_end_told_during_a_delivery_is_followed_by_a_frame() {
    publish_against_close(false, Fault::EndUnasked);
}

#[test]
#[should_panic(expected = "a frame after the end")]
fn control_an_end_told_beside_the_short_way_is_followed_by_a_frame() {
    publish_against_close(true, Fault::EndUnasked);
}

fn sleep_through_the_end(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::Latest));
        let closer = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.bus.close();
                rig.bus.dispatch_if_rung();
                drop(end(rig));
            })
        };
        let event = reader.recv_within(Duration::MAX);
        assert!(matches!(event, Ok(frame_bus::Event::Closed(_))));
        closer.join().unwrap();
        drop((event, end(reader), end(rig)));
    });
}

#[test]
fn nobody_sleeps_through_the_end() {
    sleep_through_the_end(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_dispatcher_that_is_not_rung_lets_readers_sleep() {
    sleep_through_the_end(Fault::NotRung);
}

/// The bus is closed in the middle of a delivery. A task that asks then is told no, and falls asleep: who ends the delivery wakes it.
fn asleep_when_a_delivery_ends(fault: Fault) {
    // Four threads: two preemptions are what can be explored in time.
    explore(Some(2), move || {
        let rig = keep(Rig::new(fault));
        // No frame is for it: what it waits for is the end.
        let request = Request::new("reader", Policy::Latest).filter(Filter::numbers(9, 9)).holds(0);
        let mut reader = keep(rig.bus.subscribe(&request).unwrap());
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                drop(end(rig));
            })
        };
        let dispatcher = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.bus.close();
                // As when the bus is dropped: one more turn, and nobody is there any more.
                rig.bus.quit();
                rig.bus.dispatch();
                drop(end(rig));
            })
        };
        let event = wait_as_task(&mut reader, 0);
        assert!(matches!(event, Ok(frame_bus::Event::Closed(_))));
        camera.join().unwrap();
        dispatcher.join().unwrap();
        drop((event, end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn no_task_sleeps_through_an_end_that_came_during_a_delivery() {
    asleep_when_a_delivery_ends(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_task_that_does_not_ask_again_sleeps_through_the_end() {
    asleep_when_a_delivery_ends(Fault::AsksNotAgain);
}
