//! A camera that is recorded, and a reader of what was recorded.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{UInt16Type, UInt64Type};
use arrow_ipc::reader::{FileReader, StreamReader};
use frame_arrow::{FrameSchema, FrameWriter, Recorder, WriterOptions};
use frame_bus::{Policy, Request};
use frame_pool::Layout;
use pvcam_tests::{BusRig, Ring, scene_of, schema_plan, source};

/// What a recorder may take for its end: far more than it needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A camera on the stepped clock that shows the counter scene, and the columns for its frames.
pub(crate) struct World {
    pub(crate) rig: BusRig,
    pub(crate) schema: Arc<FrameSchema>,
}

impl World {
    pub(crate) fn new(ring: &Ring, lines: &str) -> Self {
        let rig = BusRig::start_with(ring, &format!("scene = \"counter\"\n{lines}"), |plan| plan);
        let schema =
            schema_plan(rig.session.settings(), rig.session.regions(), "SIM-1").build().expect("columns");
        Self { rig, schema: Arc::new(schema) }
    }

    pub(crate) fn layout(&self) -> Layout {
        self.rig.session.settings().layout
    }

    pub(crate) fn file(&self, path: &Path) -> FrameWriter {
        FrameWriter::file(path, Arc::clone(&self.schema), WriterOptions::default()).expect("a new file")
    }

    /// Records what comes from now on.
    pub(crate) fn record(&self, writer: FrameWriter) -> Recorder {
        let request = Request::new("recorder", Policy::Every { depth: 6 });
        let subscriber = self.rig.bus.subscribe(&request).expect("room for a recorder");
        Recorder::start(writer, source(subscriber)).expect("a thread")
    }

    /// Exposes frames, and waits after each until the recorder, which has been there from the start, has written it or has given up.
    pub(crate) fn step(&self, recorder: &Recorder, frames: u64) {
        for _ in 0..frames {
            self.rig.step(1);
            let begun = std::time::Instant::now();
            while recorder.frames() < self.rig.bus.books().published && !recorder.has_stopped() {
                assert!(begun.elapsed() < PATIENCE, "the recorder does not write");
                std::thread::yield_now();
            }
        }
    }
}

/// All batches of a file, which must be whole.
pub(crate) fn read_file(path: &Path) -> Vec<RecordBatch> {
    let reader = FileReader::try_new(File::open(path).expect("it is there"), None).expect("an IPC file");
    reader.collect::<Result<_, _>>().expect("whole batches")
}

/// A file's notes.
pub(crate) fn note(path: &Path, key: &str) -> Option<String> {
    let reader = FileReader::try_new(File::open(path).expect("it is there"), None).expect("an IPC file");
    reader.custom_metadata().get(key).cloned()
}

/// The batches of a stream up to its end, and whether that is an end mark or a breaking off.
pub(crate) fn read_stream(bytes: impl std::io::Read) -> (Vec<RecordBatch>, bool) {
    let reader = StreamReader::try_new(bytes, None).expect("a schema");
    let mut batches = Vec::new();
    for batch in reader {
        match batch {
            Ok(batch) => batches.push(batch),
            Err(_) => return (batches, false),
        }
    }
    (batches, true)
}

pub(crate) fn number(batch: &RecordBatch, column: &str) -> u64 {
    batch.column_by_name(column).expect("a column").as_primitive::<UInt64Type>().value(0)
}

pub(crate) fn is_torn(batch: &RecordBatch) -> bool {
    batch.column_by_name("torn").expect("the mark").as_boolean().value(0)
}

/// Whether the pixels are those of the camera's frame whose number stands beside them.
pub(crate) fn is_whole(batch: &RecordBatch, layout: &Layout) -> bool {
    let values = batch.column(0).as_fixed_size_list().value(0);
    let pixels = values.as_primitive::<UInt16Type>();
    assert_eq!(pixels.len(), layout.rows as usize * layout.columns as usize);
    pixels.values()[..] == scene_of(number(batch, "camera_number"), layout)
}

/// Frames 1, 2, 3 ... up to some number, all whole; says how many.
pub(crate) fn assert_prefix(batches: &[RecordBatch], layout: &Layout) -> u64 {
    for (batch, expected) in batches.iter().zip(1..) {
        assert_eq!(number(batch, "number"), expected);
        assert!(is_whole(batch, layout) && !is_torn(batch), "frame {expected}");
    }
    batches.len() as u64
}
