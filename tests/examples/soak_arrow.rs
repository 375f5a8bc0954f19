//! Batches made, written, exported and dropped without an end: at least 100,000 (in a minute), and no memory that grows.
//!
//! Each frame of a camera whose frames lie in place becomes a batch, an IPC message into a sink that keeps nothing, and a foreign array
//! through the C Data Interface and back. Looked at twice a second: anonymous memory (`RssAnon`), whose slope by least squares over the
//! batches must stay below 16 bytes a batch; blocks of the memory files and maps of the process. In the last quarter of the
//! time a control keeps a page for each batch, and must be found out.
#![expect(clippy::expect_used, reason = "a helper of a soak that fails is a failed soak")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::UInt16Type;
use frame_arrow::{BatchReader, FrameSchema, FrameWriter, Next, WriterOptions};
use frame_pool::Lease;
use pvcam_tests::{Rig, Ring, SOON, Sample, growth, next, schema_plan, soak_main};

/// What the control keeps of each batch.
const LEAK: usize = 4096;
const SAMPLING: Duration = Duration::from_millis(500);
/// Fewest samples of a phase.
const SAMPLES: usize = 4;
/// Batches made of each frame: the simulator is slower than Arrow.
const EACH: u64 = 16;
/// Batches in a second, at least: 100,000 in a minute.
const RATE: u64 = 100_000 / 60;

/// What is done with each frame.
struct Worker {
    schema: Arc<FrameSchema>,
    writer: FrameWriter,
    batches: u64,
}

impl Worker {
    fn frame(&mut self, lease: &Lease, leak: Option<&mut Vec<Vec<u8>>>) {
        let lent = lease.bytes().expect("the layout fits").as_ptr();
        for _ in 0..EACH - 2 {
            assert_eq!(address(&self.schema.to_record_batch(lease).expect("a batch")), lent);
        }
        self.writer.write(lease).expect("nothing fills up");
        assert_eq!(address(&self.exported(lease)), lent, "it was copied on its way");
        self.batches += EACH;
        leak.into_iter().for_each(|leak| leak.push(vec![1; LEAK]));
        assert_eq!(lease.holders(), 1, "somebody still holds the frame");
    }

    /// Out through the C Data Interface and in again.
    fn exported(&self, lease: &Lease) -> RecordBatch {
        let mut once = Some(lease.clone());
        let source = move |_: Duration| match once.take() {
            Some(lease) => Next::Frame(lease),
            None => Next::Ended("one".to_owned()),
        };
        let stream: FFI_ArrowArrayStream =
            BatchReader::new(Arc::clone(&self.schema), source, SOON).into_c_stream();
        let mut reader = RecordBatchStreamReader::try_new(stream).expect("a stream");
        reader.next().expect("one batch").expect("a batch")
    }
}

fn address(batch: &RecordBatch) -> *const u8 {
    batch.column(0).as_fixed_size_list().values().as_primitive::<UInt16Type>().values().as_ptr().cast()
}

fn soak(time: Duration) -> Result<(), String> {
    let ring = Ring::all().remove(0);
    let rig: Rig = ring.rig("scene = \"stamp\"");
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera);
    let armed = camera.arm(plan).expect("the plan is good");
    let schema = Arc::new(schema_plan(armed.settings(), armed.regions(), "SIM-1").build().expect("columns"));
    let writer = FrameWriter::stream(std::io::sink(), Arc::clone(&schema), WriterOptions::default());
    let mut worker = Worker { schema, writer: writer.expect("a stream"), batches: 0 };
    let (session, frames) = armed.start().expect("it starts");
    let begun = Instant::now();
    let mut phase = |until: Instant, mut leak: Option<&mut Vec<Vec<u8>>>| {
        let mut samples = vec![Sample::now(worker.batches)];
        let mut due = Instant::now() + SAMPLING;
        while Instant::now() < until || samples.len() < SAMPLES {
            rig.step(0, 1);
            worker.frame(&next(&frames), leak.as_deref_mut());
            if Instant::now() >= due {
                samples.push(Sample::now(worker.batches));
                due += SAMPLING;
            }
        }
        samples
    };
    let _warm_up = phase(begun + time / 4, None);
    let grown = growth(&phase(begun + time * 3 / 4, None));
    let mut leak = Vec::new();
    let found = growth(&phase(begun + time, Some(&mut leak)));
    println!("the control, which leaks: {found:?}");
    let written = worker.writer.finish().map_err(|why| why.to_string())?;
    let books = session.stop().expect("it stops").books;
    println!("{} batches; {written}; {books}", worker.batches);
    let enough = worker.batches >= RATE * time.as_secs() / 4;
    if !grown.is_empty() || books.copied_bytes > 0 || !books.balanced() || !enough {
        return Err(format!("{grown:?}, {} batches, {books}", worker.batches));
    }
    if found.is_empty() { Err("the control was not found out".to_owned()) } else { Ok(()) }
}

fn main() -> ExitCode {
    soak_main("soak_arrow", soak)
}
