//! Three virtual cameras behind one of 30 frames a second: one as fast, one of 4 frames a second, and one that writes into a named pipe
//! whose readers come and go.
//!
//! They run on outputs of this program, so that it runs anywhere. What is shown must be the newest there is: again and again an output
//! is stopped, frames are sent, and the first that is painted when it goes on has to be the last one sent. Between two frames the
//! virtual camera's thread may not allocate, not once. What readers of the pipe get must be right in each byte. Memory may not grow. In the
//! last quarter comes a control: a painter that allocates and keeps, behind a mailbox that keeps old frames. It must be found out.
#![expect(clippy::expect_used, reason = "a helper of a soak that fails is a failed soak")]

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use counting_alloc::CountingAllocator;
use frame_bus::{Bus, BusPlan, Closing, Policy, Request, Subscriber};
use frame_vcam::{
    Converter, DeviceError, Geometry, Level, Look, Opener, Output, PaintError, Painter, PixelFormat, State,
    VirtualCamera, Y4mSink,
};
use pvcam::{Layout, Lease, Plan};
use pvcam_tests::{Rig, SOON, Sample, counter, frame, growth, small, soak_main};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const FRAME_TIME: Duration = Duration::from_micros(33_333);
/// Frames between two samples of memory.
const WINDOW: u64 = 16;
/// Frames that are sent while the outputs are stopped.
const MISSED: u64 = 3;
/// Frames until a thread that opened its output has nothing more to prepare.
const WARM: u32 = 2;
/// What the control keeps.
const CONTROL: &str = "control";
const KEPT: u32 = 8;
const LEAK: usize = 64 * 1024;
/// What the camera shows, and so the pictures.
const COLUMNS: u32 = 64;
const ROWS: u32 = 48;

/// What the thread of a virtual camera saw.
#[derive(Default)]
struct Tally {
    /// The frame that has to be painted next; zero if that is not known.
    due: AtomicU64,
    /// Times that it was.
    newest: AtomicU64,
    /// Times that it was another, or one that had been shown before.
    stale: AtomicU64,
    /// Turns from one frame to the next, and blocks that the thread asked for in them.
    turns: AtomicU64,
    allocations: AtomicU64,
}

/// A converter that looks at what its thread does, and as a control allocates and keeps.
struct Watchful {
    look: Look,
    converter: Option<Converter>,
    tally: Arc<Tally>,
    /// Frames since it was prepared, the number of the last one, and how many blocks the thread had asked for then.
    painted: u32,
    last: u64,
    asked: u64,
    leak: Option<Vec<Vec<u8>>>,
}

impl Watchful {
    fn watch(&mut self, number: u64) {
        let asked = ALLOCATOR.allocations_of_this_thread();
        if self.painted > WARM {
            self.tally.turns.fetch_add(1, Ordering::Relaxed);
            self.tally.allocations.fetch_add(asked - self.asked, Ordering::Relaxed);
        }
        let due = self.tally.due.swap(0, Ordering::AcqRel);
        if number <= self.last || (due != 0 && number != due) {
            self.tally.stale.fetch_add(1, Ordering::Relaxed);
        }
        self.tally.newest.fetch_add(u64::from(due != 0), Ordering::Release);
        (self.painted, self.last, self.asked) = (self.painted + 1, number, asked);
    }
}

