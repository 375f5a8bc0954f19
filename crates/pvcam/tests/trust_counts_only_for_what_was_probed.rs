//! Trust in a ring counts for the camera and the state that were probed, and never where locks were seen to fail.

mod support;

use pvcam::{Delivery, RingMode, StreamMode};
use support::*;

#[test]
fn locks_that_do_not_hold_mean_one_copy_of_each_frame() {
    let trust = trust("flag_error");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"flag_error\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    let armed = arm(camera, plan);
    let settings = *armed.settings();
    assert_eq!((settings.delivery, settings.ring_mode), (StreamMode::Copied, RingMode::Overwrite));
    let (session, frames) = start(armed);
    for _ in 0..30 {
        rig.step(1);
        assert_counter_scene(&next(&frames));
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.copied_bytes), (30, 30 * u64::from(settings.frame_bytes)));
    assert_balanced(&books);
}

#[test]
fn another_camera_is_not_trusted() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"\nserial = \"ANOTHER\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    assert!(!arm(camera, plan).settings().is_in_place());
}

#[test]
fn copies_can_be_demanded() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    let armed = arm(camera, plan.clone());
    assert!(armed.settings().is_in_place());
    let armed = armed.rearm(plan.delivery(Delivery::Copy)).expect("the plan is good");
    assert_eq!(armed.settings().ring_mode, RingMode::Overwrite);
    assert!(!armed.settings().is_in_place());
}

#[test]
fn a_ring_that_breaks_its_promise_is_copied_from_then_on() {
    let trust = trust("lossy");
    // The same camera, but now it overwrites: as if its firmware had changed without changing its number.
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"flag_error\"");
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust).reserve(0);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(session.delivery(), StreamMode::Locked);
    rig.step(8);
    let held: Vec<_> = (0..8).map(|_| next(&frames)).collect();
    // Every slot is held; the next frame is written all the same, over the oldest.
    rig.step(1);
    assert_eq!(session.delivery(), StreamMode::Copied, "the first frame in a held slot gives it away");
    assert!(held[0].verify().is_err(), "the overwritten lease says that it is torn");
    drop(held);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.delivered, books.torn), (9, 8, 1), "{books}");
    assert_balanced(&books);
}
