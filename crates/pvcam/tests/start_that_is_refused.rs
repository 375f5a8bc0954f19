//! A ring that the SDK does not take is tried again at half its size; a start that stays refused gives back what was armed.

mod support;

use pvcam::error::StartError;
use support::*;

#[test]
fn a_ring_is_tried_again_with_half_its_slots() {
    for code in [199, 152, 0] {
        let rig =
            rig(&format!("clock = \"stepped\"\n[camera.faults]\nrefuse_start = 2\nstart_error = {code}"));
        let camera = rig.open();
        let plan = continuous(&camera).ring(32);
        let (session, frames) = start(arm(camera, plan));
        assert_eq!(session.settings().ring_slots, 8, "code {code}");
        rig.step(20);
        until(|| session.books().in_flight == 0);
        let leases: Vec<_> = std::iter::from_fn(|| frames.try_next()).collect();
        leases.iter().for_each(assert_counter_scene);
        let books = session.stop().expect("it stops").books;
        assert_eq!(books.highest, 20);
        assert_balanced(&books);
    }
}

#[test]
fn a_start_that_stays_refused_gives_back_what_was_armed() {
    let rig = rig("clock = \"stepped\"\n[camera.faults]\nrefuse_start = 2");
    let camera = rig.open();
    let plan = continuous(&camera).ring(8);
    let refused = arm(camera, plan).start().expect_err("it is refused twice, and a ring of 2 is none");
    assert!(
        matches!(&refused.why, StartError::Refused { failure, tried } if failure.code() == Some(199) && *tried == [8, 4]),
        "{:?}",
        refused.why
    );
    let (session, frames) = start(refused.given_back);
    rig.step(1);
    assert_counter_scene(&next(&frames));
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn a_sequence_is_not_made_smaller() {
    let rig = rig("clock = \"stepped\"\n[camera.faults]\nrefuse_start = 1");
    let camera = rig.open();
    let plan = sequence(&camera, 6);
    let refused = arm(camera, plan).start().expect_err("it is refused once");
    assert!(matches!(&refused.why, StartError::Refused { tried, .. } if *tried == [6]), "{:?}", refused.why);
    let (session, frames) = start(refused.given_back);
    rig.step(6);
    assert_eq!(rest(&frames).len(), 6);
    assert_balanced(&session.stop().expect("it stops").books);
}
