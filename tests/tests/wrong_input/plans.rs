//! Plans that cannot be carried out. Each error carries what was asked and what would do.

use std::time::Duration;

use pvcam::error::ArmError;
use pvcam::{Binning, Plan, Region};

use crate::Row;
use crate::world::World;

pub(crate) const ROWS: &[Row] = &[
    ("a region past the last column", |world| region(world, Region::new(2040, 0, 9, 10))),
    ("a region past the last row", |world| region(world, Region::new(0, 2047, 10, 2))),
    ("a region without columns", |world| region(world, Region::new(5, 5, 0, 10))),
    ("a region at the far end of 16 bits", |world| {
        region(world, Region::new(65_535, 65_535, 65_535, 65_535))
    }),
    ("a region smaller than a bin", |world| {
        let plan = world.plan().region(Region::new(0, 0, 3, 8)).binning(Binning::new(4, 4));
        let why = world.refused_plan(plan);
        assert!(
            matches!(why, ArmError::RegionBelowBin { binning, .. } if binning == Binning::new(4, 4)),
            "{why:?}"
        );
    }),
    ("a binning that is not offered", |world| binning(world, Binning::new(3, 3))),
    ("a binning of nothing", |world| binning(world, Binning::new(0, 1))),
    ("an exposure of zero", |world| exposure(world, Duration::ZERO)),
    ("an exposure of a nanosecond", |world| exposure(world, Duration::from_nanos(1))),
    ("an exposure of an hour", |world| exposure(world, Duration::from_secs(3600))),
    ("an exposure without end", |world| exposure(world, Duration::MAX)),
    ("a sequence of no frames", |world| {
        let why = world.refused_plan(Plan::sequence(0));
        assert!(matches!(why, ArmError::ZeroFrames), "{why:?}");
    }),
    ("a ring of no slots", |world| ring(world, 0)),
    ("a ring of two slots", |world| ring(world, 2)),
    ("a ring of more than 4 GB", |world| too_large(world, Plan::continuous().ring(520), 520)),
    ("a ring of more slots than there are numbers", |world| {
        too_large(world, Plan::continuous().ring(u32::MAX), u32::MAX);
    }),
    ("a sequence of more than 4 GB", |world| too_large(world, Plan::sequence(u16::MAX), 65_535)),
    ("a ring over the budget", |world| {
        let plan = world.plan().budget(30_000);
        let why = world.refused_plan(plan);
        let right = matches!(why, ArmError::OverBudget { slots: 8, budget: 30_000, bytes, frame_bytes, .. }
            if bytes > 30_000 && frame_bytes > 64 * 48 * 2);
        assert!(right, "{why:?}");
    }),
    ("a ring of our own choice, with no budget", |world| {
        let why = world.refused_plan(Plan::continuous().budget(0));
        assert!(matches!(why, ArmError::OverBudget { budget: 0, .. }), "{why:?}");
    }),
    ("memory that is still leased, and no budget for more", still_leased),
];

fn region(world: &mut World, asked: Region) {
    let plan = world.plan().region(asked);
    let sensor_there = world.camera().sensor();
    match world.refused_plan(plan) {
        ArmError::Region { region, sensor } => assert_eq!((region, sensor), (asked, sensor_there)),
        why => unreachable!("{why:?}"),
    }
}

fn binning(world: &mut World, wrong: Binning) {
    let plan = world.plan().binning(wrong);
    match world.refused_plan(plan) {
        ArmError::Binning { asked, offered } => {
            assert_eq!(asked, wrong);
            assert!(offered.contains(&Binning::NONE) && !offered.contains(&wrong), "{offered:?}");
        }
        why => unreachable!("{why:?}"),
    }
}

fn exposure(world: &mut World, wrong: Duration) {
    let before = world.camera().exposure_range();
    let plan = world.plan().exposure(wrong);
    match world.refused_plan(plan) {
        ArmError::Exposure { asked, shortest, longest } => {
            assert_eq!(asked, wrong);
            assert!(
                wrong < shortest || wrong > longest,
                "{wrong:?} is not between {shortest:?} and {longest:?}"
            );
        }
        why => unreachable!("{why:?}"),
    }
    assert_eq!(world.camera().exposure_range(), before, "the unit is as it was");
}

fn ring(world: &mut World, wrong: u32) {
    let plan = world.plan().ring(wrong);
    let why = world.refused_plan(plan);
    assert!(matches!(why, ArmError::RingTooSmall { slots, least: 3 } if slots == wrong), "{why:?}");
}

/// The whole sensor, so that a slot has 8 MiB and more; no budget in the way.
fn too_large(world: &mut World, plan: Plan, wrong: u32) {
    match world.refused_plan(plan.budget(u64::MAX)) {
        ArmError::RingTooLarge { slots, frame_bytes, bytes, limit } => {
            assert_eq!((slots, bytes), (wrong, u64::from(wrong) * u64::from(frame_bytes)));
            assert!(bytes > limit && limit == u64::from(u32::MAX), "{bytes} {limit}");
        }
        // A sequence is refused by the camera itself where its own limit is lower.
        ArmError::Setup { failure, .. } => assert_eq!(failure.name(), Some("PL_ERR_TOO_MANY_FRAMES")),
        why => unreachable!("{why:?}"),
    }
}

/// Two more frames are held, of a sequence; the ring that follows would need memory beside it.
fn still_leased(world: &mut World) {
    let budget = 1 << 20;
    let plan = world.plan().reserve(0).budget(budget);
    let camera = world.take_camera();
    let sequence = Plan::sequence(40).region(pvcam_tests::small(&camera)).exposure(Duration::from_millis(1));
    let (session, frames) = camera.arm(sequence.budget(budget)).expect("it fits").start().expect("it starts");
    world.rig().step(0, 40);
    let held: Vec<_> = (0..2).map(|_| pvcam_tests::next(&frames)).collect();
    drop(frames);
    let armed = session.stop().expect("it stops").armed;
    let refused = armed.rearm(plan.ring(130)).expect_err("the rest of the budget is too small");
    match refused.why {
        ArmError::LeasesOut { held, budget: told, by } => {
            assert_eq!((held, told), (2 + world.kept(), budget));
            assert_eq!((by.named.len(), by.anonymous), (0, u64::from(held)), "nobody has a name");
        }
        why => unreachable!("{why:?}"),
    }
    held.iter().for_each(pvcam_tests::assert_counter_scene);
    drop(held);
    let plan =
        Plan::continuous().region(pvcam::Region::new(0, 0, 64, 48)).ring(130).reserve(0).budget(budget);
    let armed = refused.given_back.rearm(plan).expect("now there is room");
    world.put_camera(armed.disarm());
}
