//! The service thread's side of a stream: validated copies, and rescues of frames that are held too long.

use crate::books::{LossCause, LossEvent};
use crate::copy;
use crate::keeper::{Memory, Rescue};
use crate::lease::Lease;
use crate::record::{Evidence, Record, monotonic_ns};
use crate::region::Region;
use crate::shared::Shared;
use crate::slot::{IN_RESERVE, OWNER, Slot};
use crate::stream::{Job, Stream, StreamEnd, StreamMode, number_of};
use crate::sync::Ordering;
use crate::timebound::Guarded;

impl Stream {
    /// Does what waits: copies, then retires. Called by the service thread, and once at the end by the closer.
    pub(crate) fn service_pass(&self) {
        loop {
            while let Some(job) = self.jobs.pop() {
                self.run(&job);
                self.let_go(job.held);
            }
            self.retire();
            self.keep();
            self.end_without_room();
            if self.jobs.is_empty() {
                return;
            }
        }
    }

    pub(crate) fn close_sink(&self) {
        self.sink.close();
    }

    /// Moves frames that are held too long out of the ring, oldest first, until enough blocks are free.
    fn keep(&self) {
        let Some(region) = self.pool.region.as_ref().filter(|_| self.rescues()) else { return };
        if self.mode == StreamMode::TimeBound {
            return self.keep_time_bound(region);
        }
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
        let went_on = self.move_out(&Guarded::new(&self.pool, region), region, block);
        if went_on {
            self.retire();
        }
        went_on
    }

    /// Moves the frame in ring block `block` out of the ring. False if nothing more can be done.
    pub(crate) fn move_out(&self, memory: &dyn Memory, region: &Region, block: u32) -> bool {
        match self.pool.rescue(memory, block) {
            Rescue::Done { since_ns } => {
                let held = monotonic_ns().saturating_sub(since_ns);
                self.counters.rescued(region.plan().block_bytes as u64, held);
            }
            Rescue::AlreadyVacant => {}
            Rescue::Impossible => return false,
            // A reserve block that comes free while we look for one would wake nobody: ask to be told, and look again.
            Rescue::NoReserve if self.pool.starve() => return true,
            Rescue::NoReserve | Rescue::Pinned => {
                self.short_of_room();
                return false;
            }
            Rescue::Failed => {
                self.end(StreamEnd::Memory);
                return false;
            }
        }
        true
    }

