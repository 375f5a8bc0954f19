//! A plan of several regions: every pixel of each is where the run's table and the frame's own headers say, on every way of delivery.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::time::Duration;

use pvcam::error::ArmError;
use pvcam::metadata::lease_metadata;
use pvcam::{Binning, Delivery, Lease, OpenPolicy, Plan, Region, RegionLayout, StreamMode};
use support::*;

/// Not in the order of the sensor, of different sizes, two of them side by side.
const CELLS: [Region; 3] =
    [Region::new(1000, 900, 40, 30), Region::new(10, 20, 16, 48), Region::new(26, 20, 50, 8)];

fn plan(plan: Plan) -> Plan {
    plan.regions(CELLS).exposure(Duration::from_millis(1))
}

/// Whether each region has the pixels that the scene has for a picture of its size.
fn is_scene(lease: &Lease, regions: &[RegionLayout]) -> bool {
    let number = lease.record().camera_number.expect("metadata is on");
    regions.len() == CELLS.len()
        && lease.regions(regions).all(|region| {
            let layout = *region.layout();
            let pixels = region.pixels::<u16>().expect("16 bits");
            pixels.iter().zip(0..).all(|(&pixel, at)| {
                pixel == counter(number, at / layout.columns, at % layout.columns, layout.bit_depth)
            })
        })
}

fn assert_regions(leases: &[Lease], regions: &[RegionLayout], expected: usize) {
    assert_eq!(leases.len(), expected);
    for lease in leases {
        assert!(is_scene(lease, regions), "frame {}", lease.record().number);
        let told = lease_metadata(lease).expect("metadata is on").region_layouts(lease.layout());
        let told: Vec<_> = told.collect::<Result<_, _>>().expect("the headers fit the pixels");
        assert_eq!(told, regions, "the headers in the frame say the same");
        let mut moved = regions.to_vec();
        moved.swap(0, 1);
        (moved[0].layout.offset, moved[1].layout.offset) = (moved[1].layout.offset, moved[0].layout.offset);
        assert!(!is_scene(lease, &moved), "pixels at another place are seen to be wrong");
    }
}

#[test]
fn in_a_sequence_in_place() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    assert!(camera.region_limit() >= 3);
    let armed = arm(camera, plan(Plan::sequence(4)));
    let settings = *armed.settings();
    let pixels: u32 = CELLS.iter().map(|cell| u32::from(cell.columns) * u32::from(cell.rows) * 2).sum();
    assert_eq!(settings.frame_bytes, 48 + 3 * 32 + pixels);
    assert_eq!((settings.region, settings.layout.columns), (CELLS[0], 40), "the first stands for all");
    let places: Vec<_> = armed.regions().iter().map(|region| (region.column, region.row)).collect();
    assert_eq!(places, [(1000, 900), (10, 20), (26, 20)], "as the plan orders them");
    let (session, frames) = start(armed);
    rig.step(4);
    assert_regions(&rest(&frames), session.regions(), 4);
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn in_a_ring_copied_and_binned() {
    let rig = rig("clock = \"stepped\"");
    let ring = plan(Plan::continuous()).ring(8).binning(Binning::new(2, 2)).delivery(Delivery::Copy);
    let (session, frames) = start(arm(rig.open(), ring));
    assert_eq!(session.settings().delivery, StreamMode::Copied);
    let table = session.shared_regions();
    assert!(table.iter().all(|region| (region.bin_columns, region.bin_rows) == (2, 2)));
    let mut seen = Vec::new();
    for _ in 0..20 {
        rig.step(1);
        seen.push(next(&frames));
        assert_regions(&seen, &table, 1);
        seen.clear();
    }
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn in_a_locked_ring_in_place() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let (session, frames) = start(arm(rig.open(), plan(Plan::continuous()).ring(8).trust(&trust)));
    assert_eq!(session.settings().delivery, StreamMode::Locked);
    for _ in 0..20 {
        rig.step(1);
        assert_regions(&[next(&frames)], session.regions(), 1);
    }
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.delivered, stopped.books.copied_bytes), (20, 0));
    assert_balanced(&stopped.books);
}

#[test]
fn a_refused_plan_leaves_the_regions_from_before() {
    let rig = rig("clock = \"stepped\"");
    let armed = arm(rig.open(), plan(Plan::sequence(1)));
    let refused = armed.rearm(plan(Plan::sequence(2)).budget(1)).expect_err("no memory at all");
    let armed = refused.given_back;
    let (session, frames) = start(armed);
    rig.step(1);
    assert_regions(&rest(&frames), session.regions(), 1);
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let limit = camera.region_limit();
    let row = |count: u16| (0..count).map(|index| Region::new(index * 8, 0, 8, 8));
    let refused = camera.arm(Plan::sequence(1).regions(row(limit + 1))).expect_err("one too many");
    let asked = usize::from(limit) + 1;
    assert!(
        matches!(refused.why, ArmError::TooManyRegions { asked: a, limit: l } if a == asked && l == limit)
    );
    let [first, second] = [Region::new(0, 0, 8, 8), Region::new(7, 7, 8, 8)];
    let refused =
        refused.given_back.arm(Plan::sequence(1).regions([first, second])).expect_err("they overlap");
    assert!(
        matches!(refused.why, ArmError::RegionsOverlap { first: a, second: b } if a == first && b == second)
    );
    let outside = Region::new(2040, 0, 9, 8);
    let refused =
        refused.given_back.arm(Plan::sequence(1).regions([first, outside])).expect_err("off the sensor");
    assert!(matches!(refused.why, ArmError::Region { region, .. } if region == outside));
    let armed = arm(refused.given_back, Plan::sequence(1).regions(row(limit)));
    assert_eq!(armed.regions().len(), limit.into(), "as many as the camera takes are fine");
}

#[test]
fn more_than_one_needs_metadata() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.sdk.open(NAME, OpenPolicy::Keep).expect("it opens").camera;
    assert_eq!(camera.metadata_enabled(), Some(false), "as at power-up");
    let refused = camera.arm(plan(Plan::sequence(1))).expect_err("without metadata");
    assert!(matches!(refused.why, ArmError::RegionsNeedMetadata { asked: 3 }), "{}", refused.why);
    let armed = arm(refused.given_back, sequence_of(CELLS[0]));
    assert_eq!((armed.regions().len(), armed.regions()[0].layout.offset), (1, 0), "one is fine");
}

fn sequence_of(region: Region) -> Plan {
    Plan::sequence(1).region(region).exposure(Duration::from_millis(1))
}
