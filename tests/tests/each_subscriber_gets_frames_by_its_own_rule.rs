//! A camera on the stepped clock, one bus, subscribers of every policy: what each gets, what it is told of lag, and its books.

use std::time::Duration;

use frame_bus::{Closing, Event, Filter, Policy, Request, SubscribeError, Subscriber, WaitError};
use pvcam_tests::{BusRig, Ring, balanced, frame, lag};

fn number(subscriber: &mut Subscriber) -> u64 {
    frame(subscriber).record().number
}

/// In place and copied. Not for all tests: to probe a ring takes seconds.
fn on_each_ring(test: impl Fn(&BusRig)) {
    Ring::all().iter().for_each(|ring| on(ring, &test));
}

fn on(ring: &Ring, test: impl Fn(&BusRig)) {
    test(&BusRig::start(ring));
}

#[test]
fn who_wants_every_frame_misses_nothing() {
    on_each_ring(|run| {
        let join = |name: &str| run.bus.subscribe(&Request::new(name, Policy::Every { depth: 3 }));
        let (mut fast, mut behind) = (join("fast").expect("room"), join("behind").expect("room"));
        for n in 1..=200 {
            run.step(1);
            assert_eq!(number(&mut fast), n);
            // Two frames wait while the third is taken.
            if n > 2 {
                assert_eq!(number(&mut behind), n - 2);
            }
        }
        assert_eq!(behind.unread(), 2);
        let (fast, behind) = (balanced(fast.leave()), balanced(behind.leave()));
        assert_eq!((fast.taken, fast.offered, fast.lost()), (200, 200, 0));
        assert_eq!((behind.taken, behind.left, behind.lost()), (198, 2, 0));
        assert!(run.bus.books().balance());
    });
}

#[test]
fn both_ends_of_a_frame_are_the_same_memory() {
    on(&Ring::copied(), |run| {
        let mut a = run.bus.subscribe(&Request::new("a", Policy::Latest)).expect("room");
        let mut b = run.bus.subscribe(&Request::new("b", Policy::DropNewest { depth: 2 })).expect("room");
        run.step(1);
        let (one, other) = (frame(&mut a), frame(&mut b));
        assert_eq!(one.slot_bytes().as_ptr(), other.slot_bytes().as_ptr());
        one.verify().expect("whole");
    });
}

#[test]
fn a_viewer_always_sees_the_newest() {
    on(&Ring::copied(), |run| {
        let mut viewer = run.bus.subscribe(&Request::new("viewer", Policy::Latest)).expect("room");
        assert_eq!(viewer.recv_within(Duration::from_millis(1)).unwrap_err(), WaitError::Timeout);
        let mut newest = 0;
        for pause in [1, 2, 5, 20, 1] {
            run.step(pause);
            newest += u64::from(pause);
            assert_eq!(viewer.unread(), 1);
            assert_eq!(number(&mut viewer), newest);
            assert!(viewer.try_recv().is_none(), "once");
        }
        let books = balanced(viewer.leave());
        assert_eq!((books.taken, books.displaced, books.offered), (5, 24, 29));
    });
}

#[test]
fn lag_is_told_with_exact_numbers_in_its_place() {
    on_each_ring(|run| {
        let join = |policy| run.bus.subscribe(&Request::new("slow", policy).holds(0)).expect("room");
        let mut oldest = join(Policy::DropOldest { depth: 2 });
        let mut newest = join(Policy::DropNewest { depth: 2 });
        let mut every = join(Policy::Every { depth: 2 });
        run.step(7);
        let told = lag(&mut oldest);
        assert_eq!((told.first, told.count), (1, 5));
        assert_eq!((number(&mut oldest), number(&mut oldest)), (6, 7));
        // Those that refuse learn of the hole when a frame comes after it, in its place.
        for subscriber in [&mut newest, &mut every] {
            assert_eq!((number(subscriber), number(subscriber)), (1, 2));
            assert!(subscriber.try_recv().is_none());
        }
        run.step(1);
        assert_eq!(number(&mut oldest), 8);
        for subscriber in [&mut newest, &mut every] {
            let told = lag(subscriber);
            assert_eq!((told.first, told.count), (3, 5));
            assert_eq!(number(subscriber), 8);
        }
        assert_eq!(balanced(oldest.leave()).displaced, 5);
        assert_eq!(balanced(newest.leave()).refused, 5);
        assert_eq!(balanced(every.leave()).refused, 5);
    });
}

#[test]
fn an_overrun_ends_the_run_for_who_asks_for_it() {
    on(&Ring::copied(), |run| {
        let request = Request::new("recorder", Policy::Every { depth: 2 }).ends_on_overrun();
        let mut recorder = run.bus.subscribe(&request).expect("room");
        let mut viewer = run.bus.subscribe(&Request::new("viewer", Policy::Latest)).expect("room");
        run.step(2);
        assert_eq!(run.bus.closing(), None);
        run.rig.step(0, 2);
        let overrun = Closing::Overrun { subscriber: "recorder".into(), frame: 3 };
        while run.bus.closing().is_none() {
            std::thread::yield_now();
        }
        assert_eq!(run.bus.closing(), Some(overrun.clone()));
        assert_eq!((number(&mut recorder), number(&mut recorder)), (1, 2));
        let told = lag(&mut recorder);
        assert_eq!((told.first, told.count), (3, 1));
        let Ok(Event::Closed(closed)) = recorder.recv_within(Duration::ZERO) else { panic!("it is closed") };
        assert_eq!(closed.why, overrun);
        assert_eq!(balanced(closed.books.clone()).refused, 1);
        let seen = number(&mut viewer);
        assert!((2..=3).contains(&seen), "the frame that was too much may have gone to others: {seen}");
        assert!(matches!(viewer.try_recv(), Some(Event::Closed(_))));
        let late = run.bus.subscribe(&Request::new("late", Policy::Latest)).unwrap_err();
        assert_eq!(late, SubscribeError::Closed);
    });
}

