//! The order of the ring: frames go in at the head, readers let go in any order, slots are unlocked at the tail.
//!
//! Positions count up for ever; position p lies in ring block p mod N. A slot between tail and head is *occupied* until it
//! is unlocked, though its readers may long be gone. The last dropper never unlocks. Who retires and stops at a held slot while
//! the ring is so full that no callback may come marks it, and its last dropper rings for the service thread.

use core::ptr::null_mut;

use crate::shared::Shared;
use crate::sink::Unlock;
use crate::slot::{Slot, TELL};
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Line, Ordering, order};

/// With fewer free blocks than this, or as many, the ring counts as nearly full.
const NEARLY_FULL: u64 = 2;

/// Why a block could not be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The SDK announced a frame in a block that is still leased or not unlocked: the ring does not honour locks.
    #[error("ring block {block} was written while it was still held: the ring does not honour locks")]
    NotFree {
        /// Which ring block.
        block: u32,
    },
    /// The ring has no such block, or (locked ring) it is not the next one in ring order.
    #[error("ring block {block} is not the one expected (next is {next})")]
    OutOfOrder {
        /// Which ring block was named.
        block: u32,
        /// Which one the ring expects.
        next: u32,
    },
}

/// Head, tail and gate of one ring.
#[derive(Debug)]
pub(crate) struct Ring {
    blocks: u32,
    /// The slot of the window that looks at each ring block now; null: none does.
    slots: Box<[AtomicPtr<Slot>]>,
    /// Next position to be written. Changed by the publisher alone.
    head: Line<AtomicU64>,
    /// Oldest position not unlocked. Changed by the holder of the gate alone.
    tail: Line<AtomicU64>,
    /// The block of the head's position: kept, because a division costs more than all else here. The publisher's own.
    next: AtomicU32,
    /// The block of the tail's position; the gate holder's own.
    tail_block: AtomicU32,
    /// From this head on the ring wants to be looked at: a quarter of it may be occupied. The publisher's own.
    look_at: AtomicU64,
    /// Ticket counter: who finds it at 0 retires, and goes on for all who came meanwhile.
    gate: Line<AtomicU32>,
    /// What a control breaks on purpose.
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

impl Ring {
    pub(crate) fn new(blocks: u32) -> Self {
        Self {
            blocks,
            slots: (0..blocks).map(|_| AtomicPtr::new(null_mut())).collect(),
            head: Line(AtomicU64::new(0)),
            tail: Line(AtomicU64::new(0)),
            next: AtomicU32::new(0),
            tail_block: AtomicU32::new(0),
            look_at: AtomicU64::new(0),
            gate: Line(AtomicU32::new(0)),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    pub(crate) fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The block of the next position.
    #[inline]
    pub(crate) fn next_block(&self) -> u32 {
        self.next.load(Ordering::Relaxed)
    }

    /// The slot of the window that looks at `block`.
    #[inline]
    pub(crate) fn slot(&self, block: u32) -> Option<&Slot> {
        let slot = self.slots.get(block as usize)?.load(Ordering::Acquire);
        // SAFETY: null, or a slot that lives as long as this ring (`set_slot`); slots are only ever used through `&`.
        unsafe { slot.as_ref() }
    }

    /// The window of `slot` looks at `block` from now on; null: none does.
    ///
    /// # Safety
    /// `slot` is null or points to a slot that lives as long as this ring: one of the same pool.
    pub(crate) unsafe fn set_slot(&self, block: u32, slot: *const Slot) {
        if let Some(entry) = self.slots.get(block as usize) {
            // Release: the frame was copied out before anybody finds the block vacant.
            entry.store(slot.cast_mut(), order!(self.fault, RelaxedWindow, Release));
        }
    }

    /// The block of the oldest occupied position, if any is occupied.
    pub(crate) fn oldest_block(&self) -> Option<u32> {
        let tail = self.tail.0.load(Ordering::Acquire);
        // Less than the number of blocks, so it fits.
        (tail < self.head.0.load(Ordering::Acquire)).then(|| (tail % u64::from(self.blocks)) as u32)
    }

    /// Occupied slots: written (or skipped) and not unlocked. Never too small for the caller's own ring.
    pub(crate) fn occupied(&self) -> u64 {
        let tail = self.tail.0.load(Ordering::Acquire);
        self.head.0.load(Ordering::Acquire).saturating_sub(tail)
    }

    /// Starts over at position 0. Only while nothing is published, retired or leased in the ring.
    pub(crate) fn reset(&self) {
        self.head.0.store(0, Ordering::Release);
        self.tail.0.store(0, Ordering::Release);
        self.next.store(0, Ordering::Relaxed);
        self.tail_block.store(0, Ordering::Relaxed);
        self.look_at.store(0, Ordering::Relaxed);
    }

    /// The window for the next position of a locked ring, if `block` is that position's and it is free.
    #[inline]
    pub(crate) fn next_free(&self, block: u32) -> Result<&Slot, PublishError> {
        let next = self.next_block();
        if block != next {
            return Err(PublishError::OutOfOrder { block, next });
        }
        // Acquire: what the retiring thread saw of the last dropper is ours as well. Below `look_at` an acquired tail has shown
        // already that there is room.
        let head = self.head.0.load(Ordering::Relaxed);
        if head >= self.look_at.load(Ordering::Relaxed)
            && head - self.tail.0.load(Ordering::Acquire) >= u64::from(self.blocks)
        {
            return Err(PublishError::NotFree { block });
        }
        self.free_slot(block)
    }

    /// The window of `block`, if nobody holds it.
    #[inline]
    pub(crate) fn free_slot(&self, block: u32) -> Result<&Slot, PublishError> {
        let slot = self.slot(block);
        let slot = slot.ok_or_else(|| PublishError::OutOfOrder { block, next: self.next_block() })?;
        if slot.count() == 0 { Ok(slot) } else { Err(PublishError::NotFree { block }) }
    }

    /// The next position, which lies in `block`, has been written: it is occupied from now on. Only the publisher calls it.
    #[inline]
    pub(crate) fn advance_head(&self, block: u32) {
        let next = block + 1;
        self.next.store(if next == self.blocks { 0 } else { next }, Ordering::Relaxed);
        let head = self.head.0.load(Ordering::Relaxed) + 1;
        // Release: who sees the head sees the count of the frame before it, and does not retire it.
        self.head.0.store(head, order!(self.fault, RelaxedHead, Release));
    }

    /// Whether a quarter of the ring or more may be occupied. Only the publisher asks.
    #[inline]
    pub(crate) fn wants_a_look(&self) -> bool {
        self.head.0.load(Ordering::Relaxed) >= self.look_at.load(Ordering::Relaxed)
    }

    /// The ring was looked at: it need not be until a quarter of it is occupied again, counted from the tail as it is now (the
    /// tail only goes forward, so that is never too late). Only the publisher calls it.
    pub(crate) fn looked(&self) {
        let quarter = u64::from(self.blocks / 4).max(1);
        self.look_at.store(self.tail.0.load(Ordering::Acquire) + quarter, Ordering::Relaxed);
    }

    /// Whether so few of the ring's blocks are free, its tail being `tail`, that no callback may come to retire.
    fn is_nearly_full(&self, tail: u64) -> bool {
        self.head.0.load(Ordering::Acquire) - tail + NEARLY_FULL >= u64::from(self.blocks)
    }
}

impl Shared {
    /// Unlocks vacant slots from the oldest on, in ring order, up to the first that somebody holds.
    ///
    /// Any number of threads may call it: one works, the others leave their ticket and go; no work is lost, nobody waits.
    /// `enter` is told what was done while the gate is held: one call at a time.
    pub(crate) fn retire(&self, unlock: &dyn Unlock, enter: impl Fn(Retired)) {
        let ring = &self.ring;
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::TryLockGate {
            return self.retire_by_try_lock(unlock);
        }
        if ring.gate.0.fetch_add(1, Ordering::AcqRel) != 0 {
            return;
        }
        let mut tickets = 1;
        loop {
            enter(self.retire_vacant(unlock));
            let left = ring.gate.0.fetch_sub(tickets, Ordering::AcqRel) - tickets;
            if left == 0 {
                return;
            }
            tickets = left;
        }
    }

    /// The control: a gate that forgets who came while it was held.
    #[cfg(pool_loom)]
    fn retire_by_try_lock(&self, unlock: &dyn Unlock) {
        if self.ring.gate.0.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.retire_vacant(unlock);
            self.ring.gate.0.store(0, Ordering::Release);
        }
    }

    fn retire_vacant(&self, unlock: &dyn Unlock) -> Retired {
        let ring = &self.ring;
        let (mut unlocked, mut refused) = (0, 0);
        loop {
            // Both belong to the holder of the gate.
            let tail = ring.tail.0.load(Ordering::Relaxed);
            let block = ring.tail_block.load(Ordering::Relaxed);
            let vacant = self.vacant_from(tail, block);
            if vacant == 0 {
                return Retired { unlocked, refused };
            }
            // Never past the end of the ring, so one step back is enough.
            let next = block + vacant;
            ring.tail_block.store(if next == ring.blocks { 0 } else { next }, Ordering::Relaxed);
            // Before the unlocks: as soon as the SDK has a slot, a callback may publish it again and look at the tail.
            ring.tail.0.store(tail + u64::from(vacant), Ordering::Release);
            refused += u64::from(unlock.unlock_run(vacant));
            unlocked += u64::from(vacant);
        }
    }

    /// How many slots in a row are vacant from the tail on, at most up to the end of the ring. Whoever holds the one behind them is
    /// marked if nobody else may come to retire it.
    fn vacant_from(&self, tail: u64, block: u32) -> u32 {
        let ring = &self.ring;
        let written = ring.head.0.load(Ordering::Acquire) - tail;
        let slots = ring.slots.get(block as usize..).unwrap_or_default();
        // Never more than the ring has blocks, so it fits.
        let slots = slots.get(..written as usize).unwrap_or(slots);
        let mut vacant = 0;
        for slot in slots {
            if !is_vacant(slot) {
                let held = self.is_held(tail + u64::from(vacant), block + vacant);
                return vacant + u32::from(!held);
            }
            vacant += 1;
        }
        vacant
    }
}

impl Shared {
    /// Whether the oldest block is held; if nobody else may come to retire it, its last dropper will say so.
    fn is_held(&self, tail: u64, block: u32) -> bool {
        if !self.ring.is_nearly_full(tail) {
            return true;
        }
        // No window: its frame was moved, but the system refused to map another one.
        let slot = self.ring.slot(block);
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::StopWithoutMark {
            return true;
        }
        slot.is_none_or(|slot| self.mark(slot, TELL))
    }
}

/// Whether a block has a window, and nobody looks through it.
#[inline]
fn is_vacant(slot: &AtomicPtr<Slot>) -> bool {
    // SAFETY: null, or a slot that lives as long as the ring (`Ring::set_slot`).
    unsafe { slot.load(Ordering::Acquire).as_ref() }.is_some_and(|slot| slot.count() == 0)
}

/// What one call of `retire` did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retired {
    /// Slots given back.
    pub(crate) unlocked: u64,
    /// Of these, how many the SDK refused.
    pub(crate) refused: u64,
}

#[cfg(all(test, not(pool_loom)))]
mod tests;
