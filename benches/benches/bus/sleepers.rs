//! Readers that sleep: how soon one is awake, beside C++'s condition variable, and what sleepers cost the camera's callback.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan, Closing, Event, Policy, Request};
use pvcam_benches::Rig;

/// Between two frames: long enough for readers to fall asleep.
const PERIOD: Duration = Duration::from_millis(1);
const SAMPLES: usize = 100;
const ROUNDS: usize = 40;
/// Frames of a round, each followed by all readers' sleep.
const CALLBACKS: u64 = 15;
const BYTES: usize = 4096;

/// A bus whose readers sleep, each on a thread of its own.
struct Sleepers {
    bus: Bus,
    rig: Rig,
    published_ns: Arc<AtomicU64>,
    taken: Arc<AtomicU64>,
    latencies: Arc<Mutex<Vec<u64>>>,
    threads: Vec<JoinHandle<()>>,
    since: Instant,
}

impl Sleepers {
    fn new(readers: usize) -> Self {
        let bus = Bus::new(BusPlan::for_ring(128, 0)).unwrap();
        let (published_ns, taken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let latencies = Arc::new(Mutex::new(Vec::with_capacity(SAMPLES * ROUNDS)));
        let since = Instant::now();
        let request = Request::new("reader", Policy::DropOldest { depth: 16 });
        let threads = (0..readers)
            .map(|_| {
                let mut reader = bus.subscribe(&request).unwrap();
                let (published_ns, taken) = (Arc::clone(&published_ns), Arc::clone(&taken));
                let latencies = Arc::clone(&latencies);
                std::thread::spawn(move || {
                    while let Ok(Event::Frame(frame)) = reader.recv_within(Duration::MAX) {
                        let now = nanos(since);
                        drop(frame);
                        if readers == 1 {
                            let latency = now - published_ns.load(Ordering::Acquire);
                            latencies.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
                        }
                        taken.fetch_add(1, Ordering::Release);
                    }
                })
            })
            .collect();
        let rig = Rig::with_sink(BYTES, 128, bus.sink()).unwrap();
        Self { bus, rig, published_ns, taken, latencies, threads, since }
    }

    /// One frame; answers how long the callback took.
    fn frame(&mut self) -> Duration {
        self.published_ns.store(nanos(self.since), Ordering::Release);
        let begun = Instant::now();
        self.rig.frame();
        begun.elapsed()
    }

    /// Waits until all readers have taken so many frames, and sleep again.
    fn settle(&self, frames: u64) {
        while self.taken.load(Ordering::Acquire) < frames * self.threads.len() as u64 {
            std::thread::sleep(PERIOD / 4);
        }
        std::thread::sleep(PERIOD);
    }

    fn end(self) {
        self.bus.close(Closing::Stopped);
        self.threads.into_iter().for_each(|thread| drop(thread.join()));
    }
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn median(values: &mut [u64]) -> f64 {
    values.sort_unstable();
    values.get(values.len() / 2).map_or(f64::NAN, |&value| value as f64)
}

/// The callback's time with two readers asleep and with 64, in turns. The best round of each counts.
pub(crate) fn callback() {
    let (mut two, mut many) = (Sleepers::new(2), Sleepers::new(64));
    let (mut few, mut lots) = (f64::INFINITY, f64::INFINITY);
    for round in 0..ROUNDS as u64 {
        let (mut with_two, mut with_many) = (Vec::new(), Vec::new());
        for frames in 1..=CALLBACKS {
            with_two.push(nanos_of(two.frame()));
            two.settle(round * CALLBACKS + frames);
            with_many.push(nanos_of(many.frame()));
            many.settle(round * CALLBACKS + frames);
        }
        few = few.min(median(&mut with_two));
        lots = lots.min(median(&mut with_many));
    }
    println!(
        "callback, best median of {ROUNDS} rounds: 2 readers asleep {few:.0} ns, 64 asleep {lots:.0} ns: {:.2} x",
        lots / few
    );
    two.end();
    many.end();
}

fn nanos_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// From publishing to the reader's first look at its clock; in turns with the program in C++. The best round of each counts.
pub(crate) fn wake() {
    let theirs = build();
    let mut ours = Sleepers::new(1);
    let (mut best, mut best_of_theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours.latencies.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for _ in 0..SAMPLES {
            std::thread::sleep(PERIOD);
            let _ = ours.frame();
        }
        best = best.min(median(&mut ours.latencies.lock().unwrap_or_else(PoisonError::into_inner)));
        if let Some(program) = &theirs {
            best_of_theirs = best_of_theirs.min(median(&mut run(program)));
        }
    }
    ours.end();
    println!("wake, best median of {ROUNDS} rounds: bus {best:.0} ns");
    match theirs {
        Some(_) => {
            println!(
                "wake, the same: std::condition_variable {best_of_theirs:.0} ns: bus {:.2} x",
                best / best_of_theirs
            );
        }
        None => println!("wake, std::condition_variable: NOT RUN, there is no working c++ (install g++)"),
    }
}

/// The program in C++, compiled, if there is a compiler.
fn build() -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/bus/condvar.cpp");
    let program = std::env::temp_dir().join(format!("pvcam-bench-condvar-{}", std::process::id()));
    let compiled =
        Command::new("c++").args(["-std=c++11", "-O2", "-pthread", source, "-o"]).arg(&program).status();
    compiled.is_ok_and(|status| status.success()).then_some(program)
}

fn run(program: &PathBuf) -> Vec<u64> {
    let arguments = [SAMPLES.to_string(), PERIOD.as_micros().to_string()];
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}
