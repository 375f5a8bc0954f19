//! Region, binning, exposure, pixel format and metadata that setup tells are those of the frames that arrive.

mod support;

use std::time::Duration;

use pvcam::metadata::lease_metadata;
use pvcam::{Binning, ExposureUnit, OpenPolicy, Plan, Region};
use support::*;

#[test]
fn region_binning_and_exposure() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let offered = camera.binnings().expect("a list");
    assert!(offered.contains(&Binning::new(2, 2)), "{offered:?}");
    let region = Region::new(101, 51, 67, 33);
    let plan =
        Plan::sequence(2).region(region).binning(Binning::new(2, 2)).exposure(Duration::from_micros(1500));
    let armed = arm(camera, plan);
    let settings = *armed.settings();
    assert_eq!(
        (settings.layout.columns, settings.layout.rows),
        (33, 16),
        "what does not fill a bin is dropped"
    );
    assert!(settings.metadata && settings.layout.offset == 80);
    // A rolling shutter exposes whole lines.
    assert!(
        settings.exposure.abs_diff(Duration::from_micros(1500)) < Duration::from_micros(20),
        "{settings:?}"
    );
    assert!(settings.frame_time >= settings.exposure && settings.frame_time >= settings.readout);
    let (session, frames) = start(armed);
    rig.step(2);
    for lease in rest(&frames) {
        assert_counter_scene(&lease);
        let metadata = lease_metadata(&lease).expect("metadata is on");
        assert_eq!(Some(u64::from(metadata.header().frame_number)), lease.record().camera_number);
        let (bounds, binning) = metadata.bounds().expect("one region");
        assert_eq!((bounds.column, bounds.row, binning), (101, 51, Binning::new(2, 2)));
        let region = metadata.regions().next().expect("one region");
        assert_eq!(region.pixels, lease.bytes().expect("linear"));
        assert!(metadata.header().end_ns >= metadata.header().begin_ns);
    }
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn eight_bits_and_metadata_of_version_three() {
    let rig = configured("[[camera]]\nmodel = \"kinetix-pcie\"\nclock = \"stepped\"\n");
    let name = rig.sdk.cameras().expect("a list").remove(0).name;
    let mut camera = rig.sdk.open(&name, OpenPolicy::Raw).expect("it opens").camera;
    let eight = camera
        .ports()
        .iter()
        .flat_map(|port| port.speeds.iter().map(move |speed| (port.value, speed)))
        .flat_map(|(port, speed)| speed.gains.iter().map(move |gain| (port, speed.index, gain)))
        .find(|(_, _, gain)| gain.bit_depth == 8)
        .map(|(port, speed, gain)| (port, speed, gain.index))
        .expect("the Speed port has 8 bits");
    camera.set_readout(eight.0, eight.1, eight.2).expect("it is offered");
    let plan = Plan::sequence(3).region(Region::new(0, 0, 32, 16)).exposure(Duration::from_millis(1));
    let armed = arm(camera, plan);
    assert_eq!((armed.settings().layout.element.bytes(), armed.settings().layout.bit_depth), (1, 8));
    let (session, frames) = start(armed);
    rig.step(3);
    for lease in rest(&frames) {
        let number = lease.record().camera_number.expect("metadata is on");
        let pixels = lease.pixels::<u8>().expect("8 bits");
        assert_eq!(u16::from(pixels[33]), counter(number, 1, 1, 8));
        assert!(lease.pixels::<u16>().is_err(), "and nothing else");
        assert_eq!(lease_metadata(&lease).expect("metadata is on").header().version, 3);
    }
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn without_metadata() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.sdk.open(NAME, OpenPolicy::Keep).expect("it opens").camera;
    assert_eq!(camera.metadata_enabled(), Some(false));
    let plan = sequence(&camera, 3);
    let (session, frames) = start(arm(camera, plan));
    rig.step(3);
    for (index, lease) in rest(&frames).iter().enumerate() {
        assert_eq!((lease.record().number, lease.record().camera_number), (index as u64 + 1, None));
        assert_eq!((lease.layout().offset, lease.record().tag), (0, None));
        assert!(lease_metadata(lease).is_none());
    }
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn a_long_exposure_is_counted_in_a_coarser_unit() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    assert_eq!(camera.exposure_range().unit, ExposureUnit::Microseconds, "raw: the finest");
    let longest = camera.exposure_range().longest;
    let plan = |exposure| Plan::sequence(1).region(Region::new(0, 0, 64, 48)).exposure(exposure);
    let armed = arm(camera, plan(longest));
    assert!(armed.settings().exposure.abs_diff(longest) < Duration::from_millis(1));
    let camera = armed.disarm();
    let beyond = Duration::from_secs(5000);
    // Beyond 32 bits of microseconds, and beyond what this model takes in any unit or not: told by type either way.
    match camera.arm(plan(beyond)) {
        Ok(armed) => assert_eq!(armed.settings().exposure.as_secs(), 5000),
        Err(refused) => {
            let pvcam::error::ArmError::Exposure { longest, .. } = refused.why else { panic!("{refused}") };
            assert!(longest < beyond);
        }
    }
}

#[test]
fn handles_may_go_to_other_threads() {
    fn send<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    send::<pvcam::Camera>();
    send::<pvcam::Armed>();
    send::<pvcam::Session>();
    shared::<pvcam::Sdk>();
    shared::<pvcam::Frames>();
    shared::<pvcam::Canceller>();
    shared::<pvcam::RingTrust>();
}
