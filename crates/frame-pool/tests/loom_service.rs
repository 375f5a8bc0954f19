//! Models of the service thread: a full ring whose leases all go, with no callback left to retire them.
//!
//! Covered: every interleaving, with 2 preemptions, of droppers, the last callbacks and the sleeping service thread; a wake-up that
//! is lost is a deadlock, which loom reports. Not covered: who nudges, and streams that close meanwhile.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
use loom::thread;
use model::Rig;

/// The service thread: sleeps, retires when rung, ends when all `until` slots came back.
fn serve(rig: &Rig, until: u64) {
    let bell = rig.pool.bell();
    loop {
        let ticket = bell.listen();
        rig.retire();
        if rig.unlocked() >= until {
            return;
        }
        bell.wait_for_ring(ticket);
    }
}

/// Ring full, all dropped on two threads, no further end of frame: the service thread must wake and retire all. A wake-up
/// that is lost is a deadlock, which loom reports.
#[test]
fn ring_full_all_dropped_no_further_eof() {
    let mut builder = loom::model::Builder::new();
    // Three threads that sleep and retire: with 3 preemptions these two models take minutes.
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let rig = Rig::new(2, Fault::None);
        let (first, second) = (rig.eof(1).unwrap(), rig.eof(2).unwrap());
        let service = {
            let rig = rig.clone();
            thread::spawn(move || serve(&rig, 2))
        };
        let reader = thread::spawn(move || drop(second));
        drop(first);
        reader.join().unwrap();
        service.join().unwrap();
        assert_eq!(rig.unlocked(), 2);
    });
}

/// The last frames of a ring of four arrive while an older one is dropped: either the dropper sees the mark of who stopped at
/// its slot and rings, or that one sees the vacancy. In both cases the slot comes back without a further callback.
fn filling_up(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    // Three threads that sleep and retire: with 3 preemptions these two models take minutes.
    builder.preemption_bound = Some(2);
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(4, fault));
        let first = rig.eof(1).unwrap();
        let service = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || serve(&rig, 1))
        };
        let dropper = thread::spawn(move || drop(first));
        // Three more frames are written and held: then no callback comes any more.
        let held = ManuallyDrop::new([2, 3, 4].map(|n| rig.eof(n).unwrap()));
        dropper.join().unwrap();
        if rig.unlocked() == 1 {
            rig.pool.bell().ring(); // a callback did it: the service thread has no reason to wake by itself
        }
        service.join().unwrap();
        assert_eq!(rig.unlocked(), 1);
        drop(ManuallyDrop::into_inner(held));
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn a_drop_beside_the_last_callbacks_is_never_forgotten() {
    filling_up(Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_held_slot_that_is_not_marked_is_forgotten() {
    filling_up(Fault::StopWithoutMark);
}
