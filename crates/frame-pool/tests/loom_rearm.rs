//! Models of stop and re-arm: a run ends while its readers are late, and the next one opens on the same pool.
//!
//! Covered: every interleaving, within the preemption bound, of late readers and droppers on threads of their own with who opens
//! the ring again. Held frames are moved into the reserve, or the ring is refused; nothing is ever written or published under a
//! reader, and nothing that comes back is lost. Not covered: callbacks of the old run that come late, which the driver waits for
//! before it opens again.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use frame_pool::model::Fault;
use loom::thread;
use model::windows::Rig;

/// How the second run began, counted over all interleavings; not part of the model.
static OPENED: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// A frame of the first run with a late reader for each of its `leases`, and a second run. `reserve` 0: nothing can be moved.
fn rearm(reserve: u32, leases: u32, bound: usize, fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(3).min(bound));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(reserve, fault));
        let first = rig.eof(1).unwrap();
        let mut all: Vec<_> = (1..leases).map(|_| first.clone()).collect();
        all.push(first);
        let readers: Vec<_> = all
            .into_iter()
            .map(|lease| {
                let mine = ManuallyDrop::new((Rig::clone(&rig), lease));
                thread::spawn(move || {
                    let (rig, lease) = &*mine;
                    rig.read(lease);
                    rig.read(lease);
                    drop(ManuallyDrop::into_inner(mine));
                })
            })
            .collect();
        match rig.rearm() {
            Ok(()) => {
                OPENED.fetch_add(1, Relaxed);
                // The second run writes the very block, whoever still reads the first one's frame.
                let lease = rig.eof_as(1, 11).expect("a new run has its ring");
                rig.read(&lease);
                drop(lease);
            }
            Err(held) => {
                REFUSED.fetch_add(1, Relaxed);
                assert_eq!((held, reserve), (1, 0), "refused only where nothing can be moved");
            }
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(rig.rearm(), Ok(()), "nobody holds anything any more");
        assert!(reserve == 0 || rig.pool.has_free_reserve(), "the reserve block was lost");
        let lease = rig.eof_as(1, 21).expect("a new run has its ring");
        rig.read(&lease);
        drop(lease);
        rig.retire();
        assert_eq!((rig.pool.occupied(), rig.unlocked()), (0, 1));
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn a_new_run_moves_what_is_held_or_finds_it_free() {
    rearm(1, 1, 3, Fault::None);
}

#[test]
fn a_new_run_moves_what_two_readers_hold() {
    rearm(1, 2, 2, Fault::None);
}

#[test]
fn without_a_reserve_a_held_frame_refuses_the_new_run() {
    rearm(0, 1, 3, Fault::None);
    // Both ends were met, so neither was left untried.
    assert!(OPENED.load(Relaxed) > 0 && REFUSED.load(Relaxed) > 0);
}

#[test]
#[should_panic]
fn control_a_new_run_that_does_not_ask_writes_under_a_reader() {
    rearm(0, 1, 3, Fault::RearmUnasked);
}

/// Ordering mutation: the look at the count without acquire.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_look_lets_the_new_run_write_beside_a_last_read() {
    rearm(0, 1, 3, Fault::RelaxedLook);
}
