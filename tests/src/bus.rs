//! A camera on the stepped clock that delivers into a bus.

use frame_bus::{Bus, BusPlan, Event, Frame, Lag, Subscriber, SubscriberBooks};
use pvcam::{Camera, Plan, Region, Session};

use crate::rig::{Rig, SOON, small};
use crate::rings::Ring;

/// A running camera and its bus.
pub struct BusRig {
    /// The session, whose sink is the bus. Dropped before the camera's configuration is.
    pub session: Session,
    /// The bus.
    pub bus: Bus,
    /// The simulator.
    pub rig: Rig,
}

impl BusRig {
    /// Starts `ring` on the stepped clock into a bus with as many frames as the ring can spare.
    #[must_use]
    pub fn start(ring: &Ring) -> Self {
        Self::start_with(ring, "", |plan| plan)
    }

    /// The same with a region of this size.
    #[must_use]
    pub fn start_region(ring: &Ring, columns: u16, rows: u16) -> Self {
        let rig = ring.rig("");
        let camera = rig.open("pvcamUSB_0");
        let region = Region::centred(camera.sensor(), columns, rows);
        let plan = ring.plan(&camera).region(region);
        Self::run(rig, camera, plan, |plan| plan)
    }

    /// The same with `lines` in the camera's configuration, and another plan for the bus.
    #[must_use]
    pub fn start_with(ring: &Ring, lines: &str, change: impl FnOnce(BusPlan) -> BusPlan) -> Self {
        let rig = ring.rig(lines);
        let camera = rig.open("pvcamUSB_0");
        let plan = ring.plan(&camera);
        let run = Self::run(rig, camera, plan, change);
        assert_eq!(run.session.settings().delivery, ring.mode());
        run
    }

    /// Starts a sequence of so many frames, with `lines` in the camera's configuration. Each has memory of its own, where it is lent on
    /// the callback's thread: when a step is over, the bus has handed it out.
    #[must_use]
    pub fn start_sequence(frames: u16, lines: &str) -> Self {
        let rig = Ring::copied().rig(lines);
        let camera = rig.open("pvcamUSB_0");
        let plan = Plan::sequence(frames).region(small(&camera));
        Self::run(rig, camera, plan, |plan| plan)
    }

    fn run(rig: Rig, camera: Camera, plan: Plan, change: impl FnOnce(BusPlan) -> BusPlan) -> Self {
        let armed = camera.arm(plan).expect("the plan is good");
        let bus_plan = BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve);
        let bus = Bus::new(change(bus_plan)).expect("a thread can be had");
        let session = armed.start_into(bus.sink()).expect("it starts");
        Self { session, bus, rig }
    }

    /// Exposes frames one after the other, and waits until the bus has each.
    pub fn step(&self, frames: u32) {
        for _ in 0..frames {
            self.rig.step(0, 1);
            self.settle();
        }
    }

    /// Waits until the bus has all that was exposed: copies come a little later.
    pub fn settle(&self) {
        let begun = std::time::Instant::now();
        loop {
            let (there, books) = (self.bus.books().published, self.session.books());
            if books.in_flight == 0 && there == books.delivered {
                return;
            }
            assert!(begun.elapsed() < SOON, "frames do not arrive: {there} of {books}");
            std::thread::yield_now();
        }
    }
}

/// The next event, which must be a frame.
pub fn frame(subscriber: &mut Subscriber) -> Frame {
    match subscriber.recv_within(SOON) {
        Ok(Event::Frame(frame)) => frame,
        other => panic!("{} expected a frame, and got {other:?}", subscriber.name()),
    }
}

/// The next event, which must be lag.
pub fn lag(subscriber: &mut Subscriber) -> Lag {
    match subscriber.recv_within(SOON) {
        Ok(Event::Lagged(lag)) => lag,
        other => panic!("{} expected lag, and got {other:?}", subscriber.name()),
    }
}

/// Books that balance.
#[must_use]
pub fn balanced(books: SubscriberBooks) -> SubscriberBooks {
    assert!(books.balance(), "{books}");
    books
}
