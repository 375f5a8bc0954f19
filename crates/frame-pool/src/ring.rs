//! The order of the ring: frames go in at the head, readers let go in any order, slots are unlocked at the tail.
//!
//! Positions count up for ever; position p lies in ring block p mod N. A slot between tail and head is *occupied* until it
//! is unlocked, though its readers may long be gone. The last dropper never unlocks; it only looks whether the ring is
//! so full that no callback may come to do it, and then rings for the service thread.

use crate::shared::Shared;
use crate::sink::Unlock;
use crate::slot::Slot;
use crate::sync::{AtomicU32, AtomicU64, Line, Ordering};

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
    /// Which window looks at each ring block now.
    window_of: Box<[AtomicU32]>,
    /// Next position to be written. Changed by the publisher alone; its low half stands in `Shared::life` too.
    head: Line<AtomicU64>,
    /// Oldest position not unlocked. Changed by the holder of the gate alone.
    tail: Line<AtomicU64>,
    /// The block of the head's position, and of the tail's: kept, because a division costs more than all else here.
    head_block: AtomicU32,
    tail_block: AtomicU32,
    /// Ticket counter: who finds it at 0 retires, and goes on for all who came meanwhile.
    gate: Line<AtomicU32>,
}

impl Ring {
    pub(crate) fn new(blocks: u32) -> Self {
        Self {
            blocks,
            window_of: (0..blocks).map(AtomicU32::new).collect(),
            head: Line(AtomicU64::new(0)),
            tail: Line(AtomicU64::new(0)),
            head_block: AtomicU32::new(0),
            tail_block: AtomicU32::new(0),
            gate: Line(AtomicU32::new(0)),
        }
    }

    pub(crate) fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The block of the next position.
    pub(crate) fn next_block(&self) -> u32 {
        self.head_block.load(Ordering::Relaxed)
    }

    /// The block after `block` in ring order.
    fn after(&self, block: u32) -> u32 {
        if block + 1 >= self.blocks { 0 } else { block + 1 }
    }

    /// The window that looks at `block`.
    pub(crate) fn window_of(&self, block: u32) -> Option<u32> {
        self.window_of.get(block as usize).map(|w| w.load(Ordering::Acquire))
    }

    /// `window` looks at `block` from now on.
    pub(crate) fn set_window(&self, block: u32, window: u32) {
        if let Some(entry) = self.window_of.get(block as usize) {
            entry.store(window, Ordering::Release);
        }
    }

    /// The block of the oldest occupied position, if any is occupied.
    pub(crate) fn oldest_block(&self) -> Option<u32> {
        let tail = self.tail.0.load(Ordering::Acquire);
        // A tail that moves between the two loads names a younger block: rescuing that one is right as well.
        (tail < self.head.0.load(Ordering::Acquire)).then(|| self.tail_block.load(Ordering::Acquire))
    }

    /// Occupied slots: written (or skipped) and not unlocked. Never too small for the caller's own ring.
    pub(crate) fn occupied(&self) -> u64 {
        let tail = self.tail.0.load(Ordering::Acquire);
        self.head.0.load(Ordering::Acquire).saturating_sub(tail)
    }

    /// The tail, modulo 2^32.
    pub(crate) fn tail_low(&self) -> u32 {
        // Truncation is meant.
        self.tail.0.load(Ordering::Relaxed) as u32
    }

    /// Starts over at position 0. Only while nothing is published, retired or leased in the ring.
    pub(crate) fn reset(&self) {
        self.head.0.store(0, Ordering::Release);
        self.tail.0.store(0, Ordering::Release);
        self.head_block.store(0, Ordering::Relaxed);
        self.tail_block.store(0, Ordering::Relaxed);
    }

    /// The window for the next position of a locked ring, if `block` is that position's and it is free.
    pub(crate) fn next_free<'a>(&self, slots: &'a [Slot], block: u32) -> Result<&'a Slot, PublishError> {
        let head = self.head.0.load(Ordering::Relaxed);
        let next = self.next_block();
        if block != next {
            return Err(PublishError::OutOfOrder { block, next });
        }
        // Acquire: what the retiring thread saw of the last dropper is ours as well.
        if head - self.tail.0.load(Ordering::Acquire) >= u64::from(self.blocks) {
            return Err(PublishError::NotFree { block });
        }
        self.free_slot(slots, block)
    }

    /// The window of `block`, if nobody holds it.
    pub(crate) fn free_slot<'a>(&self, slots: &'a [Slot], block: u32) -> Result<&'a Slot, PublishError> {
        let slot = self.window_of(block).and_then(|w| slots.get(w as usize));
        let slot = slot.ok_or(PublishError::OutOfOrder { block, next: self.next_block() })?;
        if slot.count() == 0 { Ok(slot) } else { Err(PublishError::NotFree { block }) }
    }

    /// The next position has been written: it is occupied from now on. Only the publisher calls it.
    pub(crate) fn advance_head(&self) {
        self.head_block.store(self.after(self.next_block()), Ordering::Relaxed);
        self.head.0.store(self.head.0.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

impl Shared {
    /// Unlocks vacant slots from the oldest on, in ring order, up to the first that somebody holds.
    ///
    /// Any number of threads may call it: one works, the others leave their ticket and go; no work is lost, nobody waits.
    /// Returns how many were unlocked by this call and how many unlocks the SDK refused.
    pub(crate) fn retire(&self, unlock: &dyn Unlock) -> Retired {
        let mut done = Retired::default();
        let ring = &self.ring;
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::TryLockGate {
            return self.retire_by_try_lock(unlock);
        }
        if ring.gate.0.fetch_add(1, Ordering::AcqRel) != 0 {
            return done;
        }
        let mut tickets = 1;
        loop {
            self.retire_vacant(unlock, &mut done);
            let left = ring.gate.0.fetch_sub(tickets, Ordering::AcqRel) - tickets;
            if left == 0 {
                return done;
            }
            tickets = left;
        }
    }

    /// The control: a gate that forgets who came while it was held.
    #[cfg(pool_loom)]
    fn retire_by_try_lock(&self, unlock: &dyn Unlock) -> Retired {
        let mut done = Retired::default();
        if self.ring.gate.0.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.retire_vacant(unlock, &mut done);
            self.ring.gate.0.store(0, Ordering::Release);
        }
        done
    }

    fn retire_vacant(&self, unlock: &dyn Unlock, done: &mut Retired) {
        let ring = &self.ring;
        // Both belong to the holder of the gate.
        let mut tail = ring.tail.0.load(Ordering::Relaxed);
        let mut block = ring.tail_block.load(Ordering::Relaxed);
        while tail < ring.head.0.load(Ordering::Acquire) {
            if ring.free_slot(&self.slots, block).is_err() {
                return; // held
            }
            tail += 1;
            block = ring.after(block);
            ring.tail_block.store(block, Ordering::Relaxed);
            // Before the unlock: as soon as the SDK has the slot, a callback may publish it again and look at the tail.
            ring.tail.0.store(tail, Ordering::Release);
            done.unlocked += 1;
            if !unlock.unlock_oldest() {
                done.refused += 1;
            }
        }
    }
}

/// What one call of `retire` did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retired {
    /// Slots given back.
    pub(crate) unlocked: u64,
    /// Of these, how many the SDK refused.
    pub(crate) refused: u64,
}
