//! The SDK refuses a ring, and half of it is started: the bus that was made for the whole one admits no more than the half can spare, and the
//! log says that who is there already asks for too much.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use frame_bus::{Bus, BusPlan, Policy, Request, SubscribeError, Subscriber};
use pvcam::{Session, StreamMode};
use pvcam_tests::{Rig, Ring};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber as Collector};

const SLOTS: u32 = 32;

/// What the bus logs: how many frames are needed, and how many there are.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<[u64; 2]>>>);

#[derive(Default)]
struct Line([u64; 2]);

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "needed" => self.0[0] = value,
            "available" => self.0[1] = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

impl Collector for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("frame_bus")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().expect("nobody panics in here").push(line.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// A ring whose frames are read in place, or one that they are copied from.
fn ring(in_place: bool) -> Ring {
    Ring::all()
        .into_iter()
        .find(|ring| (ring.mode() == StreamMode::Locked) == in_place)
        .expect("there are both")
}

/// A camera that refuses `refusals` starts, a bus for the ring that was armed, and one who may hold 20 of its frames.
fn start(refusals: u32) -> (Rig, Bus, Subscriber, Session, Vec<[u64; 2]>) {
    let ring = ring(true);
    let rig = ring.rig(&format!("[camera.faults]\nrefuse_start = {refusals}"));
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera).ring(SLOTS).reserve(2);
    let armed = camera.arm(plan).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(SLOTS, 2)).expect("a thread can be had");
    let early = bus.subscribe(&Request::new("early", Policy::Every { depth: 19 })).expect("room");
    let log = Log::default();
    let session = tracing::subscriber::with_default(log.clone(), || armed.start_into(bus.sink()));
    let lines = log.0.lock().expect("nobody panics in here").clone();
    (rig, bus, early, session.expect("it starts"), lines)
}

#[test]
fn a_smaller_ring_admits_fewer_and_the_log_says_who_asks_for_too_much() {
    let (_rig, bus, early, session, lines) = start(1);
    assert_eq!(session.settings().ring_slots, SLOTS / 2);
    assert_eq!(lines, [[20, 16]], "19 that wait and one at work, of 16 - 2 + 2");
    let late = Request::new("late", Policy::DropOldest { depth: 2 }).holds(2);
    match bus.subscribe(&late) {
        Err(SubscribeError::Frames { needed, available }) => assert_eq!((needed, available), (22, 16)),
        other => unreachable!("too many for half a ring: {other:?}"),
    }
    drop(early);
    let fits = bus.subscribe(&Request::new("late", Policy::Every { depth: 15 }));
    assert!(fits.is_ok(), "{fits:?}");
    assert!(session.stop().expect("it stops").books.balanced());
}

/// The control: the ring that the bus was made for.
#[test]
fn the_whole_ring_admits_what_it_was_made_for() {
    let (_rig, bus, _early, session, lines) = start(0);
    assert_eq!((session.settings().ring_slots, lines), (SLOTS, vec![]));
    let late = Request::new("late", Policy::DropOldest { depth: 2 }).holds(2);
    assert!(bus.subscribe(&late).is_ok());
    assert!(session.stop().expect("it stops").books.balanced());
}

/// Copies lie in the reserve alone, however long the ring is.
#[test]
fn a_ring_that_is_copied_from_admits_as_many_as_its_reserve() {
    let ring = ring(false);
    let rig = ring.rig("");
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera).ring(SLOTS).reserve(4);
    let bus = Bus::new(BusPlan::for_ring(SLOTS, 4)).expect("a thread can be had");
    let session = camera.arm(plan).expect("the plan is good").start_into(bus.sink()).expect("it starts");
    let request = |depth| Request::new("reader", Policy::Every { depth });
    match bus.subscribe(&request(4)) {
        Err(SubscribeError::Frames { needed, available }) => assert_eq!((needed, available), (5, 4)),
        other => unreachable!("more than there are copies: {other:?}"),
    }
    assert!(bus.subscribe(&request(3)).is_ok());
    assert!(session.stop().expect("it stops").books.balanced());
}
