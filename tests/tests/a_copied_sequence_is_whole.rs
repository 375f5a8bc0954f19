//! A sequence that is delivered by copies loses nothing, however late the copier is and whether or not frames carry numbers:
//! each frame has a slot of its own, and nothing is written there again.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use pvcam::{Delivery, Evidence, Lease, OpenPolicy, Plan};
use pvcam_tests::{Rig, rest, scene_of};

/// Takes a sequence whose frames come back to back, and nobody waits for the copier.
fn sequence(rig: &Rig, policy: OpenPolicy, frames: u16) -> Vec<Lease> {
    let camera = rig.sdk.open("pvcamUSB_0", policy).expect("the camera opens").camera;
    assert_eq!(camera.metadata_enabled(), Some(policy == OpenPolicy::Raw));
    let region = pvcam::Region::centred(camera.sensor(), 512, 256);
    let plan = Plan::sequence(frames).region(region).exposure(Duration::from_millis(1));
    let plan = plan.delivery(Delivery::Copy).reserve(frames.into());
    let (session, reader) = camera.arm(plan).expect("a good plan").start().expect("it starts");
    assert_eq!(rig.control.step(0, frames.into(), Duration::ZERO), Some(frames.into()));
    let leases = rest(&reader);
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (frames.into(), 0), "{frames} frames, {policy:?}: {books}");
    assert_eq!(leases.len(), usize::from(frames));
    leases
}

#[test]
fn with_metadata() {
    let rig = Rig::stepped("");
    for frames in [1, 2, 3, 30] {
        for lease in sequence(&rig, OpenPolicy::Raw, frames) {
            assert_eq!(lease.record().evidence, Evidence::Tag);
            assert!(
                lease.pixels::<u16>().expect("16 bits") == scene_of(lease.record().number, lease.layout())
            );
        }
    }
}

#[test]
fn without_metadata() {
    // Power-up settings: no metadata, and despeckling, which leaves the counter scene alone but where it wraps.
    let rig = Rig::stepped("");
    for frames in [1, 2, 3, 30] {
        for (lease, number) in sequence(&rig, OpenPolicy::Keep, frames).iter().zip(1..) {
            assert_eq!((lease.record().evidence, lease.record().camera_number), (Evidence::Frozen, None));
            assert_eq!(lease.record().number, number);
            assert!(lease.pixels::<u16>().expect("16 bits") == scene_of(number, lease.layout()));
        }
    }
}
