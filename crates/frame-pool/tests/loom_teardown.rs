//! Models of the end: the pool's handle goes while leases are still being dropped elsewhere.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
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
