//! The protocol without memory maps, for loom: the same slots, ring, gate, doorbell and owner counts, no frames.
//!
//! Only compiled under `cfg(pool_loom)`. The models in `tests/loom_*.rs` play the SDK with cells of their own, whose accesses
//! loom checks: a slot that is written while somebody reads it is found in every interleaving that allows it.

use std::sync::Arc;

use crate::books::{Books, Counters, LossCause, LossEvent};
use crate::doorbell::Doorbell;
use crate::keeper::{Memory, RepointError, Rescue};
use crate::layout::{Element, Layout};
use crate::lease::Lease;
use crate::record::{Evidence, Record};
use crate::ring::PublishError;
use crate::shared::{Owner, Shared};
use crate::sink::Unlock;
use crate::slot::{IN_RESERVE, OWNER, Slot, TORN};
use crate::sync::Ordering;

/// What a control breaks on purpose, to show that the model beside it can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The gate is a plain try-lock: who comes while it is held is forgotten.
    TryLockGate,
    /// The last drop does not release.
    RelaxedDrop,
    /// The mark that makes a frame an owner neither releases nor acquires.
    RelaxedMark,
    /// Who retires does not mark the held slot at which it stops.
    StopWithoutMark,
    /// The keeper gives the ring block away before its readers look elsewhere.
    VacateBeforeRepoint,
    /// A dropper reads where its frame lies before it gives up its count, and not in the same step.
    MarksReadApart,
    /// A frame that is marked twice, or after its last drop, counts as an owner each time.
    OwnerTwice,
    /// The ring is opened again without asking whether its frames are held.
    RearmUnasked,
    /// The keeper moves pinned frames as well.
    PinsIgnored,
    /// Who starves for a reserve block says so without acquiring what droppers did before.
    RelaxedStarve,
    /// On a ring that overwrites, the keeper does not look at the block again after its readers have left it.
    NoSecondLook,
    /// Who asks for a frame's evidence does not wait for the end of a move.
    AnswerAtOnce,
    /// The head is published without releasing the count of its frame.
    RelaxedHead,
    /// A frame's first lease is counted without releasing what is known of the frame.
    RelaxedFill,
    /// Whether a slot is held is looked up without acquiring what its last dropper did.
    RelaxedLook,
    /// A block goes back to the free set without releasing what was read from it.
    RelaxedGive,
    /// The window that looks at a ring block is replaced without releasing that the frame was copied out.
    RelaxedWindow,
    /// A pin ends without releasing what was transferred.
    RelaxedUnpin,
    /// What is entered in the books may be seen before the sequence has moved.
    UnfencedEntry,
    /// Entries that take more than one step are made beside the sequence counter.
    EntryWithoutSequence,
}

/// The memory of a model: blocks as cells, windows as a table that says which cell each one shows.
pub trait ModelMemory {
    /// Copies ring block `block` to reserve block `reserve`.
    fn copy_out(&self, block: u32, reserve: u32);
    /// Window `window` shows reserve block `reserve` from now on: no reader sees the old block after this returns.
    fn show_reserve(&self, window: u32, reserve: u32);
    /// Window `window` shows ring block `block` from now on.
    fn show_block(&self, window: u32, block: u32);
    /// Whether ring block `block` still is frame `number`'s; only on a ring that overwrites is it ever not.
    fn is_whole(&self, _block: u32, _number: u64) -> bool {
        true
    }
}

/// The memory as the keeper uses it, and a fault.
struct Adapter<'a>(&'a dyn ModelMemory, Fault);

impl Adapter<'_> {
    /// As `timebound::Guarded` does, where the model has no tag to read.
    fn look(&self, block: u32, window: &Slot) {
        // SAFETY: the keeper holds a lease on the window that it moves.
        if !self.0.is_whole(block, unsafe { window.record() }.number) {
            window.refs.fetch_or(TORN, Ordering::AcqRel);
        }
    }
}

impl Memory for Adapter<'_> {
    fn can_repoint(&self) -> bool {
        true
    }
    fn copy_out(&self, block: u32, reserve: u32, window: &Slot) {
        self.0.copy_out(block, reserve);
        self.look(block, window);
    }
    fn confirm(&self, block: u32, window: &Slot) {
        if self.1 != Fault::NoSecondLook {
            self.look(block, window);
        }
    }
    fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError> {
        self.0.show_reserve(window.window, reserve);
        Ok(())
    }
    fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError> {
        self.0.show_block(window.window, block);
        Ok(())
    }
}

/// A pool without memory.
#[derive(Debug, Clone)]
pub struct ModelPool(Owner);

impl ModelPool {
    /// `blocks` ring windows and `reserve` reserve windows.
    #[must_use]
    pub fn new(blocks: u32, reserve: u32) -> Self {
        Self::broken(blocks, reserve, Fault::None)
    }

