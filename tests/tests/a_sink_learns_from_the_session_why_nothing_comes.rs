//! A session that delivers into a bus: who waits there in vain asks the session, which says what is the matter and helps where it can.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan, Event, Policy, Request, Subscriber};
use pvcam::error::TimeoutCause;
use pvcam::{LossCause, Plan, Session};
use pvcam_tests::{Rig, Ring, SOON, frame, small, trust};

/// A locked ring of eight without a reserve, and one who wants every frame.
fn start(faults: &str, exposure: Duration) -> (Rig, Session, Bus, Subscriber) {
    let ring = Ring { story: "lossy", trust: Some(trust("lossy")) };
    let rig = ring.rig(faults);
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera).reserve(0).exposure(exposure);
    let armed = camera.arm(plan).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(Ring::SLOTS, 0)).expect("a thread can be had");
    let session = armed.start_into(bus.sink()).expect("it starts");
    let reader = Request::new("reader", Policy::Every { depth: 2 });
    let reader = bus.subscribe(&reader).expect("room");
    (rig, session, bus, reader)
}

/// Losses as they were told, one entry a frame.
fn told(session: &Session) -> Vec<(LossCause, u64)> {
    let events = std::iter::from_fn(|| session.next_loss());
    events.flat_map(|event| (event.first..event.first + event.count).map(move |n| (event.cause, n))).collect()
}

const ALL_UNANNOUNCED: &str = "[camera.faults]\ndrop_notification = [1, 2, 3, 4, 5, 6, 7, 8]";

#[test]
fn a_ring_full_of_unannounced_frames_moves_on() {
    let (rig, session, _bus, mut reader) = start(ALL_UNANNOUNCED, Duration::from_millis(1));
    // Eight fill the ring, three find no slot. Nobody was told.
    rig.step(0, 11);
    assert_eq!((session.books().highest, rig.stats(0).ring_full_drops), (0, 3));
    assert_eq!(reader.unread(), 0);
    let begun = Instant::now();
    // It has to be silent for longer than a frame can take.
    while reader.unread() == 0 {
        let cause = session.why_silent();
        assert!(matches!(cause, TimeoutCause::Slow | TimeoutCause::NoTrigger), "{cause}");
        assert!(begun.elapsed() < SOON, "the frame is not found");
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = frame(&mut reader);
    assert_eq!((found.record().number, found.record().lost_before), (8, 7));
    found.verify().expect("whole");
    drop(found);
    // The ring goes on.
    while rig.stats(0).unlocks < 7 {
        assert!(begun.elapsed() < SOON, "nothing is unlocked");
        let _ = session.why_silent();
        std::thread::yield_now();
    }
    rig.step(0, 1);
    assert_eq!(frame(&mut reader).record().number, 12);
    let mut expected: Vec<_> = (1..=7).map(|number| (LossCause::Notification, number)).collect();
    expected.extend((9..=11).map(|number| (LossCause::RingFull, number)));
    assert_eq!(told(&session), expected);
    let books = session.stop().expect("it stops").books;
    assert!(books.balanced() && books.delivered == 2, "{books}");
}

/// The control: a camera that may well be exposing still is asked for nothing, and what it has not announced is not looked for.
#[test]
fn a_frame_that_may_still_come_is_not_looked_for() {
    let (rig, session, _bus, mut reader) = start(ALL_UNANNOUNCED, Duration::from_secs(9));
    rig.step(0, 11);
    for _ in 0..5 {
        assert_eq!(session.why_silent(), TimeoutCause::Slow);
    }
    assert!(reader.try_recv().is_none());
    assert_eq!(session.books().highest, 0);
}

/// A sequence of four into a bus, all of them exposed.
fn sequence(faults: &str) -> (Rig, Session, Bus, Subscriber) {
    let rig = Rig::stepped(faults);
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(4).region(small(&camera)).exposure(Duration::from_millis(1));
    let armed = camera.arm(plan).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(4, 2)).expect("a thread can be had");
    let session = armed.start_into(bus.sink()).expect("it starts");
    let reader = bus.subscribe(&Request::new("reader", Policy::Every { depth: 3 })).expect("room");
    assert!(!session.is_complete());
    rig.step(0, 4);
    (rig, session, bus, reader)
}

#[test]
fn a_sequence_whose_end_was_not_announced_is_found_to_be_over() {
    let (_rig, session, _bus, mut reader) = sequence("[camera.faults]\ndrop_notification = [4]");
    assert!((1..=3).all(|number| frame(&mut reader).record().number == number));
    assert!(!session.is_complete() && reader.try_recv().is_none());
    let begun = Instant::now();
    while !session.is_complete() {
        let _ = session.why_silent();
        assert!(begun.elapsed() < SOON, "it is over, and nobody finds out");
        std::thread::sleep(Duration::from_millis(20));
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.delivered, books.lost_notification), (4, 3, 1), "{books}");
}

/// The control: an end that is announced is known at once.
#[test]
fn a_sequence_whose_end_is_announced_is_over_at_once() {
    let (_rig, session, _bus, reader) = sequence("");
    assert!(session.is_complete());
    assert_eq!(session.stop().expect("it stops").books.delivered, 4);
    drop(reader);
}

#[test]
fn a_subscriber_that_holds_the_whole_ring_is_named() {
    let (rig, session, _bus, mut reader) = start("", Duration::from_millis(1));
    let mut held = Vec::new();
    for _ in 0..Ring::SLOTS {
        rig.step(0, 1);
        held.push(frame(&mut reader));
    }
    rig.step(0, 2);
    let TimeoutCause::RingFull { by } = session.why_silent() else { unreachable!("the ring is full") };
    assert_eq!((by.named[0].name.as_str(), by.named[0].frames), ("reader", u64::from(Ring::SLOTS)), "{by}");
    // The control: with room in the ring nobody is blamed.
    held.clear();
    let begun = Instant::now();
    // The camera learns of a free slot a moment after our own count.
    while rig.stats(0).unlocks < u64::from(Ring::SLOTS) {
        assert!(begun.elapsed() < SOON, "no slot goes back");
        let _ = session.why_silent();
        std::thread::yield_now();
    }
    let cause = session.why_silent();
    assert!(!matches!(cause, TimeoutCause::RingFull { .. }), "{cause}");
    rig.step(0, 1);
    assert!(matches!(reader.recv_within(SOON), Ok(Event::Frame(_))));
}
