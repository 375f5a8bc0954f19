//! As long as all who sit on a bus want every frame and have room, a frame goes one short way to all of them. Here that ends and begins
//! again: somebody joins who does not want every frame, is full, falls behind, or leaves. Each gets what it should, and each count of a
//! frame is somebody's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use frame_bus::{Filter, Policy, Request, Subscriber};
use pvcam_tests::{BusRig, Ring, balanced, frame, lag};

const EVERY: Policy = Policy::Every { depth: 4 };

fn join(run: &BusRig, policy: Policy) -> Subscriber {
    run.bus.subscribe(&Request::new("reader", policy)).expect("room")
}

fn number(reader: &mut Subscriber) -> u64 {
    frame(reader).record().number
}

/// Exposes these frames, one after the other; each reader takes each at once. All its handles are theirs, and those of `others`.
fn in_step(run: &BusRig, readers: &mut [&mut Subscriber], others: u64, from: u64, to: u64) {
    for expected in from..=to {
        run.rig.step(0, 1);
        let frames: Vec<_> = readers.iter_mut().map(|reader| frame(reader)).collect();
        for frame in &frames {
            assert_eq!(frame.record().number, expected);
            assert_eq!(frame.holders(), frames.len() as u64 + others, "frame {expected}");
        }
    }
}

#[test]
fn who_joins_with_a_pace_or_a_filter_gets_its_frames_from_the_first_on() {
    let run = BusRig::start_sequence(64, "");
    let (mut a, mut b) = (join(&run, EVERY), join(&run, EVERY));
    in_step(&run, &mut [&mut a, &mut b], 0, 1, 10);
    let room = Policy::DropOldest { depth: 4 };
    let third = Request::new("third", room).each(3);
    let some = Request::new("some", EVERY).filter(Filter::numbers(12, 13));
    let mut third = run.bus.subscribe(&third).expect("room");
    let mut some = run.bus.subscribe(&some).expect("room");
    for (from, third_waits, some_waits) in [(11, 1, 0), (12, 1, 1), (13, 1, 2), (14, 2, 2), (15, 2, 2)] {
        // Who wants the frame as well: 11 and 14, 12 and 13.
        let others = u64::from(from % 3 == 2) + u64::from((12..=13).contains(&from));
        let others = if from == 15 { 0 } else { others };
        in_step(&run, &mut [&mut a, &mut b], others, from, from);
        assert_eq!((third.unread(), some.unread()), (third_waits, some_waits), "after frame {from}");
    }
    assert_eq!((number(&mut third), number(&mut third)), (11, 14));
    assert_eq!((number(&mut some), number(&mut some)), (12, 13));
    assert_eq!(balanced(third.leave()).skipped, 3);
    in_step(&run, &mut [&mut a, &mut b], 0, 16, 20);
    assert_eq!(balanced(some.leave()).skipped, 8);
    in_step(&run, &mut [&mut a, &mut b], 0, 21, 40);
    for reader in [a, b] {
        let books = balanced(reader.leave());
        assert_eq!((books.offered, books.taken), (40, 40));
    }
}

#[test]
fn who_is_full_gets_what_it_has_room_for_and_the_others_get_all() {
    let run = BusRig::start_sequence(64, "");
    let (mut a, mut b, mut full) = (join(&run, EVERY), join(&run, EVERY), join(&run, EVERY));
    in_step(&run, &mut [&mut a, &mut b, &mut full], 0, 1, 10);
    in_step(&run, &mut [&mut a, &mut b], 1, 11, 14);
    in_step(&run, &mut [&mut a, &mut b], 0, 15, 17);
    assert_eq!((number(&mut full), number(&mut full)), (11, 12));
    in_step(&run, &mut [&mut a, &mut b], 1, 18, 19);
    in_step(&run, &mut [&mut a, &mut b], 0, 20, 20);
    assert_eq!((number(&mut full), number(&mut full)), (13, 14));
    let told = lag(&mut full);
    assert_eq!((told.first, told.count), (15, 3));
    assert_eq!((number(&mut full), number(&mut full)), (18, 19));
    in_step(&run, &mut [&mut a, &mut b], 1, 21, 21);
    let told = lag(&mut full);
    assert_eq!((told.first, told.count, number(&mut full)), (20, 1, 21));
    // It is in step again, and one of the others leaves with a frame unread.
    in_step(&run, &mut [&mut a, &mut b, &mut full], 0, 22, 30);
    in_step(&run, &mut [&mut a, &mut full], 1, 31, 31);
    let books = balanced(b.leave());
    assert_eq!((books.taken, books.left), (30, 1));
    in_step(&run, &mut [&mut a, &mut full], 0, 32, 40);
    let books = balanced(full.leave());
    assert_eq!((books.offered, books.taken, books.refused), (40, 36, 4));
    in_step(&run, &mut [&mut a], 0, 41, 60);
    let books = balanced(a.leave());
    assert_eq!((books.offered, books.taken), (60, 60));
}

#[test]
fn a_viewer_that_lags_sees_the_newest_and_the_others_each() {
    let run = BusRig::start_sequence(64, "");
    let (mut viewer, mut lagging) = (join(&run, Policy::Latest), join(&run, Policy::Latest));
    let mut every = join(&run, EVERY);
    in_step(&run, &mut [&mut viewer, &mut lagging, &mut every], 0, 1, 5);
    let mut last = 5;
    for pause in [1, 2, 7, 1, 1, 12] {
        // The newest waits for it, and nothing else.
        in_step(&run, &mut [&mut viewer, &mut every], 1, last + 1, last + pause);
        last += pause;
        assert_eq!((lagging.unread(), number(&mut lagging)), (1, last));
    }
    in_step(&run, &mut [&mut viewer, &mut lagging, &mut every], 0, last + 1, 40);
    let books = balanced(lagging.leave());
    assert_eq!((books.taken, books.displaced), (5 + 6 + 40 - last, last - 5 - 6));
    in_step(&run, &mut [&mut viewer, &mut every], 0, 41, 50);
    let (viewer, every) = (balanced(viewer.leave()), balanced(every.leave()));
    assert_eq!((viewer.taken, viewer.displaced, every.taken), (50, 0, 50));
}

/// Frames that nobody wants go back: the reserve of a ring that is copied from would be used up by a fifth of them. So it is each time
/// after the last one has left, who had room for nearly as many.
#[test]
fn where_nobody_sits_no_frame_stays() {
    let run = BusRig::start(&Ring::copied());
    for round in 1..=3 {
        run.step(40);
        let mut reader = join(&run, Policy::Every { depth: 7 });
        run.step(1);
        assert_eq!(number(&mut reader), round * 41);
        assert_eq!(balanced(reader.leave()).offered, 1);
    }
    run.step(40);
    let books = run.session.books();
    assert_eq!((books.delivered, books.lost()), (163, 0), "{books}");
}
