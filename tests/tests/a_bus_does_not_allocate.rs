//! From the end-of-frame callback through the bus to readers of every policy, asleep or not, and back, nothing is allocated. One
//! test, because the count is the whole process's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use counting_alloc::CountingAllocator;
use frame_bus::{Event, Policy, Request, Subscriber};
use pvcam_tests::{BusRig, Ring, SOON};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const WARM_UP: u64 = 50;
const FRAMES: u64 = 1000;

/// Blocks asked for while `FRAMES` frames go through a bus with 4 readers, one of which sleeps for each.
fn blocks_asked_for(ring: &Ring, mut reader: impl FnMut(u64)) -> u64 {
    let run = BusRig::start(ring);
    let join = |policy| run.bus.subscribe(&Request::new("reader", policy)).expect("room");
    let (mut every, mut oldest) = (join(Policy::Every { depth: 2 }), join(Policy::DropOldest { depth: 1 }));
    let (mut viewer, sleeper) = (join(Policy::Latest), join(Policy::DropOldest { depth: 2 }));
    let (mut before, mut batch) = (0, Vec::with_capacity(4));
    let asleep = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&asleep);
    let sleeps = std::thread::spawn(move || sleep_for_each(sleeper, &seen));
    for number in 1..=WARM_UP + FRAMES {
        if number == WARM_UP + 1 {
            before = ALLOCATOR.allocations();
        }
        run.rig.step(0, 1);
        let frame = every.recv_within(SOON).ok().and_then(Event::into_frame).expect("a frame");
        assert_eq!(frame.record().number, number);
        if number % 3 == 0 {
            oldest.take_unread(&mut batch);
            batch.clear();
            drop(viewer.take_newest());
        }
        reader(number);
        // On a busy machine the sleeper may be put aside with a frame in its hands, which fills a small ring.
        let begun = Instant::now();
        while asleep.load(Ordering::Acquire) + u64::from(Ring::SLOTS / 2) < number {
            assert!(begun.elapsed() < SOON, "the sleeper does not wake");
            std::thread::yield_now();
        }
    }
    let asked = ALLOCATOR.allocations() - before;
    run.bus.close(frame_bus::Closing::Stopped);
    assert!(sleeps.join().expect("no panic") > 0);
    assert!(run.bus.books().balance());
    asked
}

/// Takes frames until the end, and says in `seen` up to which one; answers how many.
fn sleep_for_each(mut sleeper: Subscriber, seen: &AtomicU64) -> u64 {
    let mut frames = 0;
    while let Ok(event) = sleeper.recv_within(SOON) {
        match event {
            Event::Closed(_) => break,
            Event::Frame(frame) => {
                let number = frame.record().number;
                drop(frame);
                seen.store(number, Ordering::Release);
                frames += 1;
            }
            _ => {}
        }
    }
    frames
}

#[test]
fn nothing_is_allocated_for_a_frame_on_the_bus() {
    for ring in Ring::all() {
        assert_eq!(blocks_asked_for(&ring, |_| ()), 0, "{} ring", ring.story);
    }
    // The control: a reader that asks for one block a frame is found out.
    let mut kept = Vec::with_capacity((WARM_UP + FRAMES) as usize);
    assert_eq!(blocks_asked_for(&Ring::copied(), |number| kept.push(Box::new(number))), FRAMES);
}
