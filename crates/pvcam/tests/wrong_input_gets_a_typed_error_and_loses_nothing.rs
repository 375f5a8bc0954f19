//! Every kind of wrong input is refused by a typed error with the numbers in it, and the camera can be used afterwards.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::time::Duration;

use pvcam::error::{ArmError, OpenError, ParamError, SdkError};
use pvcam::{Binning, Camera, OpenPolicy, Plan, Region, Sdk};
use support::*;

/// Tries a plan that must be refused; the camera comes back.
fn refused(camera: Camera, plan: Plan, is_right: impl FnOnce(&ArmError) -> bool) -> Camera {
    let refused = camera.arm(plan).expect_err("the plan is wrong");
    assert!(is_right(&refused.why), "{:?}", refused.why);
    assert!(!refused.to_string().is_empty());
    refused.given_back
}

#[test]
fn plans() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let sensor = camera.sensor();
    let small = small(&camera);
    let plan = || Plan::continuous().region(small).exposure(Duration::from_millis(1)).ring(8);

    let outside = Region::new(sensor.columns - 10, 0, 11, 10);
    let camera = refused(
        camera,
        plan().region(outside),
        |why| matches!(why, ArmError::Region { region, sensor: on } if *region == outside && *on == sensor),
    );
    let camera =
        refused(camera, plan().region(Region::new(0, 0, 0, 5)), |w| matches!(w, ArmError::Region { .. }));
    let camera = refused(
        camera,
        plan().binning(Binning::new(3, 3)),
        |why| matches!(why, ArmError::Binning { asked, offered } if *asked == Binning::new(3, 3) && !offered.is_empty()),
    );
    let camera =
        refused(camera, plan().binning(Binning::new(0, 1)), |w| matches!(w, ArmError::Binning { .. }));
    let tiny = plan().region(Region::new(0, 0, 1, 1)).binning(Binning::new(2, 2));
    let camera = refused(camera, tiny, |why| matches!(why, ArmError::RegionBelowBin { .. }));
    let mut camera = camera;
    for absurd in [Duration::ZERO, Duration::from_secs(1 << 40), Duration::MAX] {
        camera = refused(
            camera,
            plan().exposure(absurd),
            |why| matches!(why, ArmError::Exposure { asked, shortest, longest } if *asked == absurd && shortest < longest),
        );
    }
    let camera =
        refused(camera, plan().ring(2), |w| matches!(w, ArmError::RingTooSmall { slots: 2, least: 3 }));
    let camera = refused(camera, plan().ring(0), |w| matches!(w, ArmError::RingTooSmall { slots: 0, .. }));
    let full = plan().region(Region::full(sensor)).budget(u64::MAX);
    let camera = refused(
        camera,
        full.ring(600),
        |why| matches!(why, ArmError::RingTooLarge { slots: 600, bytes, limit, .. } if bytes > limit),
    );
    let camera = refused(
        camera,
        plan().budget(10_000),
        |why| matches!(why, ArmError::OverBudget { slots: 8, budget: 10_000, bytes, .. } if *bytes > 10_000),
    );
    let camera = refused(camera, Plan::sequence(0), |why| matches!(why, ArmError::ZeroFrames));

    let (session, frames) = start(arm(camera, plan()));
    rig.step(1);
    assert_counter_scene(&next(&frames));
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn readouts_that_are_not_offered() {
    let rig = rig("clock = \"stepped\"");
    let mut camera = rig.open();
    let before = camera.settings().expect("settings");
    for (port, speed, gain) in [(99, 0, 1), (0, 99, 1), (0, 0, 99)] {
        let why = camera.set_readout(port, speed, gain).expect_err("it is not offered");
        assert!(
            matches!(&why, ParamError::NotOffered { asked: 99, allowed, .. } if !allowed.is_empty()),
            "{why:?}"
        );
    }
    assert_eq!(camera.settings().expect("settings"), before);
}

#[test]
fn names_and_second_opens() {
    let rig = rig("clock = \"stepped\"");
    let why = rig.sdk.open("pvcamUSB_9", OpenPolicy::Raw).expect_err("there is none");
    assert!(
        matches!(&why, OpenError::Unknown { asked, available } if asked == "pvcamUSB_9" && *available == [NAME]),
        "{why:?}"
    );
    let odd =
        rig.sdk.open("a name with \0 in it that is much longer than the SDK's 32 bytes", OpenPolicy::Raw);
    assert!(matches!(odd, Err(OpenError::Unknown { .. })));
    let camera = rig.open();
    let why = rig.sdk.open(NAME, OpenPolicy::Raw).expect_err("it is open");
    assert_eq!(why, OpenError::AlreadyOpen { name: NAME.into() });
    drop(camera);
    drop(rig.open());
}

#[test]
fn a_body_with_two_cables_is_opened_once() {
    let twice = "[[camera]]\nmodel = \"prime-bsi-usb\"\nserial = \"TWIN\"\n\
                 [[camera]]\nmodel = \"prime-bsi-usb\"\nserial = \"TWIN\"\n";
    let rig = configured(twice);
    let names: Vec<String> =
        rig.sdk.cameras().expect("a list").into_iter().map(|camera| camera.name).collect();
    let first = rig.sdk.open(&names[0], OpenPolicy::Raw).expect("it opens");
    let why = rig.sdk.open(&names[1], OpenPolicy::Raw).expect_err("it is the same body");
    assert!(matches!(&why, OpenError::SameCamera { open_as, .. } if *open_as == names[0]), "{why:?}");
    drop(first);
    drop(rig.sdk.open(&names[1], OpenPolicy::Raw).expect("now it opens"));
}

#[test]
fn a_second_library() {
    let rig = rig("clock = \"stepped\"");
    assert_eq!(Sdk::with_api(api()).expect_err("there is one"), SdkError::AlreadyLoaded);
    let camera = rig.open();
    let clone = rig.sdk.clone();
    assert!(clone.cameras().is_ok());
    drop(camera);
}

#[test]
fn no_library_where_it_should_be() {
    // Waits its turn: while another test has the library, the answer would be that there is one.
    let turn = turn();
    let why = Sdk::load_from("/no/such/libpvcam.so.2".as_ref()).expect_err("there is none");
    let SdkError::NotLoaded(why) = why else { panic!("{why:?}") };
    assert!(why.to_string().contains("/no/such/libpvcam.so.2"));
    drop(turn);
}
