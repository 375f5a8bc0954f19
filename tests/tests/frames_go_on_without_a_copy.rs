//! From one bus to a second one after a decimator, and to a pool of threads: the same memory; and readers that stay awake.

use std::time::Duration;

use frame_bus::{Bus, BusPlan, Policy, Request, Wait, WaitError};
use pvcam_tests::{BusRig, Ring, SOON, balanced, frame};

#[test]
fn a_second_bus_gets_each_fifth_frame_where_it_lies() {
    let run = BusRig::start(&Ring::copied());
    let second = Bus::new(BusPlan::for_ring(8, 8)).expect("a thread can be had");
    let mut first_reader =
        run.bus.subscribe(&Request::new("first", Policy::Every { depth: 1 }).each(5)).expect("room");
    let mut second_reader =
        second.subscribe(&Request::new("second", Policy::Every { depth: 2 })).expect("room");
    let publisher = second.publisher();
    let to_second = Request::new("link", Policy::DropOldest { depth: 1 }).each(5);
    let link = run.bus.subscribe_callback(&to_second, move |event| {
        if let Some(frame) = event.into_frame() {
            publisher.publish(frame.into_lease());
        }
    });
    let link = link.expect("room");
    for n in 0..10 {
        run.step(5);
        let (one, other) = (frame(&mut first_reader), frame(&mut second_reader));
        assert_eq!((one.record().number, other.record().number), (5 * n + 1, 5 * n + 1));
        assert_eq!(one.slot_bytes().as_ptr(), other.slot_bytes().as_ptr());
    }
    assert_eq!(balanced(link.stop().expect("no panic")).taken, 10);
    assert_eq!(balanced(second_reader.leave()).taken, 10);
    assert_eq!(
        run.session.books().copied_bytes / u64::from(run.session.settings().frame_bytes),
        50,
        "one copy a frame, none more"
    );
}

#[test]
fn a_lease_is_handed_to_a_pool_of_threads() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = run.bus.subscribe(&Request::new("reader", Policy::Every { depth: 2 })).expect("room");
    run.step(1);
    let taken = frame(&mut reader);
    let sum = |bytes: &[u8]| bytes.iter().map(|&b| u64::from(b)).sum::<u64>();
    let expected = sum(taken.slot_bytes());
    let clones: Vec<_> = (0..4).map(|_| taken.clone()).collect();
    assert_eq!(run.bus.holdings()[0].frames, 5);
    drop(taken);
    for mine in clones {
        let worker = std::thread::spawn(move || sum(mine.slot_bytes()));
        assert_eq!(worker.join().expect("no panic"), expected);
    }
    assert_eq!(run.bus.holdings()[0].frames, 0);
}

#[test]
fn readers_that_stay_awake_get_the_same() {
    let run = BusRig::start(&Ring::copied());
    for wait in [Wait::Busy, Wait::Spin(Duration::from_micros(50)), Wait::Park] {
        let request = Request::new("reader", Policy::Every { depth: 2 }).wait(wait);
        let mut reader = run.bus.subscribe(&request).expect("room");
        assert_eq!(reader.recv_within(Duration::from_millis(2)).unwrap_err(), WaitError::Timeout, "{wait:?}");
        let canceller = reader.canceller();
        let waits = std::thread::spawn(move || {
            let first = reader.recv_within(SOON * 2);
            (first, reader.recv_within(SOON * 2).unwrap_err())
        });
        run.step(1);
        while run.bus.books().subscribers.iter().all(|books| books.taken == 0) {
            std::thread::yield_now();
        }
        canceller.cancel();
        let (first, second) = waits.join().expect("no panic");
        assert!(first.is_ok_and(|event| event.into_frame().is_some()), "{wait:?}");
        assert_eq!(second, WaitError::Cancelled, "{wait:?}");
    }
}
