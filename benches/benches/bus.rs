//! Fan-out: one frame to n readers and back, each way beside the others in the same run. One thread does all, nobody sleeps: what is
//! timed is the bookkeeping. The bus times publishing into the ring, all mailboxes, all takes and the slot's return.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use frame_bus::{Bus, BusPlan, Policy, Request, Subscriber};
use pvcam_benches::Rig;

const READERS: [usize; 4] = [1, 4, 16, 64];
const DEPTH: usize = 16;
const BYTES: usize = 4096;

/// What the other ways hand around. Making the pixels' own allocation and the copy is not timed, the `Arc` is.
type Shared = Arc<(u64, Vec<u8>)>;

fn fan_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("fan-out");
    for n in READERS {
        for (name, policy) in
            [("drop oldest", Policy::DropOldest { depth: DEPTH as u32 }), ("latest", Policy::Latest)]
        {
            let (bus, mut rig, mut readers) = bus_of(n, policy);
            group.bench_function(BenchmarkId::new(format!("bus, {name}"), n), |b| {
                b.iter(|| {
                    rig.frame();
                    readers.iter_mut().for_each(|reader| drop(black_box(reader.try_recv())));
                });
            });
            drop((readers, bus));
        }
        group.bench_function(BenchmarkId::new("yardstick: tokio broadcast of Arc", n), |b| {
            let sender = tokio::sync::broadcast::Sender::<Shared>::new(DEPTH);
            let mut readers: Vec<_> = (0..n).map(|_| sender.subscribe()).collect();
            let mut number = 0;
            b.iter(|| {
                number += 1;
                let frame: Shared = Arc::new((number, Vec::new()));
                let _ = sender.send(frame);
                readers.iter_mut().for_each(|reader| drop(black_box(reader.try_recv())));
            });
        });
        group.bench_function(BenchmarkId::new("yardstick: crossbeam-channel each, of Arc", n), |b| {
            let channels: Vec<_> = (0..n).map(|_| crossbeam_channel::bounded::<Shared>(DEPTH)).collect();
            let mut number = 0;
            b.iter(|| {
                number += 1;
                let frame: Shared = Arc::new((number, Vec::new()));
                channels.iter().for_each(|(sender, _)| drop(sender.try_send(Arc::clone(&frame))));
                drop(frame);
                channels.iter().for_each(|(_, reader)| drop(black_box(reader.try_recv())));
            });
        });
    }
    group.finish();
}

fn bus_of(n: usize, policy: Policy) -> (Bus, Rig, Vec<Subscriber>) {
    let bus = Bus::new(BusPlan::for_ring(128, 0)).unwrap();
    let request = Request::new("reader", policy);
    let readers = (0..n).map(|_| bus.subscribe(&request).unwrap()).collect();
    let rig = Rig::with_sink(BYTES, 128, bus.sink()).unwrap();
    (bus, rig, readers)
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
