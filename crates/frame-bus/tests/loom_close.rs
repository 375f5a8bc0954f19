//! Models of the end: what was published before it is taken before it is told, and no reader sleeps through it.
#![cfg(pool_loom)]

mod model;

use std::time::Duration;

use frame_bus::Policy;
use frame_bus::model::Fault;
use loom::thread;
use model::{Rig, Told, check, end, keep};

/// The camera delivers on one thread while another one closes; the reader sleeps in between.
fn publish_against_close(fault: Fault) {
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(2, fault));
        let mut reader = keep(rig.join(Policy::Every { depth: 2 }));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
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
    publish_against_close(Fault::None);
}

#[test]
#[should_panic(expected = "a frame after the end")]
fn control_an_end_told_during_a_delivery_is_followed_by_a_frame() {
    publish_against_close(Fault::EndUnasked);
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
