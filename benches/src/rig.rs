//! A pool whose frames are published by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use frame_pool::{
    Element, Evidence, HugePages, Layout, Lease, Pool, PoolError, Record, RegionPlan, Sink, Stream,
    StreamMode, StreamPlan, Tag, Unlock,
};

/// Takes leases and keeps them until asked. A lock is fine here: the bench's one thread delivers and takes.
#[derive(Default)]
pub struct Shelf(Mutex<Vec<Lease>>);

impl frame_pool::sealed::OfThisFamily for Shelf {}

impl Sink for Shelf {
    fn deliver(&self, lease: Lease) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lease);
    }
    fn close(&self) {}
}

/// Counts unlocks as an SDK would.
#[derive(Default)]
struct Locks(AtomicU64);

impl Unlock for Locks {
    fn unlock_oldest(&self) -> bool {
        self.unlock_run(1) == 0
    }

    fn unlock_run(&self, slots: u32) -> u32 {
        // One call at a time, by contract: a plain step, so that the bench times the pool and not the rig.
        self.0.store(self.0.load(Ordering::Relaxed) + u64::from(slots), Ordering::Relaxed);
        0
    }
}

/// A sink that lets every frame go at once: publish and last drop in one call.
struct Bin;

impl frame_pool::sealed::OfThisFamily for Bin {}

impl Sink for Bin {
    fn deliver(&self, lease: Lease) {
        drop(lease);
    }
    fn close(&self) {}
}

/// A locked ring, its stream, and a record to publish.
pub struct Rig {
    /// The pool.
    pub pool: Pool,
    /// The producing side.
    pub stream: Arc<Stream>,
    shelf: Arc<Shelf>,
    record: Record,
    frames: u64,
}

impl Rig {
    /// A ring of `blocks` blocks of `bytes` bytes and `reserve` spare ones; frames go to a shelf, or (`drop_at_once`) nowhere.
    ///
    /// # Errors
    /// If the memory cannot be had.
    pub fn new(
        bytes: usize,
        blocks: u32,
        reserve: u32,
        huge: bool,
        drop_at_once: bool,
    ) -> Result<Self, PoolError> {
        let shelf = Arc::new(Shelf::default());
        let sink: Arc<dyn Sink> = if drop_at_once { Arc::new(Bin) } else { Arc::<Shelf>::clone(&shelf) };
        Self::make(bytes, blocks, reserve, huge, sink).map(|rig| Self { shelf, ..rig })
    }

    /// A ring of `blocks` blocks of `bytes` bytes whose frames go to `sink`.
    ///
    /// # Errors
    /// If the memory cannot be had.
    pub fn with_sink(bytes: usize, blocks: u32, sink: Arc<dyn Sink>) -> Result<Self, PoolError> {
        Self::make(bytes, blocks, 0, false, sink)
    }

    fn make(
        bytes: usize,
        blocks: u32,
        reserve: u32,
        huge: bool,
        sink: Arc<dyn Sink>,
    ) -> Result<Self, PoolError> {
        let mut plan = RegionPlan::new(bytes, blocks, reserve);
        plan.huge_pages = if huge { HugePages::Try { budget_ms: 2000 } } else { HugePages::No };
        let pool = Pool::new(plan, 4 << 30)?;
        let unlock: Option<Arc<dyn Unlock>> = Some(Arc::new(Locks::default()));
        let opened = pool.open_stream(StreamPlan { mode: StreamMode::Locked, sink, unlock, epoch: 1 });
        let Ok(stream) = opened else { unreachable!("a fresh pool has no stream and no leases") };
        let columns = u32::try_from(bytes / 2).unwrap_or(1);
        let mut record = Record::new(1, Layout::mono(Element::U16, 16, 1, columns), Evidence::Locked);
        record.epoch = 1;
        Ok(Self { pool, stream, shelf: Arc::default(), record, frames: 0 })
    }

    /// One end of frame: publish and retire, as the callback does.
    pub fn frame(&mut self) {
        let block = self.stream.next_block();
        self.frames += 1;
        let (number, like) = (self.frames, &self.record);
        // SAFETY: one thread; the bench gives slots back in time, and nothing writes the blocks at all.
        let published = unsafe {
            self.stream.publish_with(block, |record| {
                if record.epoch != like.epoch {
                    *record = *like;
                }
                // What differs from frame to frame, as the driver's callback has it.
                (record.number, record.camera_number, record.arrived_ns) = (number, Some(number), number);
                (record.eof_100us, record.bof_100us, record.readout_100us) =
                    (like.eof_100us, like.bof_100us, 0);
                (record.lost_before, record.layout.offset) = (0, like.layout.offset);
                // A tag is 32 bits wide.
                record.tag = Some(Tag { offset: 5, expected: number as u32 });
            })
        };
        debug_assert!(published.is_ok(), "the bench gives slots back in time");
        self.stream.retire_when_due();
    }

    /// Takes the newest frame from the shelf.
    pub fn take(&self) -> Option<Lease> {
        self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
