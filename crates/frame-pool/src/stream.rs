//! One run of the camera: what the callback calls, and the books it fills.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use crate::books::{Books, Counters, LossCause, LossEvent};
use crate::copy;
use crate::keeper::Memory;
use crate::lease::Lease;
use crate::raw::RawFrame;
use crate::record::{Evidence, Record};
use crate::ring::PublishError;
use crate::shared::{Owner, Shared};
use crate::sink::{Outlet, Sink, Unlock};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Loss events kept for the reader until they are taken.
const LOG_DEPTH: usize = 1024;

/// Codes in `ended`.
const RUNS: u32 = 0;
const PRESSURE: u32 = 1;
const MEMORY: u32 = 2;
const SINK: u32 = 3;

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
    /// A ring that overwrites, in place all the same, because the caller vouches for it: only time protects a frame. The keeper
    /// moves what is held for half of it; [`crate::Lease::verify`] says whether it was in time.
    TimeBound,
    /// A ring that overwrites, whose frames are only told of ([`crate::RawFrame`]).
    Raw,
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

/// Why a stream ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamEnd {
    /// Nothing could be rescued any more, and the stream was to end then ([`Pressure::Stop`]).
    Pressure,
    /// The system refused to map memory.
    Memory,
    /// Who takes the frames wanted no more of them: one of its readers had no room for a frame, and had asked for an end then. Which one, the
    /// sink tells ([`Sink::overrun`]).
    Sink,
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
pub(crate) struct Job {
    pub(crate) block: u32,
    pub(crate) record: Record,
    /// The window that holds the ring block for this job, and must be released after it.
    pub(crate) held: Option<u32>,
}

/// The producing side of one run.
///
/// `publish`, `vacant` and `copy` are `unsafe`: who calls them vouches for the ring (see each), and calls them from one thread at a
/// time, the one on which the SDK announces frames. `lost` and `next_block` belong to that thread as well; from
/// another one they would only make the books wrong. None of them allocates, locks, logs or panics.
pub struct Stream {
    pub(crate) pool: Owner,
    pub(crate) mode: StreamMode,
    pub(crate) epoch: u32,
    pub(crate) distrusted: AtomicU32,
    pub(crate) sink: Outlet,
    pub(crate) unlock: Option<Arc<dyn Unlock>>,
    pub(crate) jobs: ArrayQueue<Job>,
    /// How many frames of a ring may wait to be copied.
    pub(crate) depth: usize,
    pub(crate) counters: Counters,
    pub(crate) newest: AtomicU64,
    /// Time-bound ring: the block that was published last.
    pub(crate) newest_block: AtomicU32,
    /// Number of the frame that was delivered last, as far as who makes copies has to know.
    pub(crate) last_delivered: AtomicU64,
    /// Whether the keeper can move frames of this stream.
    pub(crate) rescues: bool,
    /// The keeper works while fewer ring blocks than this are free.
    pub(crate) keep_free: AtomicU32,
    /// Set: end under pressure, instead of losing frames.
    pub(crate) stop_under_pressure: AtomicU32,
    /// A frame found no room.
    pub(crate) no_room: AtomicU32,
    pub(crate) ended: AtomicU32,
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stream").field("mode", &self.mode).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(pool: Owner, plan: StreamPlan) -> Self {
        let blocks = pool.ring.blocks();
        let rescues = matches!(plan.mode, StreamMode::Locked | StreamMode::TimeBound)
            && pool.region.as_ref().is_some_and(Memory::can_repoint);
        Self {
            rescues,
            keep_free: AtomicU32::new(2),
            stop_under_pressure: AtomicU32::new(0),
            no_room: AtomicU32::new(0),
            ended: AtomicU32::new(RUNS),
            pool,
            mode: plan.mode,
            epoch: plan.epoch,
            distrusted: AtomicU32::new(0),
            sink: plan.sink.into(),
            unlock: plan.unlock,
            jobs: ArrayQueue::new(blocks.max(1) as usize),
            // A copy queue as deep as the ring would hand out slots that are being written again.
            depth: blocks.saturating_sub(2).max(1) as usize,
            counters: Counters::new(LOG_DEPTH),
            newest: AtomicU64::new(0),
            newest_block: AtomicU32::new(0),
            last_delivered: AtomicU64::new(0),
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

    /// A frame found all slots held, or its own. With [`Pressure::Stop`] the service thread ends the stream, unless it finds room
    /// after all. For streams whose frames are not moved, and for those in which time alone decides when they are; where the
    /// keeper defends free blocks it notices by itself.
    pub fn note_no_room(&self) {
        if self.stop_under_pressure.load(Ordering::Relaxed) != 0 {
            self.no_room.store(1, Ordering::Release);
            self.pool.bell.ring();
        }
    }

    /// Whether the stream ended by itself: under pressure ([`Pressure::Stop`]), because the system refused to map, or by its sink.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end_cause().is_some()
    }

