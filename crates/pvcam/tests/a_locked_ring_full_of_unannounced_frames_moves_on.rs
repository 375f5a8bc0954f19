//! Frames that fill a locked ring without being announced: the ring moves on, and what it lost is told as lost to a full ring,
//! while what was lost before it was full is not.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pvcam::{Frames, LossCause, Session, StreamMode};
use pvcam_sys::rs_bool;
use support::*;

/// Losses as they were told, one entry a frame.
fn told(session: &Session) -> Vec<(LossCause, u64)> {
    let events = std::iter::from_fn(|| session.next_loss());
    events.flat_map(|event| (event.first..event.first + event.count).map(move |n| (event.cause, n))).collect()
}

/// A small locked ring of eight slots.
fn locked(rig: &Rig, trust: &pvcam::RingTrust) -> (Session, Frames) {
    locked_with(rig, trust, Duration::from_millis(1))
}

/// A ring that is silent for so long that it is suspicious only after several times the exposure.
fn locked_with(rig: &Rig, trust: &pvcam::RingTrust, exposure: Duration) -> (Session, Frames) {
    let camera = rig.open();
    let plan = continuous(&camera).trust(trust).reserve(0).exposure(exposure);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(session.delivery(), StreamMode::Locked);
    (session, frames)
}

fn stepped(faults: &str) -> Rig {
    rig(&format!("clock = \"stepped\"\nno_overwrite = \"lossy\"\n[camera.faults]\n{faults}"))
}

#[test]
fn a_wait_finds_the_frame_that_nobody_announced() {
    let trust = trust("lossy");
    let rig = stepped("drop_notification = [1, 2, 3, 4, 5, 6, 7, 8]");
    let (session, frames) = locked(&rig, &trust);
    let long = session.settings().frame_time * 9 + Duration::from_millis(250);
    // Eight fill the ring, three find no slot.
    rig.step(11);
    assert_eq!((session.books().highest, rig.stats().ring_full_drops), (0, 3), "nothing was announced");
    std::thread::sleep(long);
    let found = frames.next_within(Duration::ZERO).expect("it is found").expect("the stream goes on");
    assert_eq!((found.record().number, found.record().lost_before), (8, 7));
    assert_counter_scene(&found);
    drop(found);
    until(|| rig.stats().unlocks >= 7);
    rig.step(1);
    let after = next(&frames);
    assert_counter_scene(&after);
    assert_eq!((after.record().number, after.record().lost_before), (12, 3));
    let mut expected: Vec<_> = (1..=7).map(|number| (LossCause::Notification, number)).collect();
    expected.extend((9..=11).map(|number| (LossCause::RingFull, number)));
    assert_eq!(told(&session), expected);
    assert_eq!((session.delivery(), session.oddities()), (StreamMode::Locked, pvcam::Oddities::default()));
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (2, 10), "{books}");
    assert_balanced(&books);
}

#[test]
fn what_is_lost_before_the_ring_is_full_is_not_lost_to_a_full_ring() {
    let trust = trust("lossy");
    // Three are held. The fourth is lost on its way; five more fill the ring unannounced, and two find no slot.
    let rig = stepped("lose_before_host = [4]\ndrop_notification = [5, 6, 7, 8, 9]");
    let (session, frames) = locked_with(&rig, &trust, Duration::from_secs(9));
    rig.step(3);
    let held: Vec<_> = (0..3).map(|_| next(&frames)).collect();
    rig.step(8);
    assert_eq!(rig.stats().ring_full_drops, 2);
    drop(held);
    // No callback comes, and by our count the ring is nearly empty: it is the wait that unlocks what was dropped.
    assert!(frames.next_within(Duration::ZERO).is_err());
    until(|| rig.stats().unlocks == 3);
    rig.step(1);
    assert_eq!(next(&frames).record().camera_number, Some(12));
    let mut expected = vec![(LossCause::BeforeHost, 4)];
    expected.extend((5..=9).map(|number| (LossCause::Notification, number)));
    expected.extend([(LossCause::RingFull, 10), (LossCause::RingFull, 11)]);
    assert_eq!(told(&session), expected);
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn what_is_lost_on_its_way_to_a_ring_that_is_not_full_is_told_so() {
    let trust = trust("lossy");
    // The control of the two others: one slot stays free, so the same gap has another cause.
    let rig = stepped("drop_notification = [4, 5, 6, 7]\nlose_before_host = [8, 9]");
    let (session, frames) = locked(&rig, &trust);
    rig.step(3);
    let held: Vec<_> = (0..3).map(|_| next(&frames)).collect();
    rig.step(7);
    assert_eq!((next(&frames).record().camera_number, rig.stats().ring_full_drops), (Some(10), 0));
    let mut expected: Vec<_> = (4..=7).map(|number| (LossCause::Notification, number)).collect();
    expected.extend([(LossCause::BeforeHost, 8), (LossCause::BeforeHost, 9)]);
    assert_eq!(told(&session), expected);
    drop(held);
    assert_balanced(&session.stop().expect("it stops").books);
}

static HOLD: AtomicBool = AtomicBool::new(false);
static INSIDE: AtomicBool = AtomicBool::new(false);

/// An unlock that takes as long as the test says.
extern "C" fn slow_unlock(handle: i16) -> rs_bool {
    INSIDE.store(true, Ordering::SeqCst);
    while HOLD.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let good = api();
    // SAFETY: the simulator's own function, with the handle that the driver gave.
    unsafe { (good.pl_exp_unlock_oldest_frame)(handle) }
}

#[test]
fn callbacks_that_lag_know_that_the_ring_was_full() {
    let trust = trust("lossy");
    let mut interposed = api();
    interposed.pl_exp_unlock_oldest_frame = slow_unlock;
    let rig = rig_with("clock = \"stepped\"\nno_overwrite = \"lossy\"", interposed);
    let (session, frames) = locked(&rig, &trust);
    // Nobody keeps a frame, so that each callback unlocks.
    drop(frames);
    HOLD.store(true, Ordering::SeqCst);
    assert_eq!(rig.control.step(0, 1, Duration::from_millis(50)), Some(1));
    until(|| INSIDE.load(Ordering::SeqCst));
    // The first callback hangs in its unlock. Seven frames fill the ring, three find no slot.
    assert!(rig.control.step(0, 10, Duration::ZERO).is_some());
    until(|| rig.stats().ring_full_drops == 3);
    HOLD.store(false, Ordering::SeqCst);
    until(|| session.books().delivered == 8);
    rig.step(2);
    until(|| session.books().delivered == 10);
    let expected: Vec<_> = (9..=11).map(|number| (LossCause::RingFull, number)).collect();
    assert_eq!(told(&session), expected);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.lost_ring_full, books.lost()), (13, 3, 3), "{books}");
    assert_balanced(&books);
}
