//! A camera at ten thousand frames a second against readers that hold frames for a while: whatever is lost is counted, and what is delivered is
//! exact, in order, and stays so for as long as it is held.

#![expect(clippy::expect_used, clippy::panic, reason = "what does not work here fails the test")]

mod support;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pvcam::{Lease, StreamMode};
use support::*;

const RUN: Duration = Duration::from_millis(700);

/// Takes frames for a while, and holds up to `hold` of them.
fn read(session: &pvcam::Session, frames: &pvcam::Frames, hold: usize) {
    let mut held: VecDeque<Lease> = VecDeque::new();
    let (begun, mut last) = (Instant::now(), 0);
    while begun.elapsed() < RUN {
        let lease = match frames.next_within(SOON) {
            Ok(Some(lease)) => lease,
            other => panic!("{other:?}: {}", session.books()),
        };
        let number = lease.record().camera_number.expect("the camera numbers its frames");
        assert!(number > last, "{number} after {last}");
        last = number;
        held.push_back(lease);
        if held.len() > hold {
            let oldest = held.pop_front().expect("there is one");
            assert_counter_scene(&oldest);
        }
    }
    held.iter().for_each(assert_counter_scene);
    assert!(last > 20, "it went on: {last}");
}

fn under_pressure(story: &str, hold: usize, counts_lost: bool) {
    let trust = trust(story);
    let rig = rig(&format!("no_overwrite = \"{story}\"\nspeed = 10\nframe_nr_counts_lost = {counts_lost}"));
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    let in_place = trust.locks_hold();
    let (session, frames) = start(arm(camera, plan));
    read(&session, &frames, hold);
    let expected = if in_place { StreamMode::Locked } else { StreamMode::Copied };
    assert_eq!(session.delivery(), expected, "{}", session.books());
    let stopped = session.stop().expect("it stops");
    let books = stopped.books;
    assert_balanced(&books);
    assert_eq!(books.copied_bytes == 0, in_place);
    if in_place {
        assert_eq!((books.torn, books.unlock_refused), (0, 0), "{books}");
    }
    rest(&frames).iter().for_each(assert_counter_scene);
}

#[test]
fn in_place_with_quick_readers() {
    under_pressure("lossy", 2, true);
}

#[test]
fn in_place_with_slow_readers() {
    under_pressure("lossy", 7, true);
}

#[test]
fn in_place_with_slow_readers_and_numbers_that_do_not_count_the_lost() {
    under_pressure("lossy", 9, false);
}

#[test]
fn by_copies() {
    under_pressure("flag_error", 2, true);
}
