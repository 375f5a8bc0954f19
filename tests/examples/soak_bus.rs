//! 64 subscribers of all policies, most of which come and go at random, on a stream of 2,000 frames a second.
//!
//! On the stepped clock, so that a slow machine only takes longer: those who want every frame must miss none, everybody's frames
//! come in order, and the books of each balance when it leaves. Memory is looked at as in the other soaks; in the last quarter a
//! control leaks, and must be found out.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a soak that fails is a failed soak")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan, Closing, Event, Policy, Request, SubscribeError, Subscriber};
use frame_pool::{Pool, RegionPlan};
use pvcam::{Plan, Session};
use pvcam_tests::{Rig, SOON, Sample, balanced, growth, small, soak_main, trust};

const SLOTS: u32 = 64;
/// Who wants every frame, each on a thread that sleeps.
const EVERY: usize = 4;
/// Who comes and goes on a thread that sleeps.
const SLEEPERS: usize = 8;
/// Who comes and goes, all on one thread that looks at them in turn.
const POLLED: usize = 52;
const DEPTH: u32 = 8;
const FRAME_TIME: Duration = Duration::from_micros(500);
const SAMPLING: Duration = Duration::from_millis(500);
const LEAK: usize = 4096;

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn request(&mut self) -> Request {
        let depth = 1 + self.below(u64::from(DEPTH)) as u32;
        let policy = match self.below(4) {
            0 => Policy::Latest,
            1 => Policy::DropOldest { depth },
            2 => Policy::DropNewest { depth },
            _ => Policy::Every { depth },
        };
        let request = Request::new("guest", policy).holds(0);
        if self.below(3) == 0 { request.each(1 + self.below(3) as u32) } else { request }
    }
}

/// One who comes and goes, and sees that all is in order.
struct Guest {
    subscriber: Subscriber,
    stays: u64,
    last: u64,
    taken: u64,
}

impl Guest {
    /// `None`: the bus is closed. All decimated mailboxes fit the ring.
    fn join(bus: &Bus, random: &mut Random) -> Option<Self> {
        match bus.subscribe(&random.request()) {
            Ok(subscriber) => Some(Self { subscriber, stays: 1 + random.below(200), last: 0, taken: 0 }),
            Err(SubscribeError::Closed) => None,
            Err(other) => panic!("a guest is refused: {other}"),
        }
    }

    fn note(&mut self, event: &Event) {
        if let Event::Frame(frame) = event {
            let number = frame.record().number;
            assert!(number > self.last, "frame {number} after {}", self.last);
            (self.last, self.taken) = (number, self.taken + 1);
        }
        self.stays = self.stays.saturating_sub(1);
    }

    fn leave(self) {
        assert_eq!(balanced(self.subscriber.leave()).taken, self.taken);
    }
}

/// A thread that sleeps for one guest after the other.
fn sleeper(bus: &Bus, seed: u64) {
    let mut random = Random(seed);
    while let Some(mut guest) = Guest::join(bus, &mut random) {
        while guest.stays > 0 {
            match guest.subscriber.recv_within(Duration::from_millis(20)) {
                Ok(event @ Event::Closed(_)) => {
                    drop(event);
                    break;
                }
                Ok(event) => guest.note(&event),
                Err(_) => guest.stays -= 1,
            }
        }
        guest.leave();
    }
}

/// A thread that looks at many guests in turn, a few at a time.
fn poller(bus: &Bus) {
    let mut random = Random(99);
    let mut guests: Vec<Guest> = Vec::with_capacity(POLLED);
    loop {
        while guests.len() < POLLED {
            let Some(guest) = Guest::join(bus, &mut random) else {
                guests.into_iter().for_each(Guest::leave);
                return;
            };
            guests.push(guest);
        }
        for _ in 0..8 {
            let index = random.below(POLLED as u64) as usize;
            let guest = &mut guests[index];
            while let Some(event) = guest.subscriber.try_recv() {
                guest.note(&event);
                if matches!(event, Event::Closed(_)) {
                    break;
                }
            }
            guest.stays = guest.stays.saturating_sub(1);
        }
        guests.extract_gone().into_iter().for_each(Guest::leave);
        std::thread::sleep(Duration::from_millis(1));
    }
}

trait ExtractGone {
    fn extract_gone(&mut self) -> Vec<Guest>;
}

impl ExtractGone for Vec<Guest> {
    fn extract_gone(&mut self) -> Vec<Guest> {
        let mut gone = Vec::new();
        let mut index = 0;
        while index < self.len() {
            if self[index].stays == 0 {
                gone.push(self.swap_remove(index));
            } else {
                index += 1;
            }
        }
        gone
    }
}

