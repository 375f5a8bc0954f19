//! A reader that holds each tenth frame for three rings' time, for long: nothing lost, and no memory that grows.
//!
//! Looked at twice a second: anonymous memory (`RssAnon`), whose slope by least squares over the frames must stay below 16 bytes a
//! frame; blocks of the memory files and maps of the process, which must not change at all. In the last quarter of the time a
//! control leaks a page for each frame that is held and makes another pool: both must be found out.
#![expect(clippy::expect_used, reason = "a helper of a soak that fails is a failed soak")]

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use frame_pool::{Pool, RegionPlan};
use pvcam::{Frames, Lease, Plan, Region, Session};
use pvcam_tests::{Rig, SOON, Sample, growth, next, soak_main, trust};

const SLOTS: u64 = 32;
const EACH: u64 = 10;
const SPAN: u64 = 3 * SLOTS;
/// What the control leaks for each frame that is held.
const LEAK: usize = 4096;
const SAMPLING: Duration = Duration::from_millis(500);
/// Fewest samples of a phase.
const SAMPLES: usize = 4;

/// The slow reader: what it holds, with a copy of each frame as it was.
struct Reader<'a> {
    rig: &'a Rig,
    session: &'a Session,
    frames: &'a Frames,
    held: VecDeque<(u64, Lease, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
    now: u64,
}

impl Reader<'_> {
    /// One frame: exposed when the keeper has made room, read, and held if its turn has come.
    fn frame(&mut self, leak: Option<&mut Vec<Vec<u8>>>) {
        let begun = Instant::now();
        let room = || {
            let books = self.session.books();
            books.delivered - books.unlocked + u64::from(self.session.settings().keep_free) <= SLOTS
        };
        while !room() {
            assert!(begun.elapsed() < SOON, "the keeper makes no room: {:?}", self.session.books());
            std::thread::sleep(Duration::from_micros(50));
        }
        self.rig.step(0, 1);
        let lease = next(self.frames);
        self.now += 1;
        if self.now.is_multiple_of(EACH) {
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.clear();
            copy.extend_from_slice(lease.slot_bytes());
            self.held.push_back((self.now + SPAN, lease, copy));
            leak.into_iter().for_each(|leak| leak.push(vec![1; LEAK]));
        }
        while self.held.front().is_some_and(|(until, ..)| *until <= self.now) {
            let (_, lease, copy) = self.held.pop_front().expect("there is one");
            assert!(lease.slot_bytes() == copy, "frame {} changed while it was held", lease.record().number);
            self.spare.push(copy);
        }
    }

    /// Reads until `until` and looks at the memory meanwhile.
    fn phase(&mut self, until: Instant, mut leak: Option<&mut Vec<Vec<u8>>>) -> Vec<Sample> {
        let mut samples = vec![Sample::now(self.now)];
        let mut due = Instant::now() + SAMPLING;
        while Instant::now() < until || samples.len() < SAMPLES {
            self.frame(leak.as_deref_mut());
            if Instant::now() >= due {
                samples.push(Sample::now(self.now));
                due += SAMPLING;
            }
        }
        samples
    }
}

fn soak(time: Duration) -> Result<(), String> {
    let trust = trust("lossy");
    let rig = Rig::stepped("no_overwrite = \"lossy\"\nscene = \"stamp\"");
    let camera = rig.open("pvcamUSB_0");
    let region = Region::centred(camera.sensor(), 512, 512);
    let plan = Plan::continuous().region(region).exposure(Duration::from_millis(1));
    let armed = camera.arm(plan.ring(SLOTS as u32).reserve(16).trust(&trust)).expect("the plan is good");
    let (session, frames) = armed.start().expect("it starts");
    let begun = Instant::now();
    let (session, frames) = (&session, &frames);
    let (held, spare) = (VecDeque::with_capacity(16), Vec::with_capacity(16));
    let mut reader = Reader { rig: &rig, session, frames, held, spare, now: 0 };
    let _warm_up = reader.phase(begun + time / 4, None);
    let grown = growth(&reader.phase(begun + time * 3 / 4, None));
    let books = session.books();
    println!("{books}; {} moved, held for at most {} ms", books.rescued, books.longest_held_ns / 1_000_000);
    if !grown.is_empty() || books.lost() > 0 || !books.balanced() || books.rescued < reader.now / EACH / 2 {
        return Err(format!("{grown:?}, {books}"));
    }
    let mut leak = Vec::new();
    let mut samples = reader.phase(begun + time, Some(&mut leak));
    let _other = Pool::new(RegionPlan::new(1 << 16, 4, 0), 1 << 30).expect("a small pool");
    samples.push(Sample::now(reader.now));
    let found = growth(&samples);
    println!("the control, which leaks: {found:?}");
    if found.len() < 3 { Err(format!("the control was not found out: {found:?}")) } else { Ok(()) }
}

fn main() -> ExitCode {
    soak_main("soak_rescue", soak)
}
