//! Models of pins: a device reads a pinned frame where it lies, past the windows, while the keeper wants to move it.
//!
//! Covered: every interleaving, within the preemption bound, of pin, transfer and unpin with a rescue and the camera's next frame.
//! Not covered: transfers that go on after the pin is dropped, which is what a pin forbids.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
use loom::thread;
use model::windows::Rig;

fn pinned(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let rig = ManuallyDrop::new(Rig::new(1, fault));
        let first = ManuallyDrop::new(rig.eof(1).unwrap());
        // Pinned before the keeper comes, and unpinned whenever.
        let pin = first.pin().expect("one pin is allowed");
        let device = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                rig.transfer(pin.lease());
                rig.transfer(pin.lease());
                drop(pin);
            })
        };
        rig.rescue();
        rig.retire();
        if let Some(second) = rig.eof(2) {
            drop(second);
        }
        rig.read(&first);
        device.join().unwrap();
        // Unpinned, it can be moved, if it was not yet.
        rig.rescue();
        rig.retire();
        assert!(rig.unlocked() >= 1, "the block was never given back");
        rig.read(&first);
        drop(ManuallyDrop::into_inner(first));
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn a_pinned_frame_lies_still_until_its_transfer_is_over() {
    pinned(Fault::None);
}

#[test]
#[should_panic]
fn control_a_keeper_that_moves_pinned_frames_lets_the_camera_write_under_a_transfer() {
    pinned(Fault::PinsIgnored);
}

/// Ordering mutation: the end of a pin without release.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_unpin_lets_the_camera_write_beside_a_transfer() {
    pinned(Fault::RelaxedUnpin);
}

/// A pin that is asked for while the keeper moves the frame waits for the end of the move, and then sees the new place.
#[test]
fn a_pin_that_comes_while_the_frame_is_moved_waits_for_its_new_place() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let rig = ManuallyDrop::new(Rig::new(1, Fault::None));
        let first = rig.eof(1).unwrap();
        let device = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                let pin = first.pin().expect("one pin is allowed");
                drop(first);
                rig.transfer(pin.lease());
                drop(pin);
            })
        };
        rig.rescue();
        rig.retire();
        if let Some(second) = rig.eof(2) {
            drop(second);
        }
        device.join().unwrap();
        rig.retire();
        assert_eq!(rig.pool.occupied(), 0, "a slot was never given back");
        assert!(rig.pool.has_free_reserve(), "the reserve block was lost");
        drop(ManuallyDrop::into_inner(rig));
    });
}