#[test]
fn pace_and_filter_skip_frames_and_count_them() {
    let run = BusRig::start(&Ring::copied());
    let room = Policy::DropOldest { depth: 2 };
    let mut third = run.bus.subscribe(&Request::new("third", room).each(3)).expect("room");
    let some = Request::new("some", room).filter(Filter::numbers(4, 5));
    let mut some = run.bus.subscribe(&some).expect("room");
    // Copies are in the reserve of 8 alone: six that may wait for one of three, and a frame at work for each of the others.
    let none = Request::new("none", room).holds(0).filter(Filter::numbers(90, 99));
    let mut none = run.bus.subscribe(&none).expect("room");
    let mut seen = Vec::new();
    for _ in 0..10 {
        run.step(1);
        while let Some(event) = third.try_recv() {
            seen.push(event.into_frame().expect("no lag").record().number);
        }
    }
    assert_eq!(seen, [1, 4, 7, 10]);
    assert_eq!((number(&mut some), number(&mut some)), (4, 5));
    assert!(some.try_recv().is_none() && none.try_recv().is_none());
    assert_eq!(balanced(third.leave()).skipped, 6);
    assert_eq!(balanced(some.leave()).skipped, 8);
    assert_eq!(balanced(none.leave()).skipped, 10);
}

#[test]
fn all_that_waits_comes_at_once_into_room_that_is_there() {
    let run = BusRig::start(&Ring::copied());
    let mut batch = run.bus.subscribe(&Request::new("batch", Policy::DropOldest { depth: 4 })).expect("room");
    run.step(6);
    let mut out = Vec::with_capacity(3);
    assert_eq!(batch.take_unread(&mut out), 3);
    assert_eq!(out.capacity(), 3);
    assert!(matches!(&out[0], Event::Lagged(lag) if (lag.first, lag.count) == (1, 2)));
    assert!(matches!(&out[2], Event::Frame(frame) if frame.record().number == 4));
    assert_eq!(batch.unread(), 2);
    assert_eq!(batch.take_newest().expect("frames wait").record().number, 6);
    assert!(batch.take_newest().is_none());
    let books = balanced(batch.leave());
    assert_eq!((books.taken, books.passed_over, books.displaced), (3, 1, 2));
}

#[test]
fn the_end_is_told_with_reason_and_books() {
    on(&Ring::copied(), |run| {
        let mut reader =
            run.bus.subscribe(&Request::new("reader", Policy::Every { depth: 3 })).expect("room");
        run.step(2);
        run.bus.close(Closing::CameraGone);
        run.bus.close(Closing::Stopped);
        run.rig.step(0, 1);
        assert_eq!((number(&mut reader), number(&mut reader)), (1, 2));
        for _ in 0..2 {
            let Ok(Event::Closed(closed)) = reader.recv_within(Duration::ZERO) else {
                panic!("it is closed")
            };
            assert_eq!((&closed.why, closed.books.taken), (&Closing::CameraGone, 2));
        }
    });
}

#[test]
fn a_stop_reaches_a_reader_that_sleeps() {
    let BusRig { session, bus, rig } = BusRig::start(&Ring::copied());
    let mut readers: Vec<Subscriber> = (0..3)
        .map(|n| bus.subscribe(&Request::new(&format!("{n}"), Policy::Latest)).expect("room"))
        .collect();
    std::thread::scope(|scope| {
        let waits: Vec<_> =
            readers.iter_mut().map(|r| scope.spawn(|| r.recv_within(Duration::MAX))).collect();
        let _stopped = session.stop().expect("it stops");
        for wait in waits {
            let event = wait.join().expect("no panic");
            assert!(
                matches!(&event, Ok(Event::Closed(closed)) if closed.why == Closing::Stopped),
                "{event:?}"
            );
        }
    });
    drop((bus, rig));
}

#[test]
fn a_wait_is_cancelled_from_another_thread() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = run.bus.subscribe(&Request::new("reader", Policy::Latest)).expect("room");
    let canceller = reader.canceller();
    let wait = std::thread::spawn(move || (reader.recv_within(Duration::MAX).unwrap_err(), reader));
    canceller.cancel();
    let (why, mut reader) = wait.join().expect("no panic");
    assert_eq!(why, WaitError::Cancelled);
    run.step(1);
    assert_eq!(number(&mut reader), 1, "one wait, not the next");
    // The seat's next reader has nothing to do with it.
    drop(reader);
    let mut next = run.bus.subscribe(&Request::new("next", Policy::Latest)).expect("room");
    canceller.cancel();
    run.step(1);
    assert_eq!(number(&mut next), 2);
}
