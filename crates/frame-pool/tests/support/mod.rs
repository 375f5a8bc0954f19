//! A camera made of a few lines: writes frames into the ring the way an SDK does, and honours locks (or not).

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_types,
    reason = "test support: each file uses its own part, and a failed step is a failed test"
)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use frame_pool::{
    Element, Evidence, Layout, Lease, Pool, PublishError, Record, RegionPlan, Sink, Stream, StreamMode,
    StreamPlan, Tag, Unlock,
};

/// Collects leases.
#[derive(Default)]
pub struct Tray {
    pub leases: Mutex<VecDeque<Lease>>,
    pub received: AtomicU64,
    pub closed: AtomicU64,
}

impl frame_pool::sealed::OfThisFamily for Tray {}
impl Sink for Tray {
    fn deliver(&self, lease: Lease) {
        self.leases.lock().unwrap().push_back(lease);
        self.received.fetch_add(1, Ordering::SeqCst);
    }
    fn close(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Tray {
    pub fn take(&self) -> Option<Lease> {
        self.leases.lock().unwrap().pop_front()
    }
    pub fn len(&self) -> usize {
        self.leases.lock().unwrap().len()
    }
}

/// Counts unlocks; slots written minus slots unlocked is what the "SDK" still counts as occupied.
#[derive(Default)]
pub struct Locks(pub AtomicU64);
impl Unlock for Locks {
    fn unlock_oldest(&self) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        true
    }
}

pub const TAG_AT: u32 = 5;

pub struct Rig {
    pub pool: Pool,
    pub tray: Arc<Tray>,
    pub locks: Arc<Locks>,
    pub stream: Arc<Stream>,
    pub written: u64,
}

impl Rig {
    pub fn new(mode: StreamMode, block_bytes: usize, blocks: u32, reserve: u32) -> Self {
        let pool = Pool::new(RegionPlan::new(block_bytes, blocks, reserve), 1 << 30).unwrap();
        let (tray, locks) = (Arc::new(Tray::default()), Arc::new(Locks::default()));
        let stream = open(&pool, mode, &tray, &locks, 1).unwrap();
        Self { pool, tray, locks, stream, written: 0 }
    }

    pub fn blocks(&self) -> u64 {
        u64::from(self.pool.plan().blocks)
    }

    /// Whether a camera that honours locks has a slot to write to.
    pub fn has_room(&self) -> bool {
        self.written - self.locks.0.load(Ordering::SeqCst) < self.blocks()
    }

    /// Writes the next frame into the ring as the SDK would and returns its block and record.
    pub fn write(&mut self) -> (u32, Record) {
        let block = (self.written % self.blocks()) as u32;
        self.written += 1;
        fill_block(&self.pool, block, self.written);
        (block, record(&self.pool, self.written))
    }

    /// Publishes in place.
    pub fn publish(&self, block: u32, record: Record) -> Result<(), PublishError> {
        // SAFETY: the test's one producing thread; its camera honours locks (`has_room`), or the test shows what is refused.
        unsafe { self.stream.publish(block, &record) }
    }

    /// Queues a copy.
    pub fn copy(&self, block: u32, record: Record) {
        // SAFETY: the test's one producing thread.
        unsafe { self.stream.copy(block, record) }
    }

    /// Skips blocks that were written but not announced.
    pub fn vacant(&self, count: u32) {
        // SAFETY: the test's one producing thread, which wrote them.
        unsafe { self.stream.vacant(count) }
    }

    /// Waits until every copy that was asked for is delivered or lost. A copy counts as delivered a moment before it is there.
    pub fn settle(&self) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let books = self.stream.books();
            if books.in_flight == 0 && self.tray.received.load(Ordering::SeqCst) == books.delivered {
                return;
            }
            assert!(std::time::Instant::now() < until, "the copier does not finish: {books}");
            std::thread::yield_now();
        }
    }

    /// Writes, publishes in place, retires: one callback. False if a lock-honouring camera had no room.
    pub fn frame(&mut self) -> bool {
        if !self.has_room() {
            return false;
        }
        let (block, record) = self.write();
        self.publish(block, record).unwrap();
        self.stream.retire_when_due();
        true
    }
}

pub fn open(
    pool: &Pool,
    mode: StreamMode,
    tray: &Arc<Tray>,
    locks: &Arc<Locks>,
    epoch: u32,
) -> Result<Arc<Stream>, frame_pool::StreamError> {
    let unlock: Option<Arc<dyn Unlock>> =
        (mode == StreamMode::Locked).then(|| Arc::clone(locks) as Arc<dyn Unlock>);
    pool.open_stream(StreamPlan { mode, sink: Arc::clone(tray) as Arc<dyn Sink>, unlock, epoch })
}

pub fn record(pool: &Pool, number: u64) -> Record {
    let columns = pool.plan().block_bytes as u32 / 2 - 8;
    let layout = Layout::mono(Element::U16, 16, 1, columns).at_offset(16);
    let mut record = Record::new(number, layout, Evidence::Locked);
    record.tag = Some(Tag { offset: TAG_AT, expected: number as u32 });
    record
}

/// What byte `i` of frame `number` is.
pub fn byte(number: u64, i: usize) -> u8 {
    (number.wrapping_mul(31).wrapping_add(i as u64).wrapping_mul(0x9E37_79B9) >> 11) as u8
}

pub fn fill_block(pool: &Pool, block: u32, number: u64) {
    let bytes = pool.plan().block_bytes;
    let start = pool.ring().ptr.as_ptr().wrapping_add(block as usize * bytes);
    for i in 0..bytes {
        // SAFETY: the block lies inside the ring's map; this code plays the SDK, the only writer of that map.
        unsafe { start.wrapping_add(i).write_volatile(byte(number, i)) };
    }
    for (i, b) in (number as u32).to_le_bytes().into_iter().enumerate() {
        // SAFETY: as above.
        unsafe { start.wrapping_add(TAG_AT as usize + i).write_volatile(b) };
    }
}

/// Panics if the lease does not show exactly its own frame.
pub fn check(lease: &Lease) {
    let number = lease.record().number;
    for (i, &b) in lease.slot_bytes().iter().enumerate() {
        let at = i.wrapping_sub(TAG_AT as usize);
        let expected = if at < 4 { (number as u32).to_le_bytes()[at] } else { byte(number, i) };
        assert_eq!(b, expected, "byte {i} of frame {number}");
    }
    lease.verify().unwrap();
}
