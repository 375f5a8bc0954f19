//! Model of the reserve: a window given back by a reader is filled again by the copier.
//!
//! Covered: every interleaving of the two droppers of a copy with the copier's next use of its block. Not covered: the copy itself,
//! whose source may be written meanwhile.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::{Fault, ModelPool};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct Block(UnsafeCell<u64>);
// SAFETY: loom checks every access and fails the model on a race.
unsafe impl Sync for Block {}
// SAFETY: as above.
unsafe impl Send for Block {}

fn reserve(fault: Fault) {
    loom::model(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let pool = ManuallyDrop::new(ModelPool::broken(1, 1, fault));
        let block = Arc::new(Block(UnsafeCell::new(0)));
        // SAFETY: nobody reads before the lease exists.
        block.0.with_mut(|p| unsafe { *p = 1 });
        let (_, lease) = pool.publish_copy(1).unwrap();
        let reader = {
            let block = Arc::clone(&block);
            let mine = lease.clone();
            thread::spawn(move || {
                // SAFETY: the lease holds the block; loom checks it.
                block.0.with(|p| assert_eq!(unsafe { *p }, mine.record().number));
            })
        };
        drop(lease);
        if pool.has_free_reserve() {
            // SAFETY: a free window has no reader; loom checks it.
            block.0.with_mut(|p| unsafe { *p = 2 });
            let (_, lease) = pool.publish_copy(2).unwrap();
            assert_eq!(lease.record().number, 2);
        }
        reader.join().unwrap();
        drop(ManuallyDrop::into_inner(pool));
    });
}

#[test]
fn the_copier_fills_only_what_nobody_reads() {
    reserve(Fault::None);
}

#[test]
#[should_panic]
fn control_a_relaxed_drop_lets_the_copier_in() {
    reserve(Fault::RelaxedDrop);
}

/// Ordering mutation: the block goes back to the free set without release.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_give_lets_the_copier_in() {
    reserve(Fault::RelaxedGive);
}
