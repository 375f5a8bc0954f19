//! No wait is without an end, and each says what is the matter: slow, waiting, died, gone, cancelled.

#![expect(clippy::panic, reason = "what does not work here fails the test")]

mod support;

use std::time::{Duration, Instant};

use pvcam::error::{StopError, TimeoutCause, WaitError};
use support::*;

const SHORT: Duration = Duration::from_millis(30);

fn timed_out(frames: &pvcam::Frames, patience: Duration) -> (TimeoutCause, u64) {
    match frames.next_within(patience) {
        Err(WaitError::Timeout { cause, waited, last, .. }) => {
            assert!(waited >= patience, "it waited to the end");
            (cause, last)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_that_is_not_due_is_slow_and_one_long_due_waits_for_a_trigger() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let armed = arm(camera, plan);
    let usual = armed.settings().frame_time * 5 + Duration::from_millis(150);
    let (session, frames) = start(armed);
    rig.step(2);
    assert!(frames.next_within(SOON).is_ok_and(|frame| frame.is_some()));
    assert!(frames.next_within(SOON).is_ok_and(|frame| frame.is_some()));
    assert_eq!(timed_out(&frames, Duration::ZERO), (TimeoutCause::Slow, 2));
    // The stepped clock stands still: for the driver, a camera that is armed and exposes nothing.
    std::thread::sleep(usual);
    assert_eq!(timed_out(&frames, SHORT), (TimeoutCause::NoTrigger, 2));
    assert_eq!(rig.stats().params_while_running, 0, "nothing but the status was asked for");
    rig.step(1);
    assert_eq!(next(&frames).record().number, 3);
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn a_stream_that_stops_silently_has_died() {
    let rig = rig("clock = \"stepped\"\n[camera.faults]\nsilent_stop_after = 3");
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(rig.step_at_most(10), 3);
    (0..3).for_each(|_| assert_counter_scene(&next(&frames)));
    assert_eq!(timed_out(&frames, SHORT), (TimeoutCause::StreamDied { failure: None }, 3));
    let books = session.stop().expect("it stops all the same").books;
    assert_eq!(books.delivered, 3);
    assert_balanced(&books);
    assert!(matches!(frames.next_within(SOON), Ok(None)));
}

#[test]
fn a_camera_that_is_unplugged_is_gone_and_out_of_use() {
    let rig = rig("clock = \"stepped\"\n[camera.faults]\nunplug_after = 3");
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(rig.step_at_most(10), 3);
    let held: Vec<_> = (0..3).map(|_| next(&frames)).collect();
    let (cause, last) = timed_out(&frames, SHORT);
    assert!(matches!(cause, TimeoutCause::CameraGone { .. }), "{cause:?}");
    assert_eq!(last, 3);
    match session.stop() {
        // Whether a driver confirms an abort of a camera that is gone is the driver's business; if it does not, nothing is
        // freed.
        Err(StopError::Incomplete { failure, books, .. }) => {
            assert!(failure.is_some());
            assert_balanced(&books);
        }
        Ok(stopped) => assert_balanced(&stopped.books),
        Err(other) => panic!("{other:?}"),
    }
    held.iter().for_each(assert_counter_scene);
    assert!(matches!(frames.next_within(SOON), Ok(None)));
}

#[test]
fn a_wait_is_cancelled_from_another_thread() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    let canceller = frames.canceller();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| frames.next_within(Duration::MAX));
        std::thread::sleep(SHORT);
        canceller.cancel();
        assert_eq!(waiting.join().expect("no panic").map(drop), Err(WaitError::Cancelled));
    });
    assert!(begun.elapsed() < SOON);
    rig.step(1);
    assert_eq!(next(&frames).record().number, 1, "one cancellation ends one wait");
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn a_wait_ends_when_the_session_is_stopped() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| frames.next_within(Duration::MAX));
        std::thread::sleep(SHORT);
        assert_balanced(&session.stop().expect("it stops").books);
        assert!(matches!(waiting.join().expect("no panic"), Ok(None)));
    });
}

#[test]
fn a_sequence_whose_last_notification_is_lost_ends_all_the_same() {
    let rig = rig("clock = \"stepped\"\n[camera.faults]\ndrop_notification = [5]");
    let camera = rig.open();
    let plan = sequence(&camera, 5);
    let (session, frames) = start(arm(camera, plan));
    rig.step(5);
    (0..4).for_each(|_| assert_counter_scene(&next(&frames)));
    let ended = frames.next_within(Duration::from_millis(400));
    assert!(matches!(ended, Ok(None)), "{ended:?}");
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.delivered, books.lost_notification), (5, 4, 1));
    assert_balanced(&books);
}