/// Takes every frame, and says how far it is.
fn every(mut subscriber: Subscriber, progress: &AtomicU64) {
    let mut next = 1;
    loop {
        match subscriber.recv_within(SOON) {
            Ok(Event::Frame(frame)) => {
                assert_eq!(frame.record().number, next, "who wants every frame misses one");
                drop(frame);
                progress.store(next, Ordering::Release);
                next += 1;
            }
            Ok(Event::Closed(_)) => break,
            other => panic!("who wants every frame got {other:?}"),
        }
    }
    assert_eq!(balanced(subscriber.leave()).lost(), 0);
}

/// The camera's side.
struct Camera<'a> {
    rig: &'a Rig,
    session: &'a Session,
    progress: &'a [AtomicU64],
    frames: u64,
    due: Instant,
}

impl Camera<'_> {
    fn frame(&mut self) {
        let begun = Instant::now();
        while !self.has_room() {
            assert!(begun.elapsed() < SOON, "nothing goes on: {}", self.session.books());
            std::thread::sleep(Duration::from_micros(50));
        }
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
        // Late frames are not made up for in a burst.
        self.due = (self.due + FRAME_TIME).max(Instant::now());
        self.rig.step(0, 1);
        self.frames += 1;
    }

    /// The camera has a slot, and all who want every frame have room for it.
    fn has_room(&self) -> bool {
        let books = self.session.books();
        let slot =
            books.delivered - books.unlocked + u64::from(self.session.settings().keep_free) <= SLOTS.into();
        let behind = |progress: &AtomicU64| self.frames - progress.load(Ordering::Acquire);
        slot && self.progress.iter().all(|progress| behind(progress) < DEPTH.into())
    }

    fn phase(&mut self, until: Instant, mut leak: Option<&mut Vec<Vec<u8>>>) -> Vec<Sample> {
        let mut samples = vec![Sample::now(self.frames)];
        let mut due = Instant::now() + SAMPLING;
        while Instant::now() < until || samples.len() < 4 {
            self.frame();
            if let Some(leak) = leak.as_deref_mut().filter(|_| self.frames.is_multiple_of(8)) {
                leak.push(vec![1; LEAK]);
            }
            if Instant::now() >= due {
                samples.push(Sample::now(self.frames));
                due += SAMPLING;
            }
        }
        samples
    }

    fn soak(&mut self, time: Duration) -> Result<(), String> {
        let begun = Instant::now();
        let _warm_up = self.phase(begun + time / 4, None);
        let grown = growth(&self.phase(begun + time * 3 / 4, None));
        let books = self.session.books();
        println!("{books}; {:.0} frames a second", self.frames as f64 / begun.elapsed().as_secs_f64());
        if !grown.is_empty() || books.lost() > 0 {
            return Err(format!("{grown:?}, {books}"));
        }
        let mut leak = Vec::new();
        let mut samples = self.phase(begun + time, Some(&mut leak));
        let _other = Pool::new(RegionPlan::new(1 << 16, 4, 0), 1 << 30).expect("a small pool");
        samples.push(Sample::now(self.frames));
        let found = growth(&samples);
        println!("the control, which leaks: {found:?}");
        if found.len() < 3 { Err(format!("the control was not found out: {found:?}")) } else { Ok(()) }
    }
}

fn soak(time: Duration) -> Result<(), String> {
    let trust = trust("lossy");
    let rig = Rig::stepped("no_overwrite = \"lossy\"\nscene = \"stamp\"");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::continuous().region(small(&camera)).exposure(Duration::from_micros(100));
    let armed = camera.arm(plan.ring(SLOTS).reserve(16).trust(&trust)).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(SLOTS, 16)).expect("a thread can be had");
    let join = || bus.subscribe(&Request::new("every", Policy::Every { depth: DEPTH })).expect("room");
    let readers: Vec<Subscriber> = (0..EVERY).map(|_| join()).collect();
    let session = armed.start_into(bus.sink()).expect("it starts");
    let progress: [AtomicU64; EVERY] = Default::default();
    let result = std::thread::scope(|scope| {
        for (reader, progress) in readers.into_iter().zip(&progress) {
            scope.spawn(move || every(reader, progress));
        }
        (0..SLEEPERS as u64).for_each(|seed| {
            drop(scope.spawn({
                let bus = &bus;
                move || sleeper(bus, seed)
            }))
        });
        scope.spawn(|| poller(&bus));
        let due = Instant::now();
        let result = Camera { rig: &rig, session: &session, progress: &progress, frames: 0, due }.soak(time);
        bus.close(Closing::Stopped);
        result
    });
    let books = bus.books();
    println!("{} frames published; all subscribers: {}", books.published, books.total());
    if books.balance() && books.collided == 0 { result } else { Err(format!("{books:?}")) }
}

fn main() -> ExitCode {
    soak_main("soak_bus", soak)
}
