//! The price of a lease, each beside its yardstick in the same run.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pvcam_benches::Rig;

/// Yardstick: an `Arc` cloned and dropped. Beside it a lease cloned and dropped, and a frame published and dropped.
fn one_reader(c: &mut Criterion) {
    let mut group = c.benchmark_group("one reader");
    let arc = Arc::new(vec![0_u8; 4096]);
    group.bench_function("yardstick: Arc clone + drop", |b| {
        b.iter(|| drop(black_box(Arc::clone(black_box(&arc)))))
    });
    let mut rig = Rig::new(4096, 32, 0, false, false).unwrap();
    rig.frame();
    let lease = rig.take().unwrap();
    group.bench_function("lease clone + drop", |b| b.iter(|| drop(black_box(black_box(&lease).clone()))));
    let mut rig = Rig::new(4096, 32, 0, false, true).unwrap();
    group.bench_function("publish + last drop", |b| {
        b.iter(|| rig.frame());
    });
    group.finish();
}

/// One frame and its readers: publish, a clone for each reader but the first, and all drops.
fn readers(c: &mut Criterion) {
    let mut group = c.benchmark_group("readers");
    for n in [1_usize, 2, 4, 8] {
        let arc = Arc::new(vec![0_u8; 4096]);
        let mut held = Vec::with_capacity(n);
        group.bench_function(BenchmarkId::new("yardstick: n Arc clones + drops", n), |b| {
            b.iter(|| {
                held.extend((0..n).map(|_| Arc::clone(black_box(&arc))));
                held.clear();
            });
        });
        let mut rig = Rig::new(4096, 32, 0, false, false).unwrap();
        let mut held = Vec::with_capacity(n);
        group.bench_function(BenchmarkId::new("publish, n - 1 clones, n drops", n), |b| {
            b.iter(|| {
                rig.frame();
                let first = rig.take().unwrap();
                held.extend((1..n).map(|_| first.clone()));
                held.push(first);
                held.clear();
            });
        });
        let lease = {
            rig.frame();
            rig.take().unwrap()
        };
        let bytes = bytes::Bytes::from_owner(lease);
        let mut held = Vec::with_capacity(n);
        group.bench_function(BenchmarkId::new("Bytes::from_owner(lease), n clones + drops", n), |b| {
            b.iter(|| {
                held.extend((0..n).map(|_| black_box(&bytes).clone()));
                held.clear();
            });
        });
    }
    group.finish();
}

/// 16 frames live at a time, dropped in reverse: the ring is retired in order all the same.
fn out_of_order(c: &mut Criterion) {
    let mut group = c.benchmark_group("out of order");
    let mut rig = Rig::new(4096, 32, 0, false, false).unwrap();
    let mut held = Vec::with_capacity(16);
    group.bench_function("16 frames published, dropped in reverse", |b| {
        b.iter(|| {
            for _ in 0..16 {
                rig.frame();
                held.push(rig.take().unwrap());
            }
            while let Some(lease) = held.pop() {
                drop(lease);
            }
        });
    });
    group.finish();
}

/// Frames dropped on another thread than they were published on, through a bounded channel; the yardstick sends `Arc`s.
fn cross_thread(c: &mut Criterion) {
    let mut group = c.benchmark_group("cross-thread, 1000 frames");
    group.sample_size(20);
    group.bench_function("yardstick: Arc::new of 64 bytes through a channel", |b| {
        b.iter(|| {
            let (send, receive) = std::sync::mpsc::sync_channel::<Arc<[u8; 64]>>(16);
            let reader =
                std::thread::spawn(move || receive.into_iter().map(|a| usize::from(a[0])).sum::<usize>());
            for _ in 0..1000 {
                send.send(Arc::new([1; 64])).unwrap();
            }
            drop(send);
            reader.join().unwrap()
        });
    });
    let mut rig = Rig::new(4096, 64, 0, false, false).unwrap();
    group.bench_function("leases through a channel", |b| {
        b.iter(|| {
            let (send, receive) = std::sync::mpsc::sync_channel(16);
            let reader = std::thread::spawn(move || {
                receive.into_iter().map(|l: frame_pool::Lease| l.record().number).max()
            });
            for _ in 0..1000 {
                rig.frame();
                send.send(rig.take().unwrap()).unwrap();
            }
            drop(send);
            reader.join().unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, one_reader, readers, out_of_order, cross_thread);
criterion_main!(benches);
