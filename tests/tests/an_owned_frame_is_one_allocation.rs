//! What a copy and a view cost: an owned frame asks for one block of memory, views and regions for none.

use std::time::Duration;

use counting_alloc::CountingAllocator;
use frame_pool::RegionLayout;
use pvcam::Plan;
use pvcam_tests::{Rig, counter, next, small};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Blocks asked for meanwhile, by all threads: nothing else runs, because the stepped clock stands still.
fn blocks<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATOR.allocations();
    let result = work();
    (ALLOCATOR.allocations() - before, result)
}

#[test]
fn an_owned_frame_is_one_block_and_its_views_are_none() {
    let rig = Rig::stepped("");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(2).region(small(&camera)).exposure(Duration::from_millis(1));
    let (session, frames) = camera.arm(plan).expect("the plan is good").start().expect("it starts");
    rig.step(0, 2);
    let (lease, second) = (next(&frames), next(&frames));
    let stopped = session.stop().expect("it stops");

    let (asked, owned) = blocks(|| lease.to_owned_frame().expect("a sequence is not torn"));
    assert_eq!(asked, 1);
    assert_eq!(owned.slot_bytes(), lease.slot_bytes());
    drop(lease);
    let bits = owned.layout().bit_depth;
    let table = [RegionLayout::new(*owned.layout(), 992, 1000)];
    let (asked, pixel) = blocks(|| {
        let regions = owned.regions(&table).chain(second.regions(table)).map(|region| region.origin().0);
        assert_eq!(regions.sum::<u32>(), 2 * 992);
        let row = owned.rows::<u16>().expect("rows").nth(7).expect("a row");
        (row[5], second.pixels::<u16>().expect("pixels").len())
    });
    assert_eq!((asked, pixel), (0, (counter(1, 7, 5, bits), 64 * 48)));
    // The control: who copies pixels is seen.
    assert_eq!(blocks(|| owned.pixels::<u16>().expect("pixels").to_vec()).0, 1);
    drop(stopped);
}
