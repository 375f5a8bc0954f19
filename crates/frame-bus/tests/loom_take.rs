//! Models of publishing against taking: each frame is taken or told as lost, once, with its number; each lease is dropped once.
//!
//! Covered: one publisher, one reader, three frames, mailboxes of one. Not covered: deeper ones, whose cells are used in the same way.
#![cfg(pool_loom)]

mod model;

use frame_bus::Policy;
use frame_bus::model::Fault;
use loom::thread;
use model::{Rig, Told, check, end, keep};

fn publish_against_take(policy: Policy, frames: u64, fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(policy));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                (1..=frames).for_each(|number| rig.eof(number));
                drop(end(rig));
            })
        };
        let mut told = Told::default();
        told.wait_and_read(&mut reader);
        camera.join().unwrap();
        rig.bus.close();
        told.read(&mut reader);
        assert!(told.closed);
        told.is_whole(frames);
        let displaces = matches!(policy, Policy::DropOldest { .. });
        assert!(!displaces || told.taken.contains(&frames), "the newest frame is lost: {told:?}");
        let books = end(reader).leave();
        assert!(books.balance(), "{books}");
        assert_eq!((books.taken, books.lost()), (told.taken.len() as u64, told.lost.len() as u64));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn a_displaced_frame_is_told_and_dropped_once() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 3, Fault::None);
}

#[test]
fn two_cells_are_displaced_in_order() {
    publish_against_take(Policy::DropOldest { depth: 2 }, 3, Fault::None);
}

#[test]
fn a_refused_frame_is_told_and_dropped_once() {
    publish_against_take(Policy::DropNewest { depth: 1 }, 3, Fault::None);
}

#[test]
#[should_panic(expected = "the newest frame is lost")]
fn control_a_reader_that_drops_the_younger_frame_loses_the_newest() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 3, Fault::KeepsTheYounger);
}

#[test]
#[should_panic(expected = "3 displaced")]
fn control_a_claim_without_asking_counts_a_frame_twice() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 3, Fault::ClaimsUnasked);
}

/// What a viewer takes is never older than what was published before it asked.
#[test]
fn a_viewer_gets_the_newest_that_was_published_before() {
    check(|| {
        let rig = keep(Rig::new(Fault::None));
        let mut viewer = keep(rig.join(Policy::Latest));
        rig.eof(1);
        rig.eof(2);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(3);
                drop(end(rig));
            })
        };
        let mut told = Told::default();
        told.read(&mut viewer);
        assert!(told.taken.first().is_some_and(|first| *first >= 2), "{told:?}");
        camera.join().unwrap();
        told.read(&mut viewer);
        assert_eq!(told.taken.last(), Some(&3));
        drop(end(viewer));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}
