//! A stream that ends by itself: each subscriber is told why, with the stream's books, and the session names who held the ring.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan, Closed, Closing, Event, Frame, Policy, Request, Subscriber};
use frame_pool::StreamEnd;
use pvcam::{EndedBy, HeldBy, Pressure, Session};
use pvcam_tests::{Rig, Ring, SOON, trust};

const RESERVE: u32 = 2;

/// A locked ring of eight with a small reserve, which ends when nothing more can be moved, and one who holds all that it gets.
fn start() -> (Rig, Session, Bus, Subscriber) {
    let ring = Ring { story: "lossy", trust: Some(trust("lossy")) };
    let rig = ring.rig("");
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera).reserve(RESERVE).pressure(Pressure::Stop);
    let armed = camera.arm(plan).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(Ring::SLOTS, RESERVE)).expect("a thread can be had");
    let session = armed.start_into(bus.sink()).expect("it starts");
    let hoarder = Request::new("hoarder", Policy::Every { depth: 1 }).holds(7);
    let hoarder = bus.subscribe(&hoarder).expect("room for what it says");
    (rig, session, bus, hoarder)
}

fn next(reader: &mut Subscriber) -> Result<Frame, Box<Closed>> {
    match reader.recv_within(SOON) {
        Ok(Event::Frame(frame)) => Ok(frame),
        Ok(Event::Closed(closed)) => Err(closed),
        other => unreachable!("frames, and then the end, not {other:?}"),
    }
}

fn hoarded(held: &HeldBy) -> u64 {
    held.named.iter().filter(|holding| holding.name == "hoarder").map(|holding| holding.frames).sum()
}

#[test]
fn pressure_is_told_with_the_books_and_the_session_names_who_held_the_ring() {
    let (rig, session, bus, mut hoarder) = start();
    let (mut held, begun) = (Vec::new(), Instant::now());
    let closed = loop {
        rig.step(0, 1);
        match hoarder.recv_within(Duration::from_millis(100)) {
            Ok(Event::Frame(frame)) => held.push(frame),
            Ok(Event::Closed(closed)) => break closed,
            // The ring was full for a moment, until the keeper had moved a frame: this one is lost.
            other => assert!(begun.elapsed() < SOON, "frames, and then the end, not {other:?}"),
        }
        assert!(held.len() <= (Ring::SLOTS + RESERVE) as usize, "more than there is room for");
    };
    let Closing::Ended { why: StreamEnd::Pressure, books } = &closed.why else {
        unreachable!("it ended under pressure, and not: {}", closed.why)
    };
    assert_eq!(books.delivered, held.len() as u64, "{books}");
    assert!(books.balanced(), "{books}");
    assert!(closed.why.to_string().contains("readers held the whole ring"), "{}", closed.why);
    assert_eq!(bus.closing().as_ref(), Some(&closed.why));
    assert!(closed.books.balance(), "{}", closed.books);
    // Each frame is held under the subscriber's name, and under no other.
    assert_eq!(hoarded(&session.holders()), held.len() as u64);
    assert_eq!(session.holders().anonymous, 0);
    let Some(EndedBy::Pressure { held: then }) = session.ended() else { unreachable!("{session:?}") };
    assert!(hoarded(&then) > 0, "{then}");
    drop(held);
    let stopped = session.stop().expect("it stops all the same");
    assert!(stopped.books.balanced(), "{}", stopped.books);
    assert_eq!(bus.closing().as_ref(), Some(&closed.why), "the first reason stands");
}

/// The control: who lets go is not named, and a stop is a stop.
#[test]
fn a_stop_is_told_as_a_stop_and_nobody_is_blamed() {
    let (rig, session, _bus, mut reader) = start();
    for _ in 0..3 * Ring::SLOTS {
        rig.step(0, 1);
        drop(next(&mut reader).expect("a frame"));
    }
    assert_eq!(hoarded(&session.holders()), 0);
    assert_eq!(session.ended(), None);
    let stopped = session.stop().expect("it stops");
    assert_eq!(stopped.books.lost(), 0, "{}", stopped.books);
    let closed = next(&mut reader).expect_err("the end");
    assert_eq!(closed.why, Closing::Stopped);
}
