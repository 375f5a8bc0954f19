//! A camera that does not start: a ring that may have been too large is tried smaller, anything else is refused with what was
//! tried, and what was armed comes back and can be started later.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use frame_pool::Limit;
use pvcam::error::StartError;
use pvcam::{Armed, Plan};
use pvcam_tests::{Rig, Ring, assert_counter_scene, next, rest, small};

/// The camera refuses with the faults, says so, and starts when they are gone.
fn refused(ring: &Ring, faults: &str, plan: impl FnOnce(Plan) -> Plan) -> (StartError, Armed, Rig) {
    let rig = ring.rig(&format!("[camera.faults]\n{faults}"));
    let camera = rig.open("pvcamUSB_0");
    let plan = plan(ring.plan(&camera));
    let refused = camera.arm(plan).expect("the plan is good").start().expect_err("the start is refused");
    rig.control.fault(0, "").expect("faults can be taken away");
    (refused.why, refused.given_back, rig)
}

fn assert_runs(armed: Armed, rig: &Rig, slots: u32) {
    let (session, frames) = armed.start().expect("it starts when nothing is in the way");
    assert_eq!(session.settings().ring_slots, slots);
    for number in 1..=u64::from(3 * slots) {
        rig.step(0, 1);
        let lease = next(&frames);
        assert_eq!(lease.record().number, number);
        assert_counter_scene(&lease);
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (u64::from(3 * slots), 0), "{books}");
}

#[test]
fn once_refused_a_ring_runs_with_half_its_slots() {
    for ring in Ring::all() {
        let rig = ring.rig("[camera.faults]\nrefuse_start = 1");
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        assert_eq!(session.settings().ring_slots, Ring::SLOTS / 2);
        for _ in 0..3 {
            rig.step(0, 1);
            taker.settled(&session).iter().for_each(assert_counter_scene);
        }
        let books = session.stop().expect("it stops").books;
        assert_eq!((books.highest, books.delivered), (3, 3), "{books}");
    }
}

#[test]
fn always_refused_it_says_what_was_tried_and_gives_it_back() {
    for ring in Ring::all() {
        let (why, armed, rig) = refused(&ring, "refuse_start = 99", |plan| plan);
        let StartError::Refused { failure, tried } = &why else { unreachable!("{why:?}") };
        assert_eq!((failure.code(), &tried[..]), (Some(199), &[8, 4][..]), "{why}");
        // Rings are locked by the driver, so the limit of that is the first thing to look at.
        let limit = Limit::locked_memory();
        assert!(
            why.to_string().contains(&limit.to_string()) && limit.to_string().contains("RLIMIT_MEMLOCK"),
            "{why}"
        );
        assert_runs(armed, &rig, 4);
    }
}

#[test]
fn a_reason_that_has_nothing_to_do_with_memory_is_told_at_once() {
    let ring = Ring::copied();
    let (why, armed, rig) = refused(&ring, "refuse_start = 99\nstart_error = 184", |plan| plan);
    let StartError::Refused { failure, tried } = &why else { unreachable!("{why:?}") };
    assert_eq!((failure.name(), &tried[..]), (Some("PL_ERR_STATE_INVALID"), &[8][..]), "{why}");
    assert_runs(armed, &rig, 8);
}

#[test]
fn a_sequence_is_never_made_shorter() {
    let rig = Rig::stepped("[camera.faults]\nrefuse_start = 1");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(5).region(small(&camera)).exposure(Duration::from_millis(1));
    let refused = camera.arm(plan).expect("the plan is good").start().expect_err("the start is refused");
    assert!(matches!(&refused.why, StartError::Refused { tried, .. } if tried[..] == [5]), "{}", refused.why);
    let (session, frames) = refused.given_back.start().expect("the second start is not refused");
    rig.step(0, 5);
    let leases = rest(&frames);
    assert_eq!(leases.len(), 5);
    leases.iter().for_each(assert_counter_scene);
    assert!(session.stop().expect("it stops").books.balanced());
}
