//! From the end-of-frame callback to the reader and back nothing is allocated, whichever way a frame is delivered. One test,
//! because the count is the whole process's; the simulator, a library with an allocator of its own, is not in it.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use counting_alloc::CountingAllocator;
use pvcam::{Armed, Plan, StreamMode};
use pvcam_tests::{Rig, Ring, counter, next, small};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const WARM_UP: u64 = 50;
const FRAMES: u64 = 1000;

/// Runs, and counts the blocks asked for while `FRAMES` frames are exposed, delivered, cloned, read and dropped.
fn blocks_asked_for(rig: &Rig, armed: Armed, mode: StreamMode, mut reader: impl FnMut(u64)) -> u64 {
    assert_eq!(armed.settings().delivery, mode);
    let (session, frames) = armed.start().expect("it starts");
    let mut before = 0;
    for number in 1..=WARM_UP + FRAMES {
        if number == WARM_UP + 1 {
            before = ALLOCATOR.allocations();
        }
        rig.step(0, 1);
        let lease = next(&frames);
        let other = lease.clone();
        let row = other.row::<u16>(7).expect("a row");
        let bits = lease.layout().bit_depth;
        assert_eq!((lease.record().number, row[5]), (number, counter(number, 7, 5, bits)));
        reader(number);
    }
    let asked = ALLOCATOR.allocations() - before;
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (WARM_UP + FRAMES, 0), "{books}");
    asked
}

fn sequence(rig: &Rig) -> Armed {
    let camera = rig.open("pvcamUSB_0");
    let frames = (WARM_UP + FRAMES) as u16;
    let plan = Plan::sequence(frames).region(small(&camera)).exposure(Duration::from_millis(1));
    camera.arm(plan).expect("the plan is good")
}

fn ring(ring: &Ring, rig: &Rig) -> Armed {
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera);
    camera.arm(plan).expect("the plan is good")
}

#[test]
fn nothing_is_allocated_for_a_frame() {
    let rig = Rig::stepped("");
    assert_eq!(blocks_asked_for(&rig, sequence(&rig), StreamMode::Frozen, |_| ()), 0, "a sequence");
    drop(rig);
    for story in Ring::all() {
        let rig = story.rig("");
        let asked = blocks_asked_for(&rig, ring(&story, &rig), story.mode(), |_| ());
        assert_eq!(asked, 0, "{} ring", story.story);
    }
    // The control: a reader that asks for one block a frame is found out.
    let (story, mut kept) = (Ring::copied(), Vec::with_capacity((WARM_UP + FRAMES) as usize));
    let rig = story.rig("");
    let asked =
        blocks_asked_for(&rig, ring(&story, &rig), story.mode(), |number| kept.push(Box::new(number)));
    assert_eq!(asked, FRAMES, "each frame's box is seen");
}
