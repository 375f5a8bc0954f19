//! Two virtual cameras behind one of 30 frames a second, one as fast and one of 4 frames a second; readers come and go.
//!
//! On outputs of this program, so that it runs anywhere. No frame may be shown that had a successor a while before, showing may not
//! allocate, and memory may not grow. In the last quarter comes a control: a painter that allocates and keeps, behind a mailbox that
//! keeps old frames. It must be found out in all three.
#![expect(clippy::expect_used, reason = "a helper of a soak that fails is a failed soak")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use counting_alloc::CountingAllocator;
use frame_bus::{Bus, BusPlan, Closing, Policy, Request, Subscriber};
use frame_pool::monotonic_ns;
use frame_vcam::{
    Converter, DeviceError, Geometry, Look, Opener, Output, PaintError, Painter, PixelFormat, VirtualCamera,
};
use pvcam::{Layout, Lease, Plan};
use pvcam_tests::{Rig, Sample, frame, growth, small, soak_main};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const FRAME_TIME: Duration = Duration::from_micros(33_333);
/// Frames in a window of which nothing but showing is done.
const QUIET: u64 = 16;
/// A frame with a successor that is older than this is a stale one; a machine may be busy for as long.
const STALE_NS: u64 = 100_000_000;
const LEAK: usize = 64 * 1024;

/// When each frame came to the bus, by its number; zero for one that has not come.
struct Arrivals([AtomicU64; 1024]);

impl Arrivals {
    fn at(&self, number: u64) -> &AtomicU64 {
        &self.0[number as usize % self.0.len()]
    }

    fn note(&self, lease: &Lease) {
        let record = lease.record();
        self.at(record.number + 1).store(0, Ordering::Relaxed);
        self.at(record.number).store(record.arrived_ns, Ordering::Relaxed);
    }
}

/// A converter that looks at its watch, and as a control allocates and keeps.
struct Watchful {
    converter: Option<Converter>,
    arrivals: Arc<Arrivals>,
    stale: Arc<AtomicU64>,
    leak: Option<Vec<Vec<u8>>>,
}

impl Painter for Watchful {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        Ok(Look::default().geometry(source, format)?)
    }

    fn prepare(&mut self, source: &Layout, target: Geometry) -> Result<(), PaintError> {
        self.converter = Some(Converter::new(source, target, &Look::default())?);
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        let next = self.arrivals.at(frame.record().number + 1).load(Ordering::Relaxed);
        if next != 0 && next + STALE_NS < monotonic_ns() {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(leak) = &mut self.leak {
            leak.push(vec![1; LEAK]);
        }
        Ok(self.converter.as_mut().ok_or("not prepared")?.convert(frame, out)?)
    }
}

/// An output like a device: memory that readers look at.
struct Wall(Vec<u8>);

struct Walls;

impl Opener for Walls {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        Ok(Box::new(Wall(vec![0; geometry.frame_bytes()])))
    }
}

impl Output for Wall {
    fn place(&self) -> String {
        "a wall".to_owned()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        Ok(Some(&mut self.0))
    }

    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }
}

/// A virtual camera and how often it showed what was old.
struct Shown {
    camera: VirtualCamera,
    stale: Arc<AtomicU64>,
}

struct Soak<'a> {
    rig: &'a Rig,
    bus: &'a Bus,
    recorder: Mutex<Subscriber>,
    arrivals: Arc<Arrivals>,
    frames: AtomicU64,
}