impl Painter for Watchful {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        Ok(self.look.geometry(source, format)?)
    }

    fn prepare(&mut self, source: &Layout, target: Geometry) -> Result<(), PaintError> {
        self.converter = Some(Converter::new(source, target, &self.look)?);
        self.painted = 0;
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        self.watch(frame.record().number);
        if let Some(leak) = &mut self.leak {
            leak.push(vec![1; LEAK]);
        }
        Ok(self.converter.as_mut().ok_or("not prepared")?.convert(frame, out)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an output can be stopped: closed or not, and whether somebody stands there.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    fn set(&self, closed: bool) {
        lock(&self.0.0).0 = closed;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = lock(state);
        while state.0 {
            state.1 = true;
            changed.notify_all();
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.1 = false;
    }

    fn await_somebody(&self) {
        let somebody = |state: &mut (bool, bool)| !state.1;
        let waited = self.0.1.wait_timeout_while(lock(&self.0.0), SOON, somebody);
        assert!(!waited.unwrap_or_else(PoisonError::into_inner).1.timed_out(), "nothing is shown any more");
    }
}

/// An output like a device: memory that readers look at.
struct Wall(Vec<u8>, Gate);

struct Walls(Gate);

impl Opener for Walls {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        Ok(Box::new(Wall(vec![0; geometry.frame_bytes()], self.0.clone())))
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
        self.1.pass();
        Ok(true)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        self.1.pass();
        Ok(true)
    }
}

/// A virtual camera and what its thread saw.
struct Shown {
    camera: VirtualCamera,
    tally: Arc<Tally>,
    gate: Gate,
}

/// Programs that look into a named pipe, one after the other.
struct Visitors {
    path: PathBuf,
    piped: Shown,
    /// Significant bits of the camera's pixels.
    bits: u8,
    leave: AtomicBool,
    visits: AtomicU64,
    pictures: AtomicU64,
}

impl Visitors {
    fn of(soak: &Soak<'_>, bits: u8) -> Arc<Self> {
        let path = std::env::temp_dir().join(format!("soak-vcam-{}.y4m", std::process::id()));
        assert!(Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()), "no mkfifo");
        let (piped, leave) = (soak.piped(&path), AtomicBool::new(false));
        Arc::new(Self { path, piped, bits, leave, visits: AtomicU64::new(0), pictures: AtomicU64::new(0) })
    }

    /// What was wrong with what they saw.
    fn judge(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Self { piped: Shown { camera, tally, .. }, visits, pictures, .. } = self;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (visits, pictures, books) = (count(visits), count(pictures), camera.books());
        let (turns, allocations) = (count(&tally.turns), count(&tally.allocations));
        println!(
            "{visits} readers saw {pictures} pictures: {books}; {allocations} allocations in {turns} turns"
        );
        if allocations > 0 || turns == 0 {
            found.push(format!("{allocations} allocations in {turns} turns for the pipe"));
        }
        if !books.balance() || visits < 2 || pictures == 0 || count(&tally.stale) > 0 {
            found.push(format!("{visits} readers, {} frames twice: {books}", count(&tally.stale)));
        }
        found
    }

    fn come_and_go(&self) {
        let mut picture = vec![0; 6 + 2 * (COLUMNS * ROWS) as usize];
        while !self.leave.load(Ordering::Relaxed) {
            let visits = self.visits.fetch_add(1, Ordering::Relaxed);
            // Waits until the virtual camera has seen that there is a reader.
            let mut stream = BufReader::new(File::open(&self.path).expect("it is there"));
            let mut first = [0; FIRST_LINE.len()];
            stream.read_exact(&mut first).expect("a first line");
            assert_eq!(String::from_utf8_lossy(&first), FIRST_LINE);
            for _ in 0..5 + visits % 7 {
                stream.read_exact(&mut picture).expect("the stream goes on");
                assert!(
                    picture.starts_with(b"FRAME\n") && is_right(&picture[6..], self.bits),
                    "visit {visits}"
                );
                self.pictures.fetch_add(1, Ordering::Relaxed);
            }
            drop(stream);
            // Else the next one would come into the middle of the stream of this one.
            let is_noticed = |state: &State| matches!(state, State::Failed(_));
            self.piped.camera.await_state(SOON, is_noticed).expect("it is noticed that nobody reads");
        }
    }
}

const FIRST_LINE: &str = "YUV4MPEG2 W64 H48 F30:1 Ip A1:1 Cmono16 XCOLORRANGE=FULL\n";

