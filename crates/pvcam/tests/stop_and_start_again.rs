//! Stopping and starting again, with and without a new setup, with and without leases out, keeps every promise.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::time::Duration;

use pvcam::error::StartError;
use pvcam::{Lease, Plan, StreamMode};
use support::*;

#[test]
fn twenty_times_without_a_new_setup_allocating_once() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let mut armed = arm(camera, plan);
    let mut last_epoch = 0;
    for _ in 0..20 {
        let (session, frames) = start(armed);
        rig.step(3);
        for number in 1..=3 {
            let frame = next(&frames);
            assert_eq!(frame.record().number, number, "numbers begin anew");
            assert!(frame.record().epoch > last_epoch, "epochs rise");
            assert_counter_scene(&frame);
            last_epoch = if number == 3 { frame.record().epoch } else { last_epoch };
        }
        let stopped = session.stop().expect("it stops");
        assert_eq!(stopped.books.delivered, 3);
        assert_balanced(&stopped.books);
        assert!(matches!(frames.next_within(SOON), Ok(None)));
        armed = stopped.armed;
    }
    assert_eq!(rig.stats().acquisitions, 20);
    assert_eq!(rig.stats().params_while_running, 0);
}

#[test]
fn twenty_times_with_another_plan() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let mut armed = arm(camera, plan);
    for round in 0_u16..20 {
        let region = pvcam::Region::new(round, 2 * round, 40 + round, 30);
        let plan = if round % 2 == 0 { Plan::sequence(4) } else { Plan::continuous().ring(8) };
        armed =
            armed.rearm(plan.region(region).exposure(Duration::from_millis(1))).expect("the plan is good");
        assert_eq!(armed.settings().layout.columns, u32::from(40 + round));
        let (session, frames) = start(armed);
        rig.step(4);
        (0..4).for_each(|_| assert_counter_scene(&next(&frames)));
        let stopped = session.stop().expect("it stops");
        assert_balanced(&stopped.books);
        armed = stopped.armed;
    }
    drop(armed.disarm());
}

#[test]
fn a_plan_that_is_refused_leaves_what_was_armed() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let armed = arm(camera, plan);
    let before = *armed.settings();
    let refused = armed.rearm(Plan::continuous().ring(1)).expect_err("too small");
    let armed = refused.given_back;
    assert_eq!(*armed.settings(), before);
    let (session, frames) = start(armed);
    rig.step(1);
    assert_counter_scene(&next(&frames));
    assert_balanced(&session.stop().expect("it stops").books);
}

/// Runs four frames; they stay leased.
fn four(rig: &Rig, armed: pvcam::Armed) -> (pvcam::Armed, Vec<Lease>) {
    let (session, frames) = start(armed);
    rig.step(4);
    let held = (0..4).map(|_| next(&frames)).collect();
    let stopped = session.stop().expect("it stops");
    assert_balanced(&stopped.books);
    (stopped.armed, held)
}

#[test]
fn leases_of_a_sequence_stay_good_while_it_runs_again() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = sequence(&camera, 4);
    let (armed, first) = four(&rig, arm(camera, plan));
    // All its memory is leased, so the second run gets other memory, within the budget.
    let (armed, second) = four(&rig, armed);
    let addresses = |leases: &[Lease]| leases.iter().map(|l| l.slot_bytes().as_ptr()).collect::<Vec<_>>();
    assert!(addresses(&first).iter().all(|address| !addresses(&second).contains(address)));
    first.iter().chain(&second).for_each(assert_counter_scene);
    drop((armed, rig));
    // Camera and library are closed; the leases still stand.
    first.iter().chain(&second).for_each(assert_counter_scene);
}

#[test]
fn without_room_for_other_memory_a_start_with_leases_out_is_refused() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = sequence(&camera, 4).budget(40_000);
    let (armed, held) = four(&rig, arm(camera, plan));
    let refused = armed.start().expect_err("the camera would write over leased frames");
    assert!(
        matches!(refused.why, StartError::LeasesOut { held: 4, budget: 40_000, .. }),
        "{:?}",
        refused.why
    );
    held.iter().for_each(assert_counter_scene);
    drop(held);
    let (_armed, again) = four(&rig, refused.given_back);
    again.iter().for_each(assert_counter_scene);
}

#[test]
fn leases_of_a_locked_ring_are_moved_out_of_the_way() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust).reserve(8);
    let (armed, first) = four(&rig, arm(camera, plan));
    let (session, frames) = start(armed);
    assert_eq!(session.delivery(), StreamMode::Locked);
    for _ in 0..20 {
        rig.step(1);
        assert_counter_scene(&next(&frames));
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost(), books.copied_bytes), (20, 0, 0));
    first.iter().for_each(assert_counter_scene);
}

#[test]
fn a_dropped_session_stops_and_closes_the_camera() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    rig.step(2);
    drop(session);
    assert_eq!(rest(&frames).len(), 2);
    drop(rig.open());
}

#[test]
fn dropped_frames_do_not_stop_the_session() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust).reserve(0);
    let (session, frames) = start(arm(camera, plan));
    rig.step(3);
    drop(frames);
    rig.step(20);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (23, 0), "no slot stays held: {books}");
}

#[test]
fn callbacks_left_over_from_the_run_before_are_ignored() {
    let rig = rig(
        "clock = \"stepped\"\npost_stop_callbacks = 3\n[camera.faults]\nlate_burst = { at = 4, frames = 4 }",
    );
    let camera = rig.open();
    let plan = continuous(&camera).reserve(16);
    let (session, frames) = start(arm(camera, plan));
    rig.step(6);
    until(|| frames.unread() == 3);
    // Frames 4 to 6 wait to be announced together; the simulator announces them after the stop.
    let stopped = session.stop().expect("it stops");
    assert_eq!(rest(&frames).len(), stopped.books.delivered as usize);
    assert_balanced(&stopped.books);
    let (session, frames) = start(stopped.armed);
    rig.step(3);
    assert_eq!(numbers(&[next(&frames), next(&frames), next(&frames)]), [1, 2, 3]);
    let stopped = session.stop().expect("it stops");
    assert_eq!(stopped.books.delivered, 3);
    assert_balanced(&stopped.books);
}
