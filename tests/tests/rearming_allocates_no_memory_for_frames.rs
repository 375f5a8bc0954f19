//! Arming anew and starting again: when nobody holds a frame, the memory of the run before serves, whole, at the same address, and
//! what is allocated beside it is a few small blocks, the same number each time. One test, because the count is the process's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use counting_alloc::CountingAllocator;
use pvcam::{Armed, Lease, Plan};
use pvcam_tests::{Rig, next, small};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const ROUNDS: usize = 20;
/// Blocks that a start may ask for: queues and counters of the run. A frame each would be many times as many.
const FEW: u64 = 100;

/// Maps of frame memory that this process has.
fn maps() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells its maps");
    maps.lines().filter(|line| line.contains("memfd:")).count()
}

/// Arms anew and takes one frame; the frame, and how many blocks were asked for.
fn round(rig: &Rig, armed: Armed, plan: &Plan) -> (Armed, Lease, u64) {
    let plan = plan.clone();
    let before = ALLOCATOR.allocations();
    let armed = armed.rearm(plan).expect("the plan is good");
    let (session, frames) = armed.start().expect("it starts");
    let asked = ALLOCATOR.allocations() - before;
    rig.step(0, 1);
    let lease = next(&frames);
    drop(frames);
    (session.stop().expect("it stops").armed, lease, asked)
}

#[test]
fn memory_that_nobody_holds_serves_again() {
    let rig = Rig::stepped("");
    let camera = rig.open("pvcamUSB_0");
    let region = small(&camera);
    let plan = Plan::sequence(500).region(region).exposure(Duration::from_millis(1));
    let armed = camera.arm(plan.clone()).expect("the plan is good");
    let (mut armed, lease, _) = round(&rig, armed, &plan);
    let (address, in_use) = (lease.slot_bytes().as_ptr(), maps());
    assert!(in_use > 0, "the memory of frames can be seen");
    drop(lease);
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        let (again, lease, blocks) = round(&rig, armed, &plan);
        assert_eq!(lease.slot_bytes().as_ptr(), address, "the same memory");
        armed = again;
        asked.push(blocks);
    }
    assert_eq!(maps(), in_use, "no other memory");
    assert!(asked.iter().all(|&blocks| blocks == asked[0] && blocks < FEW), "{asked:?}");
    // The control: while all of it is held, other memory has to be had, and that is seen.
    let (session, frames) = armed.start().expect("it starts");
    rig.step(0, 500);
    let held: Vec<Lease> = (0..500).map(|_| next(&frames)).collect();
    let armed = session.stop().expect("it stops").armed;
    let (armed, lease, _) = round(&rig, armed, &plan);
    assert_ne!(lease.slot_bytes().as_ptr(), address);
    assert!(maps() > in_use, "other memory");
    drop((held, lease, armed));
}
