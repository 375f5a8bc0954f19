//! If the SDK does not confirm that it stopped, nothing that it may still write is freed or used again, and the camera is
//! out of use.

mod support;

use pvcam::error::{OpenError, SdkError, StopError};
use pvcam::{OpenPolicy, Sdk};
use pvcam_sys::rs_bool;
use support::*;

unsafe extern "C" fn refuse_to_abort(_handle: i16, _state: i16) -> rs_bool {
    0
}

#[test]
fn a_stop_that_fails_gives_the_camera_up() {
    let mut interposed = api();
    interposed.pl_exp_abort = refuse_to_abort;
    let rig = rig_with("clock = \"stepped\"", interposed);
    let camera = rig.open();
    let plan = sequence(&camera, 10);
    let (session, frames) = start(arm(camera, plan));
    rig.step(2);
    let held = [next(&frames), next(&frames)];
    let why = session.stop().expect_err("the abort was refused");
    let StopError::Incomplete { failure, drained, books } = why else { panic!("{why:?}") };
    assert_eq!(failure.expect("it says why").call(), "pl_exp_abort");
    assert!(drained);
    assert_balanced(&books);
    // For the SDK it still runs, and writes into memory that nobody else has.
    rig.step(3);
    held.iter().for_each(assert_counter_scene);
    assert!(matches!(frames.next_within(SOON), Ok(None)), "what is announced now belongs to no run");
    let again = rig.sdk.open(NAME, OpenPolicy::Raw).expect_err("it is out of use");
    assert_eq!(again, OpenError::AlreadyOpen { name: NAME.into() });
    let Rig { sdk, .. } = rig;
    drop(sdk);
    assert_eq!(Sdk::with_api(api()).expect_err("it is not closed"), SdkError::AlreadyLoaded);
}
