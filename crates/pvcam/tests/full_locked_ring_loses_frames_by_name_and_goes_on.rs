//! Readers that hold every slot of a lossy ring lose frames; the books say how many and why, and the stream goes on.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use pvcam::{LossCause, StreamMode};
use support::*;

fn full_ring(numbers_count_lost: bool) {
    let trust = trust("lossy");
    let rig = rig(&format!(
        "clock = \"stepped\"\nno_overwrite = \"lossy\"\nframe_nr_counts_lost = {numbers_count_lost}"
    ));
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust).reserve(0);
    let (session, frames) = start(arm(camera, plan));
    rig.step(8);
    let held: Vec<_> = (0..8).map(|_| next(&frames)).collect();
    // The ring is full: three frames find no slot, and no callback comes that could tell.
    rig.step(3);
    assert_eq!(frames.unread(), 0);
    held.iter().for_each(assert_counter_scene);
    drop(held);
    // A drop has woken the service thread, which may be put aside between two unlocks: there has to be room for two frames.
    until(|| rig.stats().unlocks >= 2);
    rig.step(2);
    let (first, second) = (next(&frames), next(&frames));
    assert_counter_scene(&first);
    assert_counter_scene(&second);
    assert_eq!(first.record().camera_number, Some(12));
    assert_eq!((first.record().lost_before, second.record().lost_before), (3, 0));
    let loss = session.next_loss().expect("a loss was noted");
    assert_eq!((loss.cause, loss.first, loss.count), (LossCause::RingFull, 9, 3));
    assert_eq!(session.delivery(), StreamMode::Locked);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost_ring_full, books.lost(), books.copied_bytes), (10, 3, 3, 0));
    assert_balanced(&books);
}

#[test]
fn with_frame_numbers_that_count_the_lost() {
    full_ring(true);
}

#[test]
fn with_frame_numbers_that_do_not_count_the_lost() {
    full_ring(false);
}

/// The ring stays full for longer than a round, and the host numbers only what it stores: the time that has passed says that
/// frames were lost, and not that the slot was written over.
#[test]
fn for_longer_than_a_round_by_numbers_that_do_not_count_the_lost() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"\nframe_nr_counts_lost = false");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust).reserve(0);
    let (session, frames) = start(arm(camera, plan));
    rig.step(8);
    let held: Vec<_> = (0..8).map(|_| next(&frames)).collect();
    rig.step(21);
    drop(held);
    until(|| rig.stats().unlocks > 0);
    rig.step(1);
    let first = next(&frames);
    assert_counter_scene(&first);
    assert_eq!((first.record().camera_number, first.record().lost_before), (Some(30), 21));
    assert_eq!(session.delivery(), StreamMode::Locked, "nothing speaks against the ring");
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost_ring_full, books.lost()), (9, 21, 21), "{books}");
    assert_balanced(&books);
}