/// A picture of the counter scene, or the chequerboard, whole.
fn is_right(picture: &[u8], bits: u8) -> bool {
    let value = |at: u32| u16::from_le_bytes([picture[2 * at as usize], picture[2 * at as usize + 1]]);
    let all = |is: &dyn Fn(u32, u32) -> u16| {
        (0..COLUMNS * ROWS).all(|at| value(at) == is(at / COLUMNS, at % COLUMNS))
    };
    let scene = |row, column| value(0).wrapping_add(counter(0, row, column, 16)) & (u16::MAX >> (16 - bits));
    let squares = |row, column| if (row / 32 + column / 32) % 2 == 0 { 19 << 8 } else { 37 << 8 };
    all(&scene) || all(&squares)
}

struct Soak<'a> {
    rig: &'a Rig,
    bus: &'a Bus,
    recorder: Mutex<Subscriber>,
    frames: AtomicU64,
}

impl Soak<'_> {
    fn painter(look: Look, tally: &Arc<Tally>, leak: Option<Vec<Vec<u8>>>) -> Watchful {
        let tally = Arc::clone(tally);
        Watchful { look, converter: None, tally, painted: 0, last: 0, asked: 0, leak }
    }

    fn shown(&self, rate: u32, control: bool) -> Shown {
        let (tally, gate) = (Arc::default(), Gate::default());
        let painter = Self::painter(Look::default(), &tally, control.then(Vec::new));
        let builder = VirtualCamera::builder().painter(painter).frames_per_second(rate);
        let camera = builder.start_on(Walls(gate.clone())).expect("a thread");
        let policy = if control { Policy::DropOldest { depth: KEPT } } else { Policy::Latest };
        let name = if control { CONTROL } else { "shown" };
        camera.follow_as(self.bus, &Request::new(name, policy)).expect("room");
        camera.publish();
        Shown { camera, tally, gate }
    }

    fn piped(&self, path: &Path) -> Shown {
        let tally = Arc::default();
        let look = Look::new().level(Level::Manual { black: 0, white: u16::MAX });
        let builder = VirtualCamera::builder().painter(Self::painter(look, &tally, None));
        let camera = builder.format(PixelFormat::Y16).start_on(Y4mSink::file(path)).expect("a thread");
        camera.follow(self.bus).expect("room");
        camera.publish();
        Shown { camera, tally, gate: Gate::default() }
    }

    /// One frame now; answers its number.
    fn step(&self) -> u64 {
        self.rig.step(0, 1);
        self.frames.fetch_add(1, Ordering::Relaxed);
        frame(&mut lock(&self.recorder)).record().number
    }

    fn frame(&self, due: &mut Instant) {
        *due = (*due + FRAME_TIME).max(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        self.step();
    }

    /// Stops the outputs, sends frames, and has the next one that is painted be the last of them.
    fn ask_for_the_newest(&self, shown: &[&Shown]) {
        for Shown { camera, gate, .. } in shown {
            let is_showing = |state: &State| matches!(state, State::Showing { .. });
            camera.await_state(SOON, is_showing).expect("it shows");
            gate.set(true);
            gate.await_somebody();
        }
        let newest = (0..MISSED).map(|_| self.step()).last().expect("several");
        self.await_mailboxes(newest);
        for Shown { tally, gate, .. } in shown {
            let asked = tally.newest.load(Ordering::Acquire);
            tally.due.store(newest, Ordering::Release);
            gate.set(false);
            let begun = Instant::now();
            while tally.newest.load(Ordering::Acquire) == asked {
                assert!(begun.elapsed() < SOON, "nothing is painted any more");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Waits until the newest frame lies in each mailbox, and in those that keep one frame nothing else.
    fn await_mailboxes(&self, newest: u64) {
        let begun = Instant::now();
        let most = |name: &str| if name == CONTROL { KEPT.into() } else { 1 };
        loop {
            let books = self.bus.books();
            let is_there = books.published >= newest
                && books.subscribers.iter().all(|subscriber| subscriber.unread <= most(&subscriber.name));
            if is_there {
                return;
            }
            assert!(begun.elapsed() < SOON, "frames do not arrive");
            std::thread::yield_now();
        }
    }

    /// Frames until then; answers samples of memory.
    fn phase(&self, until: Instant, shown: &[&Shown]) -> Vec<Sample> {
        let (mut samples, mut due) = (Vec::new(), Instant::now());
        while Instant::now() < until || samples.len() < 6 {
            (0..WINDOW).for_each(|_| self.frame(&mut due));
            samples.push(Sample::now(self.frames.load(Ordering::Relaxed)));
            if samples.len().is_multiple_of(5) {
                shown.iter().for_each(|shown| shown.camera.unpublish());
                (0..2).for_each(|_| self.frame(&mut due));
                shown.iter().for_each(|shown| shown.camera.publish());
                (0..2).for_each(|_| self.frame(&mut due));
            }
            if samples.len().is_multiple_of(2) {
                self.ask_for_the_newest(shown);
            }
        }
        samples
    }
}

/// What was wrong with what was shown, judged after the quarter in which everything warms up.
fn judge(shown: &[&Shown], samples: &[Sample]) -> Vec<String> {
    let mut found = growth(samples);
    for Shown { camera, tally, .. } in shown {
        let books = camera.books();
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (newest, stale) = (count(&tally.newest), count(&tally.stale));
        let (turns, allocations) = (count(&tally.turns), count(&tally.allocations));
        println!(
            "{books}; asked for the newest {newest} times, {stale} stale; {allocations} allocations in {turns} turns"
        );
        if stale > 0 || newest == 0 {
            found.push(format!("{stale} stale frames of {}", books.shown));
        }
        if allocations > 0 || turns == 0 {
            found.push(format!("{allocations} allocations in {turns} turns"));
        }
        if !books.balance() || books.failures > 0 || books.shown == 0 {
            found.push(books.to_string());
        }
    }
    found
}

fn soak(time: Duration) -> Result<(), String> {
    let rig = Rig::stepped("no_overwrite = \"flag_error\"");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::continuous().region(small(&camera)).exposure(Duration::from_micros(100));
    let armed = camera.arm(plan.ring(32).reserve(32)).expect("the plan is good");
    let bits = armed.settings().layout.bit_depth;
    let bus = Bus::new(BusPlan::for_ring(32, 32)).expect("a thread can be had");
    let recorder = bus.subscribe(&Request::new("recorder", Policy::Every { depth: 8 })).expect("room");
    let session = armed.start_into(bus.sink()).expect("it starts");
    let soak = Soak { rig: &rig, bus: &bus, recorder: Mutex::new(recorder), frames: AtomicU64::new(0) };

    let begun = Instant::now();
    let (fast, slow, visitors) = (soak.shown(30, false), soak.shown(4, false), Visitors::of(&soak, bits));
    let they = Arc::clone(&visitors);
    let visiting = std::thread::spawn(move || they.come_and_go());
    soak.phase(begun + time / 4, &[&fast, &slow]);
    let samples = soak.phase(begun + time * 3 / 4, &[&fast, &slow]);
    let mut wrong = judge(&[&fast, &slow], &samples);
    visitors.leave.store(true, Ordering::Relaxed);
    if visiting.join().is_err() {
        wrong.push("a reader of the pipe saw what is wrong".to_owned());
    }
    wrong.extend(visitors.judge());
    std::fs::remove_file(&visitors.path).expect("it is ours");
    drop((fast, slow, visitors));

    let control = soak.shown(4, true);
    let samples = soak.phase(begun + time, &[&control]);
    let found = judge(&[&control], &samples);
    println!("the control: {found:?}");
    bus.close(Closing::Stopped);
    let books = session.books();
    println!("{books}");
    if !wrong.is_empty() || books.lost() > 0 || !bus.books().balance() {
        return Err(format!("{wrong:?}, {books}"));
    }
    let is_found = |what: &&str| found.iter().any(|found| found.contains(what));
    match ["RssAnon", "stale", "allocations"].iter().find(|what| !is_found(what)) {
        Some(what) => Err(format!("the control was not found out, {what}: {found:?}")),
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    soak_main("soak_vcam", soak)
}
