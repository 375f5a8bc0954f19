//! What Arrow costs: a batch of one frame beside a clone of its lease, and recordings beside plain writing of the same bytes.
//!
//! Recordings go to the memory file system (`/dev/shm`) and to the disk on which the target folder lies; what was written is removed.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::fs::{File, remove_file};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use frame_arrow::{FrameSchema, FrameWriter, SchemaPlan, WriterOptions};
use frame_pool::Lease;
use pvcam_benches::{Rig, write_behind};

/// Bytes of a frame: 2048 x 2048 pixels of 16 bits.
const FRAME: usize = 8 << 20;
/// Frames that lie at different places, so that none is in the cache when its turn comes.
const PLACES: u32 = 8;

/// Frames to write, and the columns for them.
fn frames() -> (Rig, Vec<Lease>, Arc<FrameSchema>) {
    let mut rig = Rig::new(FRAME, PLACES + 2, 0, false, false).unwrap();
    let leases: Vec<Lease> = (0..PLACES)
        .map(|_| {
            rig.frame();
            rig.take().unwrap()
        })
        .collect();
    let schema = SchemaPlan::new(*leases[0].layout()).exposure(Duration::from_millis(10)).build().unwrap();
    (rig, leases, Arc::new(schema))
}

/// One frame as a batch, and the batch dropped.
fn batch(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch of one frame");
    let (_rig, leases, schema) = frames();
    let lease = &leases[0];
    group.bench_function("yardstick: lease clone + drop", |b| {
        b.iter(|| drop(black_box(black_box(lease).clone())))
    });
    group.bench_function("yardstick: Bytes::from_owner(lease) + drop", |b| {
        b.iter(|| drop(black_box(bytes::Bytes::from_owner(black_box(lease).clone()))));
    });
    group.bench_function("to_record_batch + drop", |b| {
        b.iter(|| drop(black_box(schema.to_record_batch(black_box(lease)).unwrap())));
    });
    group.finish();
}

/// What is done with a file: so many frames written, and all of it where it shall stay.
type Way = fn(&Path, &[Lease], &Arc<FrameSchema>, usize);

fn turns(leases: &[Lease], frames: usize) -> impl Iterator<Item = &Lease> {
    leases.iter().cycle().take(frames)
}

fn plain(path: &Path, leases: &[Lease], _: &Arc<FrameSchema>, frames: usize) {
    let mut file = File::create_new(path).unwrap();
    turns(leases, frames).for_each(|lease| file.write_all(lease.slot_bytes()).unwrap());
    file.sync_data().unwrap();
}

fn behind(path: &Path, leases: &[Lease], _: &Arc<FrameSchema>, frames: usize) {
    let mut file = File::create_new(path).unwrap();
    for (lease, at) in turns(leases, frames).zip(0..) {
        file.write_all(lease.slot_bytes()).unwrap();
        write_behind(&file, at, FRAME as u64).unwrap();
    }
    file.sync_data().unwrap();
}

fn ipc_stream(path: &Path, leases: &[Lease], schema: &Arc<FrameSchema>, frames: usize) {
    let file = File::create_new(path).unwrap();
    let writer = FrameWriter::stream(file, Arc::clone(schema), WriterOptions::default()).unwrap();
    ipc(writer, leases, frames);
}

fn ipc_file(path: &Path, leases: &[Lease], schema: &Arc<FrameSchema>, frames: usize) {
    ipc(FrameWriter::file(path, Arc::clone(schema), WriterOptions::default()).unwrap(), leases, frames);
}

fn ipc(mut writer: FrameWriter, leases: &[Lease], frames: usize) {
    turns(leases, frames).for_each(|lease| writer.write(lease).unwrap());
    assert_eq!(writer.finish().unwrap().frames, frames as u64);
}

fn recordings(c: &mut Criterion, name: &str, folder: &Path, frames: usize, ways: &[(&str, Way)]) {
    let mut group = c.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(12)
        .throughput(Throughput::Bytes((frames * FRAME) as u64));
    let (_rig, leases, schema) = frames_warm();
    let path = folder.join(format!("pvcam-bench-{}.arrow", std::process::id()));
    for (way, write) in ways {
        group.bench_function(*way, |b| {
            b.iter_custom(|times| {
                let once = |_| {
                    let start = Instant::now();
                    write(&path, &leases, &schema, frames);
                    let took = start.elapsed();
                    remove_file(&path).unwrap();
                    took
                };
                (0..times).map(once).sum()
            });
        });
    }
    group.finish();
}

/// The same frames, read once, so that their pages are there.
fn frames_warm() -> (Rig, Vec<Lease>, Arc<FrameSchema>) {
    let all = frames();
    all.1.iter().for_each(|lease| assert!(black_box(lease.slot_bytes()).iter().all(|byte| *byte == 0)));
    all
}

fn memory(c: &mut Criterion) {
    let folder = PathBuf::from("/dev/shm");
    if folder.is_dir() {
        let ways: [(&str, Way); 3] =
            [("yardstick: write", plain), ("IPC stream", ipc_stream), ("IPC file", ipc_file)];
        recordings(c, "to memory, 64 MiB", &folder, 8, &ways);
    }
}

fn disk(c: &mut Criterion) {
    let ways: [(&str, Way); 3] =
        [("plain write", plain), ("yardstick: write, sync_file_range", behind), ("IPC file", ipc_file)];
    recordings(c, "to disk, 256 MiB", Path::new(env!("CARGO_TARGET_TMPDIR")), 32, &ways);
}

criterion_group!(benches, batch, memory, disk);
criterion_main!(benches);
