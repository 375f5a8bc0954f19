//! The price of a rescue: a frame moved out of the ring under its reader, beside one memcpy of the same size.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pvcam_benches::Rig;

/// Slots of the ring.
const BLOCKS: u32 = 4;
/// Blocks of the reserve.
const RESERVE: u32 = 3;

fn rescue(c: &mut Criterion) {
    let mut group = c.benchmark_group("rescue");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    for mib in [2_usize, 8, 32] {
        let bytes = mib << 20;
        group.throughput(Throughput::Bytes(bytes as u64));
        // From and to as many blocks as a rescue meets: one pair over and over would lie in the cache, where no camera writes.
        let from: Vec<_> = (0..BLOCKS).map(|n| vec![n as u8; bytes]).collect();
        let mut to: Vec<_> = (0..RESERVE).map(|n| vec![n as u8; bytes]).collect();
        let mut round = 0;
        group.bench_function(BenchmarkId::new("yardstick: memcpy", mib), |b| {
            b.iter(|| {
                round += 1;
                let (from, to) = (&from[round % from.len()], &mut to[round % RESERVE as usize]);
                black_box(&mut to[..]).copy_from_slice(black_box(&from[..]));
            });
        });
        for (name, huge) in [("2 MiB pages", true), ("4 KiB pages", false)] {
            let mut rig = Rig::new(bytes, BLOCKS, RESERVE, huge, false).unwrap();
            group.bench_function(BenchmarkId::new(name, mib), |b| {
                b.iter_custom(|times| (0..times).map(|_| time_one(&mut rig)).sum());
            });
        }
    }
    group.finish();
}

/// Moves one held frame, by the keeper's own call, and times only that.
fn time_one(rig: &mut Rig) -> Duration {
    rig.stream.set_keep_free(0);
    rig.frame();
    let lease = rig.take().unwrap();
    let before = rig.stream.books().rescued;
    let start = Instant::now();
    rig.stream.rescue_oldest();
    let took = start.elapsed();
    assert_eq!(rig.stream.books().rescued, before + 1, "the frame was moved");
    drop(lease);
    took
}

criterion_group!(benches, rescue);
criterion_main!(benches);
