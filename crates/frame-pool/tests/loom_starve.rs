//! Model of a used-up reserve: the keeper waits for a block, and the last dropper of a frame in the reserve tells it.
//!
//! Covered: every interleaving, within the preemption bound, of a keeper that looks, starves and sleeps with the last dropper. A
//! wake-up that is lost is a deadlock, which loom reports. Not covered: what the stream does when nothing comes (`Pressure`).
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
use loom::thread;
use model::windows::Rig;

/// What the keeper does where it finds no block.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Says that it starves, looks again, sleeps.
    StarveAndLook,
    /// Says it, and sleeps.
    Starve,
    /// Sleeps.
    Sleep,
}

fn starving(then: Then, fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(1, fault));
        // The reserve's one block is leased, and so is the ring's.
        let (_, in_reserve) = rig.pool.publish_copy(7).unwrap();
        let in_reserve = ManuallyDrop::new(in_reserve);
        let in_ring = ManuallyDrop::new(rig.eof(1).unwrap());
        let dropper = thread::spawn(move || drop(ManuallyDrop::into_inner(in_reserve)));
        let bell = ManuallyDrop::new(rig.pool.bell());
        loop {
            let ticket = bell.listen();
            if rig.rescue() {
                break;
            }
            let again = match then {
                Then::StarveAndLook => rig.pool.starve(),
                Then::Starve => {
                    let _ = rig.pool.starve();
                    false
                }
                Then::Sleep => false,
            };
            if !again {
                bell.wait_for_ring(ticket);
            }
        }
        rig.read(&in_ring);
        dropper.join().unwrap();
        drop(ManuallyDrop::into_inner(in_ring));
        rig.retire();
        assert!(rig.pool.occupied() == 0 && rig.pool.has_free_reserve());
        drop(ManuallyDrop::into_inner(bell));
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn a_keeper_without_a_block_is_told_of_the_next() {
    starving(Then::StarveAndLook, Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_keeper_that_does_not_say_that_it_starves_sleeps_for_ever() {
    starving(Then::Sleep, Fault::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn control_a_keeper_that_does_not_look_again_sleeps_beside_a_free_block() {
    starving(Then::Starve, Fault::None);
}

/// Ordering mutation: starving without acquire.
#[test]
#[should_panic(expected = "deadlock")]
fn control_a_relaxed_starve_sleeps_beside_a_free_block() {
    starving(Then::StarveAndLook, Fault::RelaxedStarve);
}
