//! Snap, hold, snap: a frame that is held stays as it is, byte by byte, however often the camera exposes anew; when its memory
//! would be needed and there is no other, the start is refused instead.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::collections::VecDeque;

use pvcam::error::{ArmError, StartError};
use pvcam::{Armed, Lease, Plan};
use support::*;

/// A frame, and all bytes of its slot as they were when it came.
struct Kept {
    lease: Lease,
    bytes: Vec<u8>,
}

impl Kept {
    fn new(lease: Lease) -> Self {
        let bytes = lease.slot_bytes().to_vec();
        Self { lease, bytes }
    }

    fn is_unchanged(&self) -> bool {
        self.lease.slot_bytes() == self.bytes
    }

    fn address(&self) -> usize {
        self.lease.slot_bytes().as_ptr().addr()
    }
}

/// One sequence of one frame.
fn snap(rig: &Rig, armed: Armed) -> (Armed, Kept) {
    let (session, frames) = start(armed);
    rig.step(1);
    let kept = Kept::new(next(&frames));
    assert_counter_scene(&kept.lease);
    let stopped = session.stop().expect("it stops");
    assert_balanced(&stopped.books);
    (stopped.armed, kept)
}

/// All snaps show the camera's frame 1, so each is marked by another region.
fn plan(camera: &pvcam::Camera, round: u16) -> Plan {
    let corner = small(camera);
    Plan::sequence(1).region(pvcam::Region::new(corner.column, corner.row + round, 64, 48))
}

#[test]
fn whichever_frames_are_held_while_others_are_snapped() {
    let rig = rig("clock = \"stepped\"\nscene = \"counter\"");
    let camera = rig.open();
    let plans: Vec<Plan> = (0..30).map(|round| plan(&camera, round)).collect();
    let mut armed = arm(camera, plans[0].clone());
    let (mut held, mut addresses) = (VecDeque::new(), std::collections::BTreeSet::new());
    for plan in plans {
        armed = armed.rearm(plan).expect("there is room");
        let (again, kept) = snap(&rig, armed);
        armed = again;
        addresses.insert(kept.address());
        held.push_back(kept);
        // Up to four are held, and not always the oldest is let go first.
        if held.len() > 4 {
            drop(held.remove(held.len() % 3));
        }
        assert!(held.iter().all(Kept::is_unchanged), "a frame that is held has changed");
        held.iter().for_each(|kept| assert_counter_scene(&kept.lease));
    }
    assert!(addresses.len() < 30, "memory that nobody holds is used again");
}

/// The control: where nobody holds the frame, the next one comes to the same address, so a comparison would see it change.
#[test]
fn a_frame_that_is_not_held_is_written_over() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = plan(&camera, 0);
    let (armed, first) = snap(&rig, arm(camera, plan));
    let (address, bytes) = (first.address(), first.bytes.clone());
    drop(first);
    let (_armed, second) = snap(&rig, armed);
    assert_eq!(second.address(), address);
    // The pixels are the same, but not the camera's time in the metadata.
    assert_ne!(second.bytes, bytes, "another frame");
}

#[test]
fn without_other_memory_the_start_is_refused_until_it_is_let_go() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = plan(&camera, 0).budget(14_000);
    let (mut armed, mut kept) = snap(&rig, arm(camera, plan.clone()));
    for _ in 0..5 {
        let refused = armed.start().expect_err("the camera would write over a leased frame");
        assert!(matches!(refused.why, StartError::LeasesOut { held: 1, .. }), "{:?}", refused.why);
        let refused = refused.given_back.rearm(plan.clone()).expect_err("nor can it be armed anew");
        assert!(matches!(refused.why, ArmError::LeasesOut { held: 1, .. }), "{:?}", refused.why);
        assert!(kept.is_unchanged());
        drop(kept);
        (armed, kept) = snap(&rig, refused.given_back);
    }
}