    /// The same with a fault.
    #[must_use]
    pub fn broken(blocks: u32, reserve: u32, fault: Fault) -> Self {
        Self(Owner::new_broken(blocks, reserve, record(0), fault))
    }

    /// The control of the teardown model: frees the pool as soon as the ring is empty, whoever still drops.
    pub fn free_when_ring_is_empty(&self) {
        if self.0.ring.occupied() == 0 {
            let _ = self.0.alive.write_ptr();
        }
    }

    /// Publishes frame `number` in the next block of a locked ring.
    ///
    /// # Errors
    /// As `Stream::publish`.
    pub fn publish(&self, number: u64) -> Result<Lease, PublishError> {
        let shared: &Shared = &self.0;
        let block = shared.ring.next_block();
        let slot = shared.ring.next_free(block)?;
        // SAFETY: seen at 0; the model calls this from one thread at a time.
        let _ = unsafe { slot.fill(0, |to| *to = record(number)) };
        shared.ring.advance_head(block);
        // SAFETY: one count from `fill`.
        Ok(unsafe { Lease::adopt(slot) })
    }

    /// Publishes frame `number` in a reserve window, as the copier does.
    #[must_use]
    pub fn publish_copy(&self, number: u64) -> Option<(u32, Lease)> {
        let shared: &Shared = &self.0;
        let index = shared.free.take()?;
        let slot = shared.window_at(index)?;
        shared.retain();
        // SAFETY: taken from the free set, so the count is 0 and this thread is its one publisher.
        let _ = unsafe { slot.fill(IN_RESERVE | OWNER, |to| *to = record(number)) };
        // SAFETY: one count from `fill`.
        Some((index, unsafe { Lease::adopt(slot) }))
    }

    /// The keeper moves ring block `block`: true if it did.
    pub fn rescue(&self, memory: &dyn ModelMemory, block: u32) -> bool {
        matches!(self.0.rescue(&Adapter(memory, self.0.fault), block), Rescue::Done { .. })
    }

    /// The keeper found no free reserve block and wants to be told of the next. True if there is one: look again.
    #[must_use]
    pub fn starve(&self) -> bool {
        self.0.starve()
    }

    /// Through which window a lease looks.
    #[must_use]
    pub fn window(lease: &Lease) -> u32 {
        lease.slot().window
    }

    /// Whether a reserve window is free, with acquire ordering.
    #[must_use]
    pub fn has_free_reserve(&self) -> bool {
        self.0.free.free() > 0
    }

    /// The block of the next position.
    #[must_use]
    pub fn next_block(&self) -> u32 {
        self.0.ring.next_block()
    }

    /// Stops and opens the ring again: frames that are held move into the reserve, or this is refused with how many stay. Only
    /// while nobody publishes, retires or rescues.
    ///
    /// # Errors
    /// The number of blocks still held.
    pub fn rearm(&self, memory: &dyn ModelMemory) -> Result<(), u32> {
        self.0.rearm(Some(&Adapter(memory, self.0.fault)))
    }

    /// Whether the pool is gone, asked of its bell: a pool that nobody owns any more must be.
    #[must_use]
    pub fn is_freed(bell: &std::sync::Weak<Doorbell>) -> bool {
        bell.strong_count() == 0
    }

    /// Retires through the gate.
    pub fn retire(&self, unlock: &dyn Unlock) {
        self.0.retire(unlock, |_| ());
    }

    /// The doorbell of the service thread.
    #[must_use]
    pub fn bell(&self) -> Arc<Doorbell> {
        Arc::clone(&self.0.bell)
    }

    /// Occupied slots.
    #[must_use]
    pub fn occupied(&self) -> u64 {
        self.0.ring.occupied()
    }
}

/// The books of a callback, and who reads them meanwhile.
#[derive(Debug)]
pub struct ModelBooks(Counters);

impl ModelBooks {
    /// Empty ones, with a fault.
    #[must_use]
    pub fn broken(fault: Fault) -> Self {
        Self(Counters::new_broken(fault))
    }

    /// Frame `number` was delivered.
    pub fn delivered(&self, number: u64) {
        self.0.delivered(number);
    }

    /// `count` frames from `first` on never came.
    pub fn lost(&self, first: u64, count: u64) {
        self.0.lost(LossEvent { cause: LossCause::InCamera, first, count });
    }

    /// The frame that was delivered last; for who enters.
    #[must_use]
    pub fn last_delivered(&self) -> u64 {
        self.0.last_delivered()
    }

    /// What they say now.
    #[must_use]
    pub fn read(&self) -> Books {
        self.0.snapshot()
    }
}

fn record(number: u64) -> Record {
    Record::new(number, Layout::mono(Element::U8, 8, 0, 0), Evidence::Locked)
}
