//! The keeper's side of a ring that overwrites: frames that are lent in place there have to be moved before their time is up.

use core::time::Duration;

use crate::copy;
use crate::keeper::{Memory, RepointError};
use crate::region::Region;
use crate::shared::Shared;
use crate::slot::{Slot, TORN};
use crate::stream::{Stream, StreamMode};
use crate::sync::{Ordering, fence};

/// The keeper looks so often in the time for which a frame is good.
const LOOKS: u32 = 8;

impl Stream {
    /// Sets the clock of a [`StreamMode::TimeBound`] or [`StreamMode::Raw`] stream: frames follow each other by `frame_time` at least.
    /// A frame is good for N - 1 times that. Before the first frame.
    pub fn set_clock(&self, frame_time: Duration) {
        self.pool.clock.set(frame_time.saturating_mul(self.pool.ring.blocks().saturating_sub(1)));
        // The service thread sleeps by this clock.
        self.pool.bell.ring();
    }

    /// How long the service thread may sleep; `None`: until it is rung.
    pub(crate) fn longest_sleep(&self) -> Option<Duration> {
        if self.mode != StreamMode::TimeBound || !self.rescues() {
            return None;
        }
        Some((self.pool.clock.good_for()? / LOOKS).max(Duration::from_millis(1)))
    }

    /// Moves frames that have been held for half of their time.
    pub(crate) fn keep_time_bound(&self, region: &Region) {
        let Some(good_for) = self.pool.clock.good_for() else { return };
        let blocks = self.pool.ring.blocks();
        let first = self.newest_block.load(Ordering::Relaxed) + 1;
        for block in (0..blocks).map(|n| (first + n) % blocks) {
            let since = self.pool.held_since(block);
            if since.is_some_and(|since| self.pool.clock.age(since) >= good_for / 2)
                && !self.move_out(&Guarded::new(&self.pool, region), region, block)
            {
                return;
            }
        }
    }
}

impl Shared {
    /// When the frame in ring block `block` was announced, if it is leased.
    fn held_since(&self, block: u32) -> Option<u64> {
        let slot = self.ring.slot(block)?;
        if !slot.try_retain() {
            return None;
        }
        // SAFETY: a lease on the slot was just taken.
        let since = unsafe { slot.record() }.arrived_ns;
        // SAFETY: the count taken above, given up once.
        unsafe { Self::release_slot(slot) };
        Some(since)
    }
}

/// Memory whose ring the device may be writing: what is moved out of it is marked as torn if the device was faster.
pub(crate) struct Guarded<'a> {
    shared: &'a Shared,
    region: &'a Region,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(shared: &'a Shared, region: &'a Region) -> Self {
        Self { shared, region }
    }

    /// Whether the frame that `window` shows still lay whole in ring block `block`, at the time of this call.
    fn is_whole(&self, block: u32, window: &Slot) -> bool {
        // SAFETY: the keeper holds a lease on the window that it moves.
        let record = unsafe { window.record() };
        let Some(tag) = record.tag else { return self.shared.clock.check(record.arrived_ns).is_ok() };
        let at = tag.offset as usize;
        if at.checked_add(4).is_none_or(|end| end > self.region.plan().block_bytes) {
            return false;
        }
        let mut found = [0; 4];
        // SAFETY: the four bytes lie inside the block (checked), which is mapped as long as the pool lives. Raw, because the device
        // may write them.
        unsafe { copy::read_raw(self.region.ring_block(block).add(at), &mut found) };
        u32::from_le_bytes(found) == tag.expected
    }
}

impl Memory for Guarded<'_> {
    fn can_repoint(&self) -> bool {
        self.region.can_repoint()
    }

    fn copy_out(&self, block: u32, reserve: u32, window: &Slot) {
        self.region.copy_out(block, reserve, window);
        // The bytes were read before the evidence is.
        fence(Ordering::Acquire);
        if !self.is_whole(block, window) {
            window.refs.fetch_or(TORN, Ordering::AcqRel);
        }
    }

    fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError> {
        self.region.repoint_leased(window, reserve)
    }

    fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError> {
        self.region.repoint_idle(window, block)
    }
}
