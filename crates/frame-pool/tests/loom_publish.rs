//! Model of the head: who retires meets a frame that is being published at this moment.
//!
//! Covered: every interleaving, within the preemption bound, of one publisher with another thread that retires (the service thread,
//! nudged). Not covered: two publishers, which the producer's contract forbids.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
use loom::thread;
use model::Rig;

/// A ring of three, so that it is not nearly full, where who retires looks twice.
fn publish(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(3, fault));
        let service = {
            let rig = ManuallyDrop::new(Rig::clone(&rig));
            thread::spawn(move || {
                rig.retire();
                drop(ManuallyDrop::into_inner(rig));
            })
        };
        let lease = ManuallyDrop::new(rig.eof(1).unwrap());
        service.join().unwrap();
        assert_eq!(rig.unlocked(), 0, "a held frame was given back to the camera");
        rig.read(&lease);
        drop(ManuallyDrop::into_inner(lease));
        rig.retire();
        assert_eq!(rig.unlocked(), 1);
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn a_frame_that_is_being_published_is_not_given_back() {
    publish(Fault::None);
}

/// Ordering mutation: the head without release.
#[test]
#[should_panic(expected = "a held frame was given back to the camera")]
fn control_a_relaxed_head_gives_back_a_frame_that_is_being_published() {
    publish(Fault::RelaxedHead);
}
