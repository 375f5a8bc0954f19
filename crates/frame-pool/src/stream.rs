//! One run of the camera: what the callback calls, and the books it fills.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use crate::books::{Books, Counters, Entry, LossCause, LossEvent};
use crate::copy;
use crate::keeper::{Memory, Rescue};
use crate::lease::Lease;
use crate::record::{Evidence, Record, monotonic_ns};
use crate::region::Region;
use crate::ring::PublishError;
use crate::shared::{Owner, Shared};
use crate::sink::{Sink, Unlock};
use crate::slot::IN_RESERVE;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Loss events kept for the reader until they are taken.
const LOG_DEPTH: usize = 1024;

/// How the frames of a stream reach their readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamMode {
    /// A sequence: each block is written once and never again. In place.
    Frozen,
    /// A ring that honours locks: in place, unlocked in ring order after the last reader.
    Locked,
    /// A ring that overwrites, or is not known: one validated copy into the reserve.
    Copied,
}

/// What happens when the ring is full, its oldest frame is held, and the keeper can move nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Pressure {
    /// Frames are lost at the camera until a reader lets go; they are counted.
    #[default]
    Lose,
    /// The stream ends: its sink is closed, what was delivered stays.
    Stop,
}

/// What a stream is opened with.
pub struct StreamPlan {
    /// How frames reach readers.
    pub mode: StreamMode,
    /// Where leases go.
    pub sink: Arc<dyn Sink>,
    /// How a slot goes back to the SDK; needed for [`StreamMode::Locked`].
    pub unlock: Option<Arc<dyn Unlock>>,
    /// Number of this start; rises by one with each.
    pub epoch: u32,
}

/// A frame waiting to be copied.
#[derive(Debug)]
struct Job {
    block: u32,
    record: Record,
    /// The ring block is held for this job and must be released after it.
    held: bool,
}

