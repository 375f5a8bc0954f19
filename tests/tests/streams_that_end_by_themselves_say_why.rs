//! A stream that dies, a camera that is unplugged: the wait says which of the two, within its deadline; what was delivered
//! stays, and the books balance.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use pvcam::error::{StartError, TimeoutCause, WaitError};
use pvcam::{Frames, Lease, Plan, Session, Stopped, StreamMode};
use pvcam_tests::{Rig, Ring, Taker, assert_counter_scene, rest, small};

const LAST: u64 = 10;
/// A wait that is known to be in vain.
const IN_VAIN: Duration = Duration::from_millis(50);

/// Exposes until the camera does no more; keeps the last three frames.
fn to_the_end(rig: &Rig, session: &Session, taker: &mut Taker) -> Vec<Lease> {
    let (mut kept, mut exposed) = (Vec::new(), 0);
    while rig.step_at_most(0, 1) == 1 {
        exposed += 1;
        kept.extend(taker.settled(session));
        let old = kept.len().saturating_sub(3);
        kept.drain(..old);
    }
    assert_eq!(exposed, LAST, "the fault ends the stream");
    kept
}

fn cause_of(frames: &Frames) -> TimeoutCause {
    match frames.next_within(IN_VAIN) {
        Err(WaitError::Timeout { cause, last, waited, .. }) => {
            assert_eq!(last, LAST);
            assert!(waited >= IN_VAIN, "{waited:?}");
            cause
        }
        other => unreachable!("nothing comes any more, not {other:?}"),
    }
}

fn stop(session: Session, kept: &[Lease]) -> Stopped {
    let stopped = session.stop().expect("it stops all the same");
    let books = stopped.books;
    assert_eq!((books.highest, books.delivered, books.lost()), (LAST, LAST, 0), "{books}");
    assert!(books.balanced(), "{books}");
    assert_eq!(kept.iter().map(|lease| lease.record().number).collect::<Vec<_>>(), [8, 9, 10]);
    kept.iter().for_each(assert_counter_scene);
    stopped
}

#[test]
fn a_stream_that_dies_silently() {
    for ring in Ring::all() {
        let rig = ring.rig(&format!("[camera.faults]\nsilent_stop_after = {LAST}"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let kept = to_the_end(&rig, &session, &mut taker);
        assert!(
            matches!(cause_of(&taker.frames), TimeoutCause::StreamDied { failure: None }),
            "{} ring",
            ring.story
        );
        let armed = stop(session, &kept).armed;
        assert!(matches!(taker.frames.next_within(IN_VAIN), Ok(None)), "the stopped stream has ended");
        // The camera itself is well: it starts again, on memory of which some is still leased.
        rig.control.fault(0, "").expect("faults can be taken away");
        let (session, frames) = armed.start().expect("it starts again");
        rig.step(0, 4);
        let again = Taker::new(frames).settled(&session);
        again.iter().for_each(assert_counter_scene);
        assert_eq!(again.len(), 4);
        assert!(again.iter().all(|lease| lease.record().epoch == kept[0].record().epoch + 1));
        kept.iter().for_each(assert_counter_scene);
    }
}

#[test]
fn a_camera_that_is_unplugged() {
    for ring in Ring::all() {
        let rig = ring.rig(&format!("[camera.faults]\nunplug_after = {LAST}"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let kept = to_the_end(&rig, &session, &mut taker);
        assert!(matches!(cause_of(&taker.frames), TimeoutCause::CameraGone { .. }), "{} ring", ring.story);
        let armed = stop(session, &kept).armed;
        let refused = armed.start().expect_err("a camera that is gone does not start");
        let StartError::Refused { failure, .. } = &refused.why else { unreachable!("{:?}", refused.why) };
        assert_eq!(failure.name(), Some("PL_ERR_DEVICE_REMOVED"));
        drop(refused.given_back.disarm());
        kept.iter().for_each(assert_counter_scene);
    }
}

/// The camera has sent the whole sequence, but nobody was told of its last frames: it ends, and they are missed.
#[test]
fn a_sequence_whose_last_frames_are_not_announced() {
    let rig = Rig::stepped("[camera.faults]\ndrop_notification = [11, 12]");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(12).region(small(&camera)).exposure(Duration::from_millis(1));
    let (session, frames) = camera.arm(plan).expect("the plan is good").start().expect("it starts");
    assert_eq!(session.delivery(), StreamMode::Frozen);
    rig.step(0, 12);
    let mut leases: Vec<Lease> = std::iter::from_fn(|| frames.try_next()).collect();
    // Long enough that they are overdue, and not only late.
    let after = frames.next_within(10 * IN_VAIN);
    assert!(matches!(after, Ok(None)), "there will be no more, not {after:?}");
    leases.extend(rest(&frames));
    assert_eq!(leases.len() as u64, LAST);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.delivered, books.lost_notification), (12, LAST, 2), "{books}");
    assert!(books.balanced() && books.lost() == 2, "{books}");
    leases.iter().for_each(assert_counter_scene);
}
