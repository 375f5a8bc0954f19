//! Models of the end: the pool's handle goes while leases are still being dropped elsewhere.
//!
//! Covered: every interleaving of the last handle with the last droppers of frames in the ring and in the reserve: the pool outlives
//! them all, and goes with the last. Not covered: streams that are still served; the service thread ends before the handle.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::{Fault, ModelPool};
use loom::thread;
use model::Rig;

/// Late droppers touch the ring and the doorbell after their slot went vacant: the pool must outlive them.
fn late_droppers(free_early: bool) {
    loom::model(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(2, Fault::None));
        let (first, second) = (rig.eof(1).unwrap(), rig.eof(2).unwrap());
        let droppers: Vec<_> = [first, second].into_iter().map(|l| thread::spawn(move || drop(l))).collect();
        rig.retire();
        if free_early {
            rig.pool.free_when_ring_is_empty();
        }
        drop(ManuallyDrop::into_inner(rig));
        for dropper in droppers {
            dropper.join().unwrap();
        }
    });
}

#[test]
fn the_pool_outlives_its_last_dropper() {
    late_droppers(false);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_pool_freed_at_tail_equals_head_is_used_after() {
    late_droppers(true);
}

/// A frame of the ring and a copy in the reserve are dropped beside the last handle, which may find either leased, or marked, or
/// gone: whoever is last frees the pool, once.
fn freed_by_the_last(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        // Of four, so that nothing is marked before: the last handle does it.
        let rig = ManuallyDrop::new(Rig::new(4, fault));
        let in_ring = ManuallyDrop::new(rig.eof(1).unwrap());
        let (_, in_reserve) = rig.pool.publish_copy(2).unwrap();
        let in_reserve = ManuallyDrop::new(in_reserve);
        let bell = std::sync::Arc::downgrade(&rig.pool.bell());
        let droppers =
            [in_ring, in_reserve].map(|l| thread::spawn(move || drop(ManuallyDrop::into_inner(l))));
        drop(ManuallyDrop::into_inner(rig));
        droppers.into_iter().for_each(|dropper| dropper.join().unwrap());
        assert!(ModelPool::is_freed(&bell), "the pool was never freed");
    });
}

#[test]
fn the_last_of_handle_and_leases_frees_the_pool() {
    freed_by_the_last(Fault::None);
}

#[test]
#[should_panic(expected = "the pool was never freed")]
fn control_a_frame_that_counts_twice_as_an_owner_leaks_the_pool() {
    freed_by_the_last(Fault::OwnerTwice);
}

/// Ordering mutation: the last handle's look at who is leased without acquire.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_look_frees_the_pool_beside_its_last_dropper() {
    freed_by_the_last(Fault::RelaxedLook);
}
