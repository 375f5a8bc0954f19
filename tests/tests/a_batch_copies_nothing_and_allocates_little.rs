//! A batch of one frame copies no byte of it, and makes no more allocations than promised. One test, because the count is the whole
//! process's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use arrow_array::cast::AsArray;
use counting_alloc::CountingAllocator;
use frame_arrow::FrameSchema;
use frame_pool::Lease;
use pvcam_tests::{Ring, schema_plan};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Promised for a batch, once the first one is there.
const ALLOCATIONS: u64 = 13;

const FRAMES: usize = 200;

/// The most blocks that were asked for in a batch of one frame.
fn batch(schema: &FrameSchema, lease: &Lease) -> u64 {
    let before = ALLOCATOR.allocations();
    let batch = schema.to_record_batch(lease).expect("a batch");
    let asked = ALLOCATOR.allocations() - before;
    let values = batch.column(0).as_fixed_size_list().values().to_data();
    let lent = lease.bytes().expect("the layout fits").as_ptr();
    assert_eq!(values.buffers()[0].as_ptr(), lent, "copied");
    asked
}

#[test]
fn thirteen_small_blocks_and_no_byte() {
    for ring in Ring::all() {
        let rig = ring.rig("");
        let camera = rig.open("pvcamUSB_0");
        let plan = ring.plan(&camera);
        let armed = camera.arm(plan).expect("the plan is good");
        let schema = schema_plan(armed.settings(), armed.regions(), "SIM-1").build().expect("columns");
        let bytes = u64::from(armed.settings().frame_bytes);
        let (session, mut taker) = {
            let (session, frames) = armed.start().expect("it starts");
            (session, pvcam_tests::Taker::new(frames))
        };
        let mut asked = Vec::with_capacity(FRAMES);
        while asked.len() < FRAMES {
            rig.step(0, 1);
            asked.extend(taker.settled(&session).iter().map(|lease| batch(&schema, lease)));
        }
        // What all frames have in common is made with the first.
        let (first, most) = (asked[0], asked[1..].iter().max().expect("there are more"));
        println!("{}: {most} blocks for a batch, {first} for the first", ring.story);
        assert!(*most > 0 && *most <= ALLOCATIONS, "{most} blocks");
        let books = session.stop().expect("it stops").books;
        let copies = if ring.trust.is_some() { 0 } else { books.delivered };
        assert_eq!(books.copied_bytes, copies * bytes, "no copy but the driver's own: {books}");
    }
}
