//! A camera that sends no frames cannot be probed; that is said in bounded time, and the camera stays usable.

mod support;

use std::time::{Duration, Instant};

use pvcam::OpenPolicy;
use pvcam::error::ProbeError;
use support::*;

#[test]
fn no_frames() {
    let rig = rig("clock = \"stepped\"");
    let mut camera = rig.open();
    let begun = Instant::now();
    let why = camera.probe_ring().expect_err("nobody steps the clock");
    assert!(matches!(why, ProbeError::NoFrames { needed: 1, got: 0, .. }), "{why:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    rig.step(1);
    assert_counter_scene(&next(&frames));
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn metadata_is_off_again_afterwards() {
    let rig = rig("no_overwrite = \"lossy\"");
    let mut camera = rig.sdk.open(NAME, OpenPolicy::Keep).expect("it opens").camera;
    assert_eq!(camera.metadata_enabled(), Some(false));
    let trust = camera.probe_ring().expect("the probe finds an answer").trust;
    assert_eq!(camera.metadata_enabled(), Some(false));
    // What was seen with metadata does not count without.
    let plan = continuous(&camera).trust(&trust);
    assert!(!arm(camera, plan).settings().is_in_place());
}
