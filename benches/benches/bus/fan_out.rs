//! One frame to n readers and back, on one thread, nobody asleep: what is timed is the bookkeeping. The bus times publishing into the
//! ring, all mailboxes, all takes and the slot's return; the others the frame's `Arc`, their own handing around and its release.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan, Policy, Request};
use frame_pool::{Element, Evidence, Layout, Record};
use pvcam_benches::Rig;

const READERS: [usize; 4] = [1, 4, 16, 64];
const PATIENCE: Duration = Duration::from_secs(3);
const DEPTH: usize = 16;
const BYTES: usize = 4096;
/// Frames timed together: so few that most batches are not interrupted, so many that the clock does not count.
const FRAMES: u32 = 200;

/// What the other ways hand around: a frame's record, as the bus has it, and where its pixels would be. Making and copying those is not
/// timed; the `Arc` is.
type Shared = Arc<(Record, Vec<u8>)>;

fn shared(like: &Record, number: u64) -> Shared {
    let mut record = *like;
    (record.number, record.camera_number, record.arrived_ns) = (number, Some(number), number);
    Arc::new((record, Vec::new()))
}

fn record() -> Record {
    Record::new(1, Layout::mono(Element::U16, 16, 1, BYTES as u32 / 2), Evidence::Locked)
}

/// A way to hand a frame to readers.
struct Way {
    name: &'static str,
    batch: Box<dyn FnMut()>,
    /// The quickest batch, for one frame.
    best_ns: f64,
}

impl Way {
    fn new(name: &'static str, mut frame: impl FnMut() + 'static) -> Self {
        let batch = Box::new(move || (0..FRAMES).for_each(|_| frame()));
        Self { name, batch, best_ns: f64::INFINITY }
    }

    fn time(&mut self) {
        let begun = Instant::now();
        (self.batch)();
        let ns = begun.elapsed().as_secs_f64() * 1e9 / f64::from(FRAMES);
        self.best_ns = self.best_ns.min(ns);
    }
}

/// Prints what each way takes for one frame.
pub(crate) fn run() {
    println!("fan-out, one thread: one frame published, taken by each reader, and given back");
    for n in READERS {
        let ways = compare(n);
        let tokio = ways.iter().find(|way| way.name.starts_with("tokio")).map_or(f64::NAN, |way| way.best_ns);
        for Way { name, best_ns, .. } in ways {
            println!("{n:>3} readers  {name:<32} {best_ns:>8.1} ns  {:>5.2} of tokio's", best_ns / tokio);
        }
    }
}

/// All ways for `n` readers, in turns, so that each meets the same machine. The last two are the yardsticks.
fn compare(n: usize) -> Vec<Way> {
    let depth = DEPTH as u32;
    let mut ways = vec![
        bus("bus, every", n, Policy::Every { depth }),
        bus("bus, drop oldest", n, Policy::DropOldest { depth }),
        bus("bus, latest", n, Policy::Latest),
        tokio(n),
        crossbeam(n),
    ];
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        ways.iter_mut().for_each(Way::time);
    }
    ways
}

fn bus(name: &'static str, n: usize, policy: Policy) -> Way {
    let bus = Bus::new(BusPlan::for_ring(128, 0)).unwrap();
    let request = Request::new("reader", policy);
    let mut readers: Vec<_> = (0..n).map(|_| bus.subscribe(&request).unwrap()).collect();
    let mut rig = Rig::with_sink(BYTES, 128, bus.sink()).unwrap();
    Way::new(name, move || {
        let _open = &bus;
        rig.frame();
        readers.iter_mut().for_each(|reader| drop_seen(reader.try_recv()));
    })
}

fn tokio(n: usize) -> Way {
    let sender = tokio::sync::broadcast::Sender::<Shared>::new(DEPTH);
    let mut readers: Vec<_> = (0..n).map(|_| sender.subscribe()).collect();
    let (like, mut number) = (record(), 0);
    Way::new("tokio broadcast of Arc", move || {
        number += 1;
        let frame = shared(&like, number);
        let _ = sender.send(frame);
        readers.iter_mut().for_each(|reader| drop_seen(reader.try_recv()));
    })
}

fn crossbeam(n: usize) -> Way {
    let channels: Vec<_> = (0..n).map(|_| crossbeam_channel::bounded::<Shared>(DEPTH)).collect();
    let (like, mut number) = (record(), 0);
    Way::new("crossbeam-channel each, of Arc", move || {
        number += 1;
        let frame = shared(&like, number);
        channels.iter().for_each(|(sender, _)| drop(sender.try_send(Arc::clone(&frame))));
        drop(frame);
        channels.iter().for_each(|(_, reader)| drop_seen(reader.try_recv()));
    })
}

/// What was taken is looked at, and dropped.
fn drop_seen<T>(taken: T) {
    black_box(&taken);
}