    /// Ends the stream, unless it has ended; whether it was this that did.
    pub(crate) fn set_ended(&self, why: StreamEnd) -> bool {
        let code = match why {
            StreamEnd::Pressure => PRESSURE,
            StreamEnd::Memory => MEMORY,
            StreamEnd::Sink => SINK,
        };
        self.ended.compare_exchange(RUNS, code, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Why the stream ended by itself, if it did.
    #[must_use]
    pub fn end_cause(&self) -> Option<StreamEnd> {
        match self.ended.load(Ordering::Acquire) {
            RUNS => None,
            PRESSURE => Some(StreamEnd::Pressure),
            SINK => Some(StreamEnd::Sink),
            _ => Some(StreamEnd::Memory),
        }
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
    #[inline]
    pub fn next_block(&self) -> u32 {
        self.pool.ring.next_block()
    }

    /// Locked ring: blocks that are written, or skipped, and not given back to the SDK, as far as was announced.
    #[must_use]
    pub fn occupied(&self) -> u32 {
        // Never more than there are blocks.
        self.pool.ring.occupied() as u32
    }

    /// Copies `out.len()` bytes out of the SDK's slot, `offset` bytes into block `block`, by volatile reads. Bytes past
    /// the block read as 0. The device may write them meanwhile: the answer is evidence, not a picture.
    pub fn read_raw(&self, block: u32, offset: usize, out: &mut [u8]) {
        out.fill(0);
        let Some(region) = &self.pool.region else { return };
        let room = region.plan().block_bytes.saturating_sub(offset);
        let n = out.len().min(room);
        if block < region.plan().blocks && n > 0 {
            // SAFETY: block and offset + n lie inside the ring's map (checked), which lives as long as the pool.
            unsafe { copy::read_raw(region.ring_block(block).add(offset), &mut out[..n]) };
        }
    }

    /// Publishes block `block` in place: the frame goes to the sink as a lease on the very bytes the camera wrote.
    ///
    /// # Safety
    /// As [`Stream::publish_with`].
    ///
    /// # Errors
    /// As [`Stream::publish_with`].
    #[inline]
    pub unsafe fn publish(&self, block: u32, record: &Record) -> Result<(), PublishError> {
        // SAFETY: this function's own contract.
        unsafe { self.publish_with(block, |to| *to = *record) }
    }

    /// As [`Stream::publish`], with the record written where it will lie. What `write` is given is the record that this window showed
    /// last; it has to leave all of the new frame's. What is the same for all frames of a run (their layout) can stay as it is when
    /// the [`Record::epoch`] found there is this run's, which is most of the cost of a frame.
    ///
    /// # Safety
    /// * The stream is not closed, and `publish`, [`Stream::vacant`] and [`Stream::copy`] are called by one thread at a time.
    /// * The SDK has finished writing the block, and does not write it again before the stream's mode allows it: never for
    ///   `Frozen`, not before it is unlocked for `Locked`. In `Copied` and `Raw` mode nothing may be published in place.
    /// * `TimeBound`: the SDK will write it again whatever is leased. The caller answers for it that every reader lets go, or believes
    ///   nothing that it read before [`Lease::verify`] said that it is good; and that [`Stream::set_clock`] was told a frame
    ///   time that the camera does not undercut.
    ///
    /// # Errors
    /// [`PublishError::NotFree`] if the SDK wrote a block that is still held, [`PublishError::OutOfOrder`] if the block is
    /// not the next one of a locked ring. Nothing is counted then: the caller decides what became of the frame.
    #[inline]
    pub unsafe fn publish_with(
        &self,
        block: u32,
        write: impl FnOnce(&mut Record),
    ) -> Result<(), PublishError> {
        let ring = &self.pool.ring;
        let locked = self.mode == StreamMode::Locked;
        let slot = if locked { ring.next_free(block)? } else { ring.free_slot(block)? };
        // SAFETY: the count was seen at 0 with acquire ordering, and by contract the caller is the one publisher of ring slots.
        let number = unsafe { slot.fill(0, write) };
        if locked {
            ring.advance_head(block);
        } else {
            self.newest_block.store(block, Ordering::Relaxed);
        }
        self.counters.delivered(number);
        // SAFETY: `fill` made one count, handed over here.
        self.sink.deliver(unsafe { Lease::adopt(slot) });
        Ok(())
    }

    /// Tells the sink of frame `record` in block `block`, which nobody holds ([`StreamMode::Raw`]). It counts as delivered. One
    /// thread at a time, as [`Stream::publish`].
    pub fn announce(&self, block: u32, record: &Record) {
        let number = number_of(record);
        self.counters.delivered(number);
        self.sink.announce(RawFrame::new(&self.pool, block, record));
    }

    /// Locked ring: the next `count` blocks were written but never announced. They have no reader and want an unlock.
    ///
    /// # Safety
    /// One thread at a time, as [`Stream::publish`]; and the SDK did write these blocks: each is unlocked once.
    pub unsafe fn vacant(&self, count: u32) {
        let ring = &self.pool.ring;
        (0..count).for_each(|_| ring.advance_head(ring.next_block()));
    }

    /// Queues block `block` for a copy into the reserve; the service thread validates and delivers it, and enters in its record
    /// how many frames were lost since the one delivered before.
    ///
    /// A record with [`Evidence::Frozen`] says that the block is not written again (a sequence's): then it waits as long as it
    /// must. Any other is lost if too many wait for it to be copied in time.
    ///
    /// # Safety
    /// One thread at a time, as [`Stream::publish`]. The SDK may write the block meanwhile: that is what the copy is checked for.
    pub unsafe fn copy(&self, block: u32, record: Record) {
        let number = number_of(&record);
        self.newest.fetch_max(record.number, Ordering::Release);
        self.last_delivered.fetch_max(self.counters.last_delivered(), Ordering::Relaxed);
        let room = record.evidence == Evidence::Frozen || self.jobs.len() < self.depth;
        let held = if self.mode == StreamMode::Locked { self.hold_for_copy(block, &record) } else { None };
        // One thread pushes: what is not full now is not full below.
        if !room || self.jobs.is_full() {
            self.let_go(held);
            return self.lost(LossCause::CopierQueue, number, 1);
        }
        // Before the push: what is finished was submitted, in every snapshot.
        self.counters.submitted(number);
        if let Err(job) = self.jobs.push(Job { block, record, held }) {
            self.let_go(job.held);
        }
        self.pool.bell.ring();
    }

    /// Distrusted locked ring: a count on the block for the job, so that it is unlocked after the copy. The window, because the
    /// keeper may move the frame meanwhile.
    fn hold_for_copy(&self, block: u32, record: &Record) -> Option<u32> {
        let shared: &Shared = &self.pool;
        let slot = shared.ring.next_free(block).ok()?;
        // SAFETY: seen at 0 with acquire ordering; the caller of `copy` vouches for being the one publisher.
        unsafe { slot.fill(0, |to| *to = *record) };
        shared.ring.advance_head(block);
        Some(slot.window)
    }

    /// Ends a job's hold.
    pub(crate) fn let_go(&self, held: Option<u32>) {
        if let Some(slot) = held.and_then(|window| self.pool.slots.get(window as usize)) {
            // SAFETY: `hold_for_copy` made one count on this slot for the job; it is given up once.
            unsafe { Shared::release_slot(slot) };
        }
    }

    /// Enters a loss: `count` frames from `first` on, in the camera's numbering where it sends one.
    pub fn lost(&self, cause: LossCause, first: u64, count: u64) {
        if count > 0 {
            self.counters.lost(LossEvent { cause, first, count });
        }
    }

    /// Gives vacant slots back to the SDK, in ring order, as soon as a quarter of the ring is occupied, and wakes the keeper if few
    /// are free even then. Call it once at the end of each callback, after all that was published: looking at the ring in batches
    /// halves the cost of a frame, and no camera misses the slots.
    #[inline]
    pub fn retire_when_due(&self) {
        if self.pool.ring.wants_a_look() {
            self.look();
        }
    }

    fn look(&self) {
        let (ring, blocks) = (&self.pool.ring, u64::from(self.pool.ring.blocks()));
        self.retire();
        ring.looked();
        if self.rescues && ring.occupied() + u64::from(self.keep_free.load(Ordering::Relaxed)) > blocks {
            self.pool.bell.ring();
        }
    }

    /// Gives all vacant slots back to the SDK now, in ring order. Any thread may call it.
    pub fn retire(&self) {
        if let (StreamMode::Locked, Some(unlock)) = (self.mode, &self.unlock) {
            self.pool.retire(&**unlock, |done| self.counters.unlocks(done.unlocked, done.refused));
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
}

pub(crate) fn number_of(record: &Record) -> u64 {
    record.camera_number.unwrap_or(record.number)
}