impl Soak<'_> {
    fn shown(&self, rate: u32, control: bool) -> Shown {
        let stale = Arc::new(AtomicU64::new(0));
        let painter = Watchful {
            converter: None,
            arrivals: Arc::clone(&self.arrivals),
            stale: Arc::clone(&stale),
            leak: control.then(Vec::new),
        };
        let builder = VirtualCamera::builder().painter(painter).frames_per_second(rate);
        let camera = builder.start_on(Walls).expect("a thread");
        let policy = if control { Policy::DropOldest { depth: 8 } } else { Policy::Latest };
        camera.follow_as(self.bus, &Request::new("virtual camera", policy)).expect("room");
        camera.publish();
        Shown { camera, stale }
    }

    fn frame(&self, due: &mut Instant) {
        *due = (*due + FRAME_TIME).max(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        self.rig.step(0, 1);
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        self.arrivals.note(&frame(&mut recorder));
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames until then; answers samples of memory, and the allocations of the quietest window.
    fn phase(&self, until: Instant, shown: &[&Shown]) -> (Vec<Sample>, u64) {
        let (mut samples, mut fewest, mut due) = (Vec::new(), u64::MAX, Instant::now());
        while Instant::now() < until || samples.len() < 6 {
            let before = ALLOCATOR.allocations();
            (0..QUIET).for_each(|_| self.frame(&mut due));
            fewest = fewest.min(ALLOCATOR.allocations() - before);
            samples.push(Sample::now(self.frames.load(Ordering::Relaxed)));
            // A reader's program is closed and opened again.
            if samples.len().is_multiple_of(5) {
                shown.iter().for_each(|shown| shown.camera.unpublish());
                (0..2).for_each(|_| self.frame(&mut due));
                shown.iter().for_each(|shown| shown.camera.publish());
                (0..2).for_each(|_| self.frame(&mut due));
            }
        }
        (samples, fewest)
    }
}

/// What was wrong with what was shown, judged after the quarter in which everything warms up.
fn judge(shown: &[&Shown], samples: &[Sample], allocations: u64) -> Vec<String> {
    let mut found = growth(samples);
    for Shown { camera, stale } in shown {
        let (books, stale) = (camera.books(), stale.load(Ordering::Relaxed));
        println!("{books}; {stale} stale");
        // A machine that is busy elsewhere makes one late now and then.
        if stale * 20 > books.shown {
            found.push(format!("{stale} stale frames of {}", books.shown));
        }
        if !books.balance() || books.failures > 0 || books.shown == 0 {
            found.push(books.to_string());
        }
    }
    if allocations > 0 {
        found.push(format!("at least {allocations} allocations in {QUIET} frames"));
    }
    found
}

fn soak(time: Duration) -> Result<(), String> {
    let rig = Rig::stepped("no_overwrite = \"flag_error\"");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::continuous().region(small(&camera)).exposure(Duration::from_micros(100));
    let armed = camera.arm(plan.ring(32).reserve(32)).expect("the plan is good");
    let bus = Bus::new(BusPlan::for_ring(32, 32)).expect("a thread can be had");
    let recorder = bus.subscribe(&Request::new("recorder", Policy::Every { depth: 8 })).expect("room");
    let session = armed.start_into(bus.sink()).expect("it starts");
    let arrivals = Arc::new(Arrivals(std::array::from_fn(|_| AtomicU64::new(0))));
    let (recorder, frames) = (Mutex::new(recorder), AtomicU64::new(0));
    let soak = Soak { rig: &rig, bus: &bus, recorder, arrivals, frames };

    let begun = Instant::now();
    let (fast, slow) = (soak.shown(30, false), soak.shown(4, false));
    soak.phase(begun + time / 4, &[&fast, &slow]);
    let (samples, allocations) = soak.phase(begun + time * 3 / 4, &[&fast, &slow]);
    let wrong = judge(&[&fast, &slow], &samples, allocations);
    drop((fast, slow));
    let control = soak.shown(4, true);
    let (samples, allocations) = soak.phase(begun + time, &[&control]);
    let found = judge(&[&control], &samples, allocations);
    println!("the control: {found:?}");
    bus.close(Closing::Stopped);
    let books = session.books();
    println!("{books}");
    if !wrong.is_empty() || books.lost() > 0 || !bus.books().balance() {
        return Err(format!("{wrong:?}, {books}"));
    }
    if found.len() < 3 { Err(format!("the control was not found out: {found:?}")) } else { Ok(()) }
}

fn main() -> ExitCode {
    soak_main("soak_vcam", soak)
}
