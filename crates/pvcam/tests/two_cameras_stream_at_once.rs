//! Two cameras of different models stream at the same time; each has its own books, and error codes are advisory meanwhile.

mod support;

use std::time::Duration;

use pvcam::error::ArmError;
use pvcam::{OpenPolicy, Plan, Region};
use support::*;

#[test]
fn two_cameras_stream_at_once() {
    let two = "[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n\
               [[camera]]\nmodel = \"kinetix-pcie\"\nclock = \"stepped\"\n";
    let rig = configured(two);
    let names: Vec<String> =
        rig.sdk.cameras().expect("a list").into_iter().map(|camera| camera.name).collect();
    let open = |index: usize| rig.sdk.open(&names[index], OpenPolicy::Raw).expect("it opens").camera;
    let (first, second) = (open(0), open(1));
    let plan = |frames: u16| Plan::sequence(frames).exposure(Duration::from_millis(1));
    let (bsi, bsi_frames) = start(arm(first, plan(12).region(Region::new(0, 0, 64, 48))));
    // One pixel lies on the sensor, but no camera takes so little: the SDK refuses it, while the other camera streams.
    let refused = second.arm(plan(12).region(Region::new(0, 0, 1, 1))).expect_err("too small");
    let ArmError::Setup { failure, .. } = &refused.why else { panic!("{refused}") };
    assert_eq!((failure.call(), failure.is_advisory(), failure.code()), ("pl_exp_setup_seq", true, None));
    assert_eq!(failure.name(), Some("PL_ERR_REGION_INVALID"), "still told, for people");
    let second = refused.given_back;
    let (kinetix, kinetix_frames) = start(arm(second, plan(7).region(Region::new(10, 20, 32, 16))));
    for _ in 0..7 {
        assert_eq!(rig.control.step(0, 1, SOON), Some(1));
        assert_eq!(rig.control.step(1, 1, SOON), Some(1));
    }
    assert_eq!(rig.control.step(0, 5, SOON), Some(5));
    let (bsi_leases, kinetix_leases) = (rest(&bsi_frames), rest(&kinetix_frames));
    assert_eq!((bsi_leases.len(), kinetix_leases.len()), (12, 7));
    bsi_leases.iter().chain(&kinetix_leases).for_each(assert_counter_scene);
    assert_balanced(&bsi.stop().expect("it stops").books);
    assert_balanced(&kinetix.stop().expect("it stops").books);
    for camera in 0..2 {
        assert_eq!(rig.control.stats(camera).expect("counters").params_while_running, 0);
    }
}