    /// Rescues the oldest frame now, on this thread, for benches and tests that time or place a rescue.
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
            self.end(StreamEnd::Pressure);
        }
    }

    /// Ends the stream if a frame found no room, and there is none.
    fn end_without_room(&self) {
        if self.no_room.load(Ordering::Relaxed) == 0 || self.no_room.swap(0, Ordering::Acquire) == 0 {
            return;
        }
        let full = self.mode != StreamMode::Locked
            || self.pool.ring.occupied() >= u64::from(self.pool.ring.blocks());
        if full && (!self.rescues() || self.pool.free.free() == 0) {
            self.end(StreamEnd::Pressure);
        }
    }

    fn end(&self, why: StreamEnd) {
        if self.set_ended(why) {
            self.sink.end(why, &self.books());
        }
    }

    /// The sink wants no more frames; it need not be told.
    pub(crate) fn end_by_sink(&self) {
        let _ = self.set_ended(StreamEnd::Sink);
    }

    /// For whose sake the sink ended the stream, if it did and knows.
    #[cfg(not(pool_loom))]
    #[must_use]
    pub fn overrun(&self) -> Option<crate::ender::ReaderOverrun> {
        self.sink.overrun()
    }

    /// Who holds frames that went through this stream's sink, by name, as far as the sink knows.
    #[cfg(not(pool_loom))]
    #[must_use]
    pub fn holdings(&self) -> Vec<crate::holder::Holding> {
        self.sink.holdings()
    }

    fn run(&self, job: &Job) {
        let number = number_of(&job.record);
        let shared: &Shared = &self.pool;
        let Some(region) = &shared.region else { return };
        // The end is told: nothing may come after it.
        let index = if self.has_ended() { None } else { shared.free.take() };
        let Some(index) = index else {
            let unwanted = self.end_cause() == Some(StreamEnd::Sink);
            self.copy_lost(if unwanted { LossCause::AtStop } else { LossCause::Reserve }, number);
            if self.stop_under_pressure.load(Ordering::Relaxed) != 0 {
                self.end(StreamEnd::Pressure);
            }
            return;
        };
        let slot = shared.window_at(index);
        let target = slot.map_or(core::ptr::null_mut(), |s| region.reserve_target(index, s.address()));
        let evidence = if target.is_null() { None } else { self.copy_block(job, region, target) };
        match (evidence, slot) {
            (Some(evidence), Some(slot)) => {
                // Frames lost on the way to here are in no record of the callback's: this is the first to know them all.
                let last = self.last_delivered.swap(number, Ordering::Relaxed);
                let lost_before = number.saturating_sub(last).saturating_sub(1);
                let record = Record { evidence, lost_before, ..job.record };
                shared.retain();
                // SAFETY: the window was taken from the free set, so its count is 0 and this thread is its one publisher; taking
                // acquired what the last holder released.
                let _ = unsafe { slot.fill(IN_RESERVE | OWNER, |to| *to = record) };
                self.counters.copied(region.plan().block_bytes as u64);
                // SAFETY: `fill` made one count, handed over here.
                self.sink.deliver(unsafe { Lease::adopt(slot) });
            }
            _ => {
                shared.free.give(index);
                self.copy_lost(LossCause::Torn, number);
            }
        }
    }

    fn copy_lost(&self, cause: LossCause, number: u64) {
        self.counters.copy_lost(LossEvent { cause, first: number, count: 1 });
        // Perhaps a reader waits for just this frame, and no other will come.
        self.sink.lost();
    }

    /// Where a job's bytes are read from. A held block is read through its window, which shows the frame even after the keeper
    /// moved it; any other where the SDK wrote it.
    fn source(&self, job: &Job, region: &Region) -> *const u8 {
        let held = job.held.and_then(|window| self.pool.slots.get(window as usize));
        held.map_or_else(|| region.ring_block(job.block).cast_const(), Slot::address)
    }

    /// Copies a ring block and says by what the copy is held to be whole; `None` if it is not.
    fn copy_block(&self, job: &Job, region: &Region, target: *mut u8) -> Option<Evidence> {
        if job.block >= region.plan().blocks {
            return None;
        }
        let source = self.source(job, region);
        if !tag_stands(job, region, source) {
            return None;
        }
        // SAFETY: source and target are whole blocks of different parts of the file, both mapped as long as the pool lives (a held
        // window shows a whole block, whichever). The target's window is not leased (taken from the free set), so no reference
        // to it exists; the source is at most written by the device.
        unsafe { copy::copy_raw(source, target, region.plan().block_bytes) };
        if !tag_stands(job, region, source) {
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
        if job.held.is_some() {
            Some(Evidence::Unproven)
        } else if behind + 1 < u64::from(region.plan().blocks) {
            Some(Evidence::TimeOnly)
        } else {
            None
        }
    }
}

/// Whether the frame's own number stands at its source, if it has one.
fn tag_stands(job: &Job, region: &Region, source: *const u8) -> bool {
    let Some(tag) = job.record.tag else { return true };
    let at = tag.offset as usize;
    if at.checked_add(4).is_none_or(|end| end > region.plan().block_bytes) {
        return false;
    }
    let mut stored = [0_u8; 4];
    // SAFETY: the four bytes lie inside the block (checked), which is mapped as long as the pool lives.
    unsafe { copy::read_raw(source.add(at), &mut stored) };
    u32::from_le_bytes(stored) == tag.expected
}