/// The producing side of one run.
///
/// `publish`, `vacant`, `copy`, `lost`, `next_block` and `ring_was_full` belong to one thread at a time, the one on which
/// the SDK announces frames; a violation is not unsound (all state is atomic), but books and order would be wrong.
/// None of them allocates, locks, logs or panics.
pub struct Stream {
    pool: Owner,
    mode: StreamMode,
    epoch: u32,
    distrusted: AtomicU32,
    sink: Arc<dyn Sink>,
    unlock: Option<Arc<dyn Unlock>>,
    jobs: ArrayQueue<Job>,
    /// How many frames of a ring may wait to be copied.
    depth: usize,
    counters: Counters,
    newest: AtomicU64,
    was_full: AtomicU32,
    /// Whether the keeper can move frames of this stream.
    rescues: bool,
    /// The keeper works while fewer ring blocks than this are free.
    keep_free: AtomicU32,
    /// Set: end under pressure, instead of losing frames.
    stop_under_pressure: AtomicU32,
    ended: AtomicU32,
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stream").field("mode", &self.mode).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(pool: Owner, plan: StreamPlan) -> Self {
        let blocks = pool.ring.blocks();
        let rescues =
            plan.mode == StreamMode::Locked && pool.region.as_ref().is_some_and(Memory::can_repoint);
        Self {
            rescues,
            keep_free: AtomicU32::new(2),
            stop_under_pressure: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            pool,
            mode: plan.mode,
            epoch: plan.epoch,
            distrusted: AtomicU32::new(0),
            sink: plan.sink,
            unlock: plan.unlock,
            jobs: ArrayQueue::new(blocks.max(1) as usize),
            // A copy queue as deep as the ring would hand out slots that are being written again.
            depth: blocks.saturating_sub(2).max(1) as usize,
            counters: Counters::new(LOG_DEPTH),
            newest: AtomicU64::new(0),
            was_full: AtomicU32::new(0),
        }
    }

    /// How frames reach their readers now: a locked ring that lost its trust answers [`StreamMode::Copied`].
    #[must_use]
    pub fn mode(&self) -> StreamMode {
        if self.distrusted.load(Ordering::Relaxed) != 0 { StreamMode::Copied } else { self.mode }
    }

    /// How many free ring blocks the keeper defends: it begins to rescue when fewer are free. 2 unless set; at most half the
    /// ring, 0 switches rescues off. A rescue takes one copy of a frame and a few system calls: allow for the frames
    /// that arrive meanwhile.
    pub fn set_keep_free(&self, blocks: u32) {
        self.keep_free.store(blocks.min(self.pool.ring.blocks() / 2), Ordering::Relaxed);
    }

    /// What happens when nothing can be rescued any more.
    pub fn set_pressure(&self, pressure: Pressure) {
        self.stop_under_pressure.store(u32::from(pressure == Pressure::Stop), Ordering::Relaxed);
    }

    /// Whether the stream ended by itself: under pressure ([`Pressure::Stop`]), or because the system refused to map.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) != 0
    }

    /// Whether the keeper moves frames that are held too long.
    #[must_use]
    pub fn rescues(&self) -> bool {
        self.rescues && self.keep_free.load(Ordering::Relaxed) > 0
    }

    /// Number of this start.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Locked ring: the block in which the next written frame lies.
    #[must_use]
    pub fn next_block(&self) -> u32 {
        self.pool.ring.next_block()
    }

    /// Whether all blocks were occupied at some time since the last call.
    #[must_use]
    pub fn ring_was_full(&self) -> bool {
        self.was_full.swap(0, Ordering::Relaxed) != 0
    }

    /// Copies `out.len()` bytes out of the SDK's slot, `offset` bytes into block `block`, by volatile reads. Bytes past
    /// the block read as 0. The device may write them meanwhile: the answer is evidence, not a picture.
    pub fn read_raw(&self, block: u32, offset: usize, out: &mut [u8]) {
        out.fill(0);
        let Some(region) = &self.pool.region else { return };
        let room = region.plan().block_bytes.saturating_sub(offset);
        let n = out.len().min(room);
        if block < region.plan().blocks {
            // SAFETY: block and offset + n lie inside the ring's map (checked), which lives as long as the pool.
            unsafe { copy::read_raw(region.ring_block(block).add(offset), &mut out[..n]) };
        }
    }

    /// Publishes block `block` in place: the frame goes to the sink as a lease on the very bytes the camera wrote.
    ///
    /// # Errors
    /// [`PublishError::NotFree`] if the SDK wrote a block that is still held, [`PublishError::OutOfOrder`] if the block is
    /// not the next one of a locked ring. Nothing is counted then: the caller decides what became of the frame.
    pub fn publish(&self, block: u32, record: Record) -> Result<(), PublishError> {
        let shared: &Shared = &self.pool;
        let slot = match self.mode {
            StreamMode::Locked => shared.ring.next_free(&shared.slots, block)?,
            StreamMode::Frozen | StreamMode::Copied => shared.ring.free_slot(&shared.slots, block)?,
        };
        // SAFETY: the count was seen at 0 with acquire ordering, and the callback thread is the one publisher of ring slots.
        unsafe { shared.fill(slot, &record, 0) };
        if self.mode == StreamMode::Locked {
            shared.retain_at_head();
            self.wrote_head();
        } else {
            shared.retain();
        }
        self.counters.arrived(Entry::Delivered, number_of(&record));
        // SAFETY: `fill` made one count, handed over here.
        self.sink.deliver(unsafe { Lease::adopt(slot) });
        Ok(())
    }

    /// Locked ring: the next `count` blocks were written but never announced. They have no reader and want an unlock.
    pub fn vacant(&self, count: u32) {
        for _ in 0..count {
            self.pool.skip_head();
        }
        self.wrote_head();
    }

    /// Queues block `block` for a copy into the reserve; the service thread validates and delivers it.
    ///
    /// A record with [`Evidence::Frozen`] says that the block is not written again (a sequence's): then it waits as long as it
    /// must. Any other is lost if too many wait for it to be copied in time.
    pub fn copy(&self, block: u32, record: Record) {
        let shared: &Shared = &self.pool;
        self.newest.fetch_max(record.number, Ordering::Release);
        let mut held = false;
        if self.mode == StreamMode::Locked
            && let Ok(slot) = shared.ring.next_free(&shared.slots, block)
        {
            // SAFETY: as in `publish`. The count is the job's, released after the copy.
            unsafe { shared.fill(slot, &record, 0) };
            shared.retain_at_head();
            self.wrote_head();
            held = true;
        }
        let job = Job { block, record, held };
        let room = record.evidence == Evidence::Frozen || self.jobs.len() < self.depth;
        match if room { self.jobs.push(job) } else { Err(job) } {
            Ok(()) => {
                self.counters.arrived(Entry::Submitted, number_of(&record));
                shared.bell.ring();
            }
            Err(job) => {
                self.let_go(&job);
                self.lost(LossCause::CopierQueue, number_of(&record), 1);
            }
        }
    }

    /// Enters a loss: `count` frames from `first` on, in the camera's numbering where it sends one.
    pub fn lost(&self, cause: LossCause, first: u64, count: u64) {
        if count > 0 {
            self.counters.lost(LossEvent { cause, first, count });
        }
    }

    /// Gives vacant slots back to the SDK, in ring order, as soon as an eighth of the ring is occupied. Call it once at the end of
    /// each callback: unlocking in batches halves the cost of a frame, and no camera misses the slots.
    pub fn retire_when_due(&self) {
        if self.pool.ring.occupied() * 8 >= u64::from(self.pool.ring.blocks()) {
            self.retire();
        }
    }

    /// Gives all vacant slots back to the SDK now, in ring order. Any thread may call it.
    pub fn retire(&self) {
        if let (StreamMode::Locked, Some(unlock)) = (self.mode, &self.unlock) {
            let done = self.pool.retire(&**unlock);
            self.counters.unlocks(done.unlocked, done.refused);
        }
    }

    /// Evidence disagreed: from now on frames of this locked ring are to be copied, not lent in place.
    pub fn distrust(&self) {
        self.distrusted.store(1, Ordering::Relaxed);
    }

    /// Wakes the service thread, so that it retires what is vacant. A waiting reader calls it on its deadline.
    pub fn nudge(&self) {
        self.pool.bell.ring();
    }

    /// Where every frame went, up to now.
    #[must_use]
    pub fn books(&self) -> Books {
        self.counters.snapshot()
    }

    /// Takes the oldest loss noted and not taken yet. The log holds 1024; what does not fit is counted in the books.
    #[must_use]
    pub fn next_loss(&self) -> Option<LossEvent> {
        self.counters.next_loss()
    }

    /// Does what waits: copies, then retires. Called by the service thread, and once at the end by the closer.
    pub(crate) fn service_pass(&self) {
        loop {
            while let Some(job) = self.jobs.pop() {
                self.run(&job);
                self.let_go(&job);
            }
            self.retire();
            self.keep();
            if self.jobs.is_empty() {
                return;
            }
        }
    }

    pub(crate) fn close_sink(&self) {
        self.sink.close();
    }

    /// Looks how full the ring is after the head moved.
    fn wrote_head(&self) {
        let ring = &self.pool.ring;
        let (occupied, blocks) = (ring.occupied(), u64::from(ring.blocks()));
        if occupied >= blocks {
            self.was_full.store(1, Ordering::Relaxed);
        }
        if self.rescues && occupied + u64::from(self.keep_free.load(Ordering::Relaxed)) > blocks {
            self.pool.bell.ring();
        }
    }

    /// Moves frames that are held too long out of the ring, oldest first, until enough blocks are free.
    fn keep(&self) {
        let Some(region) = self.pool.region.as_ref().filter(|_| self.rescues()) else { return };
        let (ring, blocks) = (&self.pool.ring, u64::from(self.pool.ring.blocks()));
        // Bounded: a vacant block whose unlock is another thread's ticket may be met again.
        for _ in 0..2 * blocks {
            if ring.occupied() + u64::from(self.keep_free.load(Ordering::Relaxed)) <= blocks {
                return;
            }
            if !self.rescue_one(region) {
                return;
            }
        }
    }

    /// Rescues the oldest frame of the ring, or retires what is vacant there. False if nothing more can be done.
    fn rescue_one(&self, region: &Region) -> bool {
        let Some(block) = self.pool.ring.oldest_block() else { return false };
        match self.pool.rescue(region, block) {
            Rescue::Done { since_ns } => {
                let held = monotonic_ns().saturating_sub(since_ns);
                self.counters.rescued(region.plan().block_bytes as u64, held);
            }
            Rescue::AlreadyVacant => {}
            Rescue::Impossible => return false,
            Rescue::NoReserve | Rescue::Pinned => {
                self.short_of_room();
                return false;
            }
            Rescue::Failed => {
                self.end();
                return false;
            }
        }
        self.retire();
        true
    }

    /// Rescues the oldest frame now, on this thread, for benches and tests that time or place a rescue. Only while the service
    /// thread has nothing to do (`set_keep_free(0)`): there is one keeper at a time.
    #[doc(hidden)]
    pub fn rescue_oldest(&self) {
        if let Some(region) = self.pool.region.as_ref().filter(|_| self.rescues) {
            self.rescue_one(region);
        }
    }

    fn short_of_room(&self) {
        self.counters.rescue_refused();
        let full = self.pool.ring.occupied() >= u64::from(self.pool.ring.blocks());
        if full && self.stop_under_pressure.load(Ordering::Relaxed) != 0 {
            self.end();
        }
    }

    fn end(&self) {
        self.ended.store(1, Ordering::Release);
        self.sink.close();
    }

    /// Ends a job's hold on its ring block.
    fn let_go(&self, job: &Job) {
        if !job.held {
            return;
        }
        if let Some(slot) = self.pool.ring.window_of(job.block).and_then(|w| self.pool.slots.get(w as usize))
        {
            // SAFETY: `copy` filled this slot with one count for the job; it is given up once, here.
            unsafe { Shared::release_slot(slot) };
        }
    }

    fn run(&self, job: &Job) {
        let number = number_of(&job.record);
        let shared: &Shared = &self.pool;
        let Some(region) = &shared.region else { return };
        let Some(index) = shared.free.take() else {
            return self.counters.copy_lost(LossEvent { cause: LossCause::Reserve, first: number, count: 1 });
        };
        let slot = shared.window_at(index);
        let target = slot.map_or(core::ptr::null_mut(), |s| region.reserve_target(index, s.address()));
        let evidence = if target.is_null() { None } else { self.copy_block(job, region, target) };
        match (evidence, slot) {
            (Some(evidence), Some(slot)) => {
                let record = Record { evidence, ..job.record };
                // SAFETY: the window was taken from the free set, so its count is 0 and this thread is its one publisher; taking
                // acquired what the last holder released.
                unsafe { shared.fill(slot, &record, IN_RESERVE) };
                shared.retain();
                self.counters.copied(region.plan().block_bytes as u64);
                // SAFETY: `fill` made one count, handed over here.
                self.sink.deliver(unsafe { Lease::adopt(slot) });
            }
            _ => {
                shared.free.give(index);
                self.counters.copy_lost(LossEvent { cause: LossCause::Torn, first: number, count: 1 });
            }
        }
    }

    /// Copies a ring block and says by what the copy is held to be whole; `None` if it is not.
    fn copy_block(&self, job: &Job, region: &Region, target: *mut u8) -> Option<Evidence> {
        if job.block >= region.plan().blocks {
            return None;
        }
        if !self.tag_stands(job) {
            return None;
        }
        // SAFETY: source and target are whole blocks of different parts of the file, both mapped as long as the pool lives. The
        // target's window is not leased (taken from the free set), so no reference to it exists; the source is only written by
        // the device and never referenced through this map.
        unsafe { copy::copy_raw(region.ring_block(job.block), target, region.plan().block_bytes) };
        if !self.tag_stands(job) {
            return None;
        }
        if job.record.tag.is_some() {
            return Some(Evidence::Tag);
        }
        if job.record.evidence == Evidence::Frozen {
            return Some(Evidence::Frozen);
        }
        // Without a tag only the distance speaks: the device may already write the frame after the newest announced one.
        let behind = self.newest.load(Ordering::Acquire).saturating_sub(job.record.number);
        if job.held {
            Some(Evidence::Unproven)
        } else if behind + 1 < u64::from(region.plan().blocks) {
            Some(Evidence::TimeOnly)
        } else {
            None
        }
    }

    fn tag_stands(&self, job: &Job) -> bool {
        let Some(tag) = job.record.tag else { return true };
        let mut stored = [0_u8; 4];
        self.read_raw(job.block, tag.offset as usize, &mut stored);
        u32::from_le_bytes(stored) == tag.expected
    }
}

fn number_of(record: &Record) -> u64 {
    record.camera_number.unwrap_or(record.number)
}
