//! Models of the rescue: the keeper moves a frame while its readers read, clone and drop it and the camera waits for the block.
//!
//! Covered: every interleaving, within the preemption bound, of a reader (or two with clones), the keeper and the camera's callback
//! on a ring of one block and a reserve of one; that each sees its own frame, that nothing is given back twice or never. Not
//! covered: the kernel's part, which `model/windows.rs` plays as it is promised; the self-test and the hammer try the real one.
#![cfg(pool_loom)]

mod model;

use std::mem::ManuallyDrop;

use frame_pool::model::Fault;
use loom::thread;
use model::windows::Rig;

/// One reader, the keeper, and a camera that waits for the only block. Whatever the order, the reader sees its own frame, the
/// camera gets the block exactly once, and window and reserve block come back when all is dropped.
fn rescue(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        let rig = ManuallyDrop::new(Rig::new(1, fault));
        let first = rig.eof(1).unwrap();
        let reader = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                rig.read(&first);
                rig.read(&first);
                drop(first);
            })
        };
        let keeper = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                rig.rescue();
                rig.retire();
            })
        };
        rig.retire(); // as a callback would: the block may be vacant by the reader's hand or the keeper's
        if let Some(second) = rig.eof(2) {
            rig.read(&second);
            drop(second);
        }
        reader.join().unwrap();
        keeper.join().unwrap();
        rig.retire();
        assert_eq!(rig.pool.occupied(), 0, "a slot was never given back");
        assert!(rig.pool.has_free_reserve(), "the reserve block was lost");
        // The pair that came back works: the next frame is seen through whichever window looks at the block now.
        let next = rig.unlocked() + 1;
        let lease = rig.eof(next).unwrap();
        rig.read(&lease);
        drop(lease);
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn rescue_against_the_last_drop() {
    rescue(Fault::None);
}

#[test]
#[should_panic]
fn control_a_block_given_away_before_the_repoint_is_written_under_its_reader() {
    rescue(Fault::VacateBeforeRepoint);
}

/// Two clones on two threads while the keeper moves the frame: the last one gives back the reserve block, exactly once.
#[test]
fn rescue_against_clones() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let rig = ManuallyDrop::new(Rig::new(1, Fault::None));
        let first = rig.eof(1).unwrap();
        let readers: Vec<_> = [first.clone(), first]
            .into_iter()
            .map(|lease| {
                let rig = Rig::clone(&rig);
                thread::spawn(move || {
                    rig.read(&lease);
                    drop(lease);
                })
            })
            .collect();
        rig.rescue();
        rig.retire();
        for reader in readers {
            reader.join().unwrap();
        }
        rig.retire();
        assert_eq!(rig.pool.occupied(), 0);
        assert!(rig.pool.has_free_reserve());
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
#[should_panic(expected = "the reserve block was lost")]
fn control_marks_read_apart_from_the_count_lose_a_reserve_block() {
    rescue(Fault::MarksReadApart);
}

/// Ordering mutation: the window's store without release.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_window_lets_the_camera_write_while_the_frame_is_copied_out() {
    rescue(Fault::RelaxedWindow);
}

/// Ordering mutation: the first count of a frame without release.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_fill_lets_the_keeper_read_an_old_record() {
    rescue(Fault::RelaxedFill);
}
