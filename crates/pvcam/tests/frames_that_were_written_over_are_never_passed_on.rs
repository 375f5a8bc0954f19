//! An overwriting ring whose notifications come late or whose slots are torn: what is no longer there is lost by name, and
//! no picture is ever given under another frame's number.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use pvcam::{Books, Lease, StreamMode};
use support::*;

/// Steps frame by frame, and takes what comes.
fn run(faults: &str, frames_to_step: u32) -> (Vec<Lease>, Books) {
    let rig = rig(&format!("clock = \"stepped\"\n[camera.faults]\n{faults}"));
    let camera = rig.open();
    let plan = continuous(&camera).reserve(64);
    let (session, frames) = start(arm(camera, plan));
    for _ in 0..frames_to_step {
        rig.step(1);
        until(|| session.books().in_flight == 0);
    }
    let books = session.stop().expect("it stops").books;
    let leases = rest(&frames);
    leases.iter().for_each(assert_counter_scene);
    assert_eq!(leases.len() as u64, books.delivered);
    assert_balanced(&books);
    (leases, books)
}

#[test]
fn a_burst_that_comes_late_but_in_time() {
    let (leases, books) = run("late_burst = { at = 3, frames = 6 }", 20);
    assert_eq!(numbers(&leases), (1..=20).collect::<Vec<_>>());
    assert_eq!(books.lost(), 0);
}

#[test]
fn a_burst_that_comes_after_the_camera_has_gone_round() {
    // Frames 3 to 14 are announced together, of which the SDK's queue keeps 8: 3 to 10. By then the ring of 8 holds 7 to 14.
    let (leases, books) = run("late_burst = { at = 3, frames = 12 }", 20);
    assert_eq!(numbers(&leases), [1, 2, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20]);
    assert_eq!((books.highest, books.torn, books.lost_notification), (20, 4, 4), "{books}");
    assert_eq!(leases[2].record().lost_before, 4);
}

#[test]
fn a_slot_that_is_written_while_its_frame_is_announced() {
    let (leases, books) = run("torn_early = [5]", 10);
    assert_eq!(numbers(&leases), [1, 2, 3, 4, 6, 7, 8, 9, 10]);
    assert_eq!((books.torn, books.lost()), (1, 1), "{}", books);
}

#[test]
fn frames_lost_in_the_camera_by_whole_rounds_of_the_ring() {
    // Eight in a row, and the ring has eight slots: at first it looks as if frame 3 had been written over.
    let (leases, books) = run("lose_in_camera = [3, 4, 5, 6, 7, 8, 9, 10]", 20);
    let by_camera: Vec<u64> = leases.iter().filter_map(|lease| lease.record().camera_number).collect();
    assert_eq!(by_camera, [1, 2, 12, 13, 14, 15, 16, 17, 18, 19, 20], "one frame is the price of being sure");
    assert_eq!((books.highest, books.torn, books.lost_in_camera), (20, 1, 8), "{books}");
}

/// A locked ring, frame by frame; the last frame's books.
fn run_locked(faults: &str, frames_to_step: u32) -> (Vec<u64>, Books, StreamMode) {
    let trust = trust("lossy");
    let rig = rig(&format!("clock = \"stepped\"\nno_overwrite = \"lossy\"\n[camera.faults]\n{faults}"));
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    let (session, frames) = start(arm(camera, plan));
    let mut by_camera = Vec::new();
    for _ in 0..frames_to_step {
        rig.step(1);
        until(|| session.books().in_flight == 0);
        if let Some(lease) = frames.try_next() {
            assert_counter_scene(&lease);
            by_camera.extend(lease.record().camera_number);
        }
    }
    let delivery = session.delivery();
    let books = session.stop().expect("it stops").books;
    assert_eq!(by_camera.len() as u64, books.delivered);
    assert_balanced(&books);
    (by_camera, books, delivery)
}

#[test]
fn a_slot_of_a_locked_ring_that_is_written_over_ends_the_trust_in_it() {
    for torn in [1, 5, 8] {
        let (arrived, books, delivery) = run_locked(&format!("torn_early = [{torn}]"), 20);
        assert_eq!(arrived, (1..=20).filter(|&number| number != torn).collect::<Vec<_>>());
        assert_eq!((books.torn, books.lost(), delivery), (1, 1, StreamMode::Copied), "{books}");
    }
}

/// Its own time tells a frame after a long loss from one that was written over, which the tests above make: that one is announced
/// a round too soon.
#[test]
fn a_number_that_is_too_high_is_the_cameras_loss_if_there_was_time_for_it() {
    for lost in [7, 8, 16, 30] {
        let numbers: Vec<u64> = (3..3 + lost).collect();
        let all = 20 + u32::try_from(lost).expect("few");
        let (arrived, books, delivery) = run_locked(&format!("lose_in_camera = {numbers:?}"), all);
        assert_eq!(arrived, (1..=all.into()).filter(|n| !numbers.contains(n)).collect::<Vec<_>>());
        assert_eq!((books.torn, books.lost_in_camera, delivery), (0, lost, StreamMode::Locked), "{books}");
    }
}
