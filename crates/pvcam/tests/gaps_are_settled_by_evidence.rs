//! A lost notification, a frame lost before the host and one lost in the camera are told apart, whatever the delivery,
//! and no frame is ever given under another one's number.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use pvcam::{Delivery, Plan, RingTrust, StreamMode};
use support::*;

const FAULTS: &str =
    "[camera.faults]\ndrop_notification = [5, 6]\nlose_before_host = [9]\nlose_in_camera = [12]";

/// Runs 20 exposures with the faults; both lists of the frames that arrive are known beforehand.
fn settle(rig: &Rig, plan: impl FnOnce(&pvcam::Camera) -> Plan, expected: StreamMode) {
    let camera = rig.open();
    let plan = plan(&camera);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(session.delivery(), expected);
    let mut leases = Vec::new();
    for _ in 0..20 {
        rig.step(1);
        until(|| session.books().in_flight == 0);
        leases.extend(frames.try_next());
    }
    leases.iter().for_each(assert_counter_scene);
    let by_camera: Vec<u64> = leases.iter().filter_map(|lease| lease.record().camera_number).collect();
    assert_eq!(by_camera, [1, 2, 3, 4, 7, 8, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20]);
    let lost_before: Vec<u64> = leases.iter().map(|lease| lease.record().lost_before).collect();
    assert_eq!(lost_before, [0, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(session.delivery(), expected, "evidence agreed all the time");
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.lost_notification, books.lost_before_host, books.lost_in_camera), (2, 1, 1), "{books}");
    assert_eq!((books.highest, books.delivered, books.lost()), (20, 16, 4), "{books}");
    assert_balanced(&books);
}

fn stepped(story: &str) -> Rig {
    rig(&format!("clock = \"stepped\"\nno_overwrite = \"{story}\"\n{FAULTS}"))
}

fn locked(trust: &RingTrust) -> impl FnOnce(&pvcam::Camera) -> Plan {
    |camera| continuous(camera).trust(trust)
}

#[test]
fn in_a_sequence_in_place() {
    settle(&stepped("lossy"), |camera| sequence(camera, 19), StreamMode::Frozen);
}

#[test]
fn in_a_sequence_that_is_copied() {
    let plan = |camera: &pvcam::Camera| sequence(camera, 19).delivery(Delivery::Copy).reserve(20);
    settle(&stepped("lossy"), plan, StreamMode::Copied);
}

#[test]
fn in_a_ring_that_is_copied() {
    settle(&stepped("flag_error"), |camera| continuous(camera).reserve(20), StreamMode::Copied);
}

#[test]
fn in_a_locked_ring() {
    for story in ["lossy", "halt"] {
        let trust = trust(story);
        let rig = stepped(story);
        settle_dropping(&rig, locked(&trust));
    }
}

/// As `settle`, giving each frame back at once, because the ring has fewer slots than the run has frames.
fn settle_dropping(rig: &Rig, plan: impl FnOnce(&pvcam::Camera) -> Plan) {
    let camera = rig.open();
    let plan = plan(&camera);
    let (session, frames) = start(arm(camera, plan));
    let mut by_camera = Vec::new();
    for _ in 0..20 {
        rig.step(1);
        if let Some(lease) = frames.try_next() {
            assert_counter_scene(&lease);
            by_camera.extend(lease.record().camera_number);
        }
    }
    assert_eq!(by_camera, [1, 2, 3, 4, 7, 8, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20]);
    assert_eq!(session.delivery(), StreamMode::Locked);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.lost_notification, books.lost_before_host, books.lost_in_camera), (2, 1, 1), "{books}");
    assert_eq!((books.highest, books.delivered, books.copied_bytes), (20, 16, 0), "{books}");
    assert_balanced(&books);
}
