//! What the pool, its streams and all live leases share, and who keeps it alive.
//!
//! Handles (the pool, its streams) keep it alive, all of them together by one owner count. A frame has none as long as there are
//! handles, so publishing and dropping cost nothing for it. A frame *becomes* an owner, by a mark in the very word that counts
//! its leases, when its last drop has something to do afterwards or may come after the last handle: when it moves to
//! the reserve, when the service thread wants to be told, when the last handle goes. Mark and drop are steps on one word: either
//! the drop sees the mark and gives the owner count up, or the marker sees that the frame is gone. A dropper that saw no mark
//! touches nothing after its step. (Freeing at tail == head instead is a use after free; the models have it as a control.)

use std::sync::Arc;

use crate::clock::Clock;
use crate::doorbell::Doorbell;
use crate::free::FreeSet;
use crate::record::Record;
use crate::region::Region;
use crate::ring::Ring;
use crate::slot::{COUNT, IN_RESERVE, MOST_LEASES, OWNER, Slot, TELL};
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, order};

/// Slots, ring order, free reserve and memory of one pool.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Handles: the pool and its streams.
    handles: AtomicU32,
    /// One for all handles together, and one for each frame that is marked as an owner.
    owners: AtomicU32,
    pub(crate) slots: Box<[Slot]>,
    pub(crate) ring: Ring,
    /// Free reserve blocks.
    pub(crate) free: FreeSet,
    /// Which window looks at each reserve block. An entry belongs to who took the block from `free`, or leases it.
    window_at: Box<[AtomicU32]>,
    /// Held while a frame is moved: there is one keeper at a time. Never taken by a callback or a reader.
    #[cfg(not(pool_loom))]
    pub(crate) keeper: parking_lot::Mutex<()>,
    /// Pins out in the whole pool.
    pub(crate) pins: AtomicU32,
    /// How long frames of an overwriting ring are good, in the present run.
    pub(crate) clock: Clock,
    /// Counts the runs for which the ring was given out.
    pub(crate) run: AtomicU64,
    /// Wakes the service thread.
    pub(crate) bell: Arc<Doorbell>,
    /// Set: the keeper or the copier waits for a free reserve block.
    starving: AtomicU32,
    /// The memory. Models have none.
    pub(crate) region: Option<Region>,
    /// Written when the pool is freed and read by each last dropper: loom reports a dropper that comes too late.
    #[cfg(pool_loom)]
    pub(crate) alive: crate::sync::Cell<()>,
    /// What a control breaks on purpose.
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

impl Drop for Shared {
    fn drop(&mut self) {
        #[cfg(pool_loom)]
        let _ = self.alive.write_ptr();
    }
}

/// A handle that keeps [`Shared`] alive.
#[derive(Debug)]
pub(crate) struct Owner(core::ptr::NonNull<Shared>);

// SAFETY: an `Owner` is a counted pointer to `Shared`, whose parts are atomics, immutable data and `Slot`s (Send + Sync);
// the count is atomic, so handles may be dropped on any thread.
unsafe impl Send for Owner {}
// SAFETY: as above: `&Owner` gives only `&Shared`.
unsafe impl Sync for Owner {}

impl Owner {
    /// A pool of `blocks` ring windows and `reserve` reserve windows, over `region` (models have none).
    pub(crate) fn new(blocks: u32, reserve: u32, blank: Record, region: Option<Region>) -> Self {
        let slots: Box<[Slot]> = (0..blocks + reserve).map(|w| Slot::new(w, blank)).collect();
        if let Some(region) = &region {
            for slot in &slots {
                slot.set_address(region.window_data(slot.window));
            }
        }
        let shared = Box::new(Shared {
            handles: AtomicU32::new(1),
            owners: AtomicU32::new(1),
            slots,
            ring: Ring::new(blocks),
            free: FreeSet::all_free(reserve),
            window_at: (blocks..blocks + reserve).map(AtomicU32::new).collect(),
            #[cfg(not(pool_loom))]
            keeper: parking_lot::Mutex::new(()),
            pins: AtomicU32::new(0),
            clock: Clock::default(),
            run: AtomicU64::new(0),
            bell: Arc::new(Doorbell::new()),
            starving: AtomicU32::new(0),
            region,
            #[cfg(pool_loom)]
            alive: crate::sync::Cell::new(()),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        });
        let shared = core::ptr::NonNull::from(Box::leak(shared));
        // SAFETY: just made from a box, valid and not yet shared.
        let inside = unsafe { shared.as_ref() };
        for slot in &inside.slots {
            slot.set_home(slot.window.saturating_sub(blocks));
            // SAFETY: the slots live inside `Shared` and nobody else knows of them yet.
            unsafe { slot.adopt(shared.as_ptr()) };
            // SAFETY: ring and slots are parts of one `Shared`.
            unsafe { inside.ring.set_slot(slot.window, slot) };
        }
        Self(shared)
    }
}

#[cfg(pool_loom)]
impl Owner {
    /// A pool without memory that has a fault.
    pub(crate) fn new_broken(blocks: u32, reserve: u32, blank: Record, fault: crate::model::Fault) -> Self {
        let this = Self::new(blocks, reserve, blank, None);
        // SAFETY: just made; nobody else knows of it.
        let shared = unsafe { &mut *this.0.as_ptr() };
        (shared.fault, shared.ring.fault, shared.free.fault) = (fault, fault, fault);
        this
    }
}

impl core::ops::Deref for Owner {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        // SAFETY: while there is a handle, the handles' owner count is held, and `Shared` lives until all counts are gone.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Owner {
    fn clone(&self) -> Self {
        // Relaxed: whoever clones holds a handle already, as with `Arc`.
        self.handles.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // AcqRel: the last one sees all that was done through the others.
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.orphan_frames();
            // SAFETY: the handles' one count, given up by the last handle, which is not used again.
            unsafe { Shared::release_owner(self.0.as_ptr()) }
        }
    }
}

impl Shared {
    /// Marks a leased frame, and makes it an owner of the pool. False if its last lease is gone: then its dropper has not seen
    /// the mark, and never will. The caller holds a handle.
    pub(crate) fn mark(&self, slot: &Slot, mark: u64) -> bool {
        self.owners.fetch_add(1, Ordering::Relaxed);
        let before = slot.refs.fetch_or(OWNER | mark, self.mark_order());
        let leased = before & COUNT != 0;
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::OwnerTwice {
            return leased;
        }
        if !leased || before & OWNER != 0 {
            // Not needed. The handle's count keeps this from being the last.
            self.owners.fetch_sub(1, Ordering::Relaxed);
        }
        leased
    }

    /// The last handle goes: frames that are still leased keep the pool alive from now on. Nobody publishes any more.
    fn orphan_frames(&self) {
        for slot in &self.slots {
            if slot.count() != 0 {
                let _ = self.mark(slot, 0);
            }
        }
    }

    /// One more owner, for a frame that is published as one.
    pub(crate) fn retain(&self) {
        // Relaxed: the caller holds a handle.
        self.owners.fetch_add(1, Ordering::Relaxed);
    }

    /// One owner less; the last frees the pool.
    ///
    /// # Safety
    /// `this` came from [`Owner::new`], and the caller owns one count, which it gives up.
    unsafe fn release_owner(this: *const Self) {
        // SAFETY: the caller's count keeps it alive up to here.
        let owners = unsafe { &(*this).owners };
        // Release: what this owner did comes before the end; acquire: the end comes after what all others did.
        if owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: the last count is gone.
            unsafe { Self::free(this) }
        }
    }

    /// Who needs a free reserve block and found none wants to be told. True if there is one after all: look again.
    pub(crate) fn starve(&self) -> bool {
        // Acquire: the block of a dropper who came to this word first, and saw nobody starve, is seen below.
        self.starving.swap(1, order!(self.fault, RelaxedStarve, AcqRel));
        self.free.free() > 0
    }

    /// Frees the pool.
    ///
    /// # Safety
    /// The owner count reached 0 by the caller's acquiring step: no handle, stream or lease is left.
    unsafe fn free(this: *const Self) {
        // SAFETY: by contract; the box came from `Owner::new`.
        drop(unsafe { Box::from_raw(this.cast_mut()) });
    }

    /// One more lease on a slot that has at least one.
    #[inline]
    pub(crate) fn retain_slot(slot: &Slot) {
        Self::retain_slot_by(slot, 1);
    }

    /// So many leases more, in one step.
    #[inline]
    pub(crate) fn retain_slot_by(slot: &Slot, leases: u32) {
        // Relaxed: whoever clones holds a lease already, as with `Arc`.
        let before = slot.refs.fetch_add(leases.into(), Ordering::Relaxed) & COUNT;
        if before + u64::from(leases) > MOST_LEASES {
            too_many();
        }
    }

    /// One lease less; the last one makes the slot vacant, and may free the pool with the slot in it: hence the pointer.
    ///
    /// # Safety
    /// The caller owns one lease on `slot`, gives it up, and does not touch the slot afterwards.
    #[inline]
    pub(crate) unsafe fn release_slot(slot: *const Slot) {
        #[cfg(pool_loom)]
        // SAFETY: the caller's lease keeps slot and pool alive until the next step.
        let _ = unsafe { (*(*slot).owner()).alive.read_ptr() };
        #[cfg(pool_loom)]
        // SAFETY: as above.
        let marks_read_apart = unsafe { Self::marks_read_apart(slot) };
        // SAFETY: the caller's lease keeps the slot alive until its count goes in this step.
        let before = unsafe { (*slot).refs.fetch_sub(1, Self::drop_order(slot)) };
        #[cfg(pool_loom)]
        let before = if let Some(marks) = marks_read_apart { marks | before & COUNT } else { before };
        debug_assert!(before & COUNT != 0, "a lease was dropped twice");
        // Not marked (a sign, `OWNER`): nothing to do, and nothing may be touched. The publisher acquires when it sees the 0.
        if before.cast_signed() < 0 {
            // SAFETY: the frame was marked as an owner when the caller gave up its lease.
            unsafe { Self::gave_up(slot, before) }
        }
    }

    /// A lease of a frame that is marked as an owner is gone; `before` says how many there were, and the marks.
    ///
    /// # Safety
    /// The caller took one off the count and found [`OWNER`] set. If it was the last, the frame's owner count is the caller's to give
    /// up; if not, nothing may be touched.
    #[cold]
    unsafe fn gave_up(slot: *const Slot, before: u64) {
        if before & COUNT != 1 {
            return;
        }
        let marks = before & !COUNT;
        fence(Ordering::Acquire);
        // SAFETY: the frame's owner count keeps pool and slots alive. A slot in the ring may be published again by others from
        // here on, but `owner` never changes; one in the reserve is nobody else's until its block is given back.
        let (owner, home) = unsafe { ((*slot).owner(), (*slot).home()) };
        // SAFETY: as above.
        let shared = unsafe { &*owner };
        #[cfg(pool_loom)]
        let _ = shared.alive.read_ptr();
        let mut tell = marks & TELL != 0;
        if marks & IN_RESERVE != 0 {
            shared.free.give(home);
            // After the block was given: who began to starve before this step is told, who does later finds the block.
            tell |= shared.starving.swap(0, Ordering::AcqRel) != 0;
        }
        if tell {
            shared.bell.ring();
        }
        // SAFETY: the frame's count, which the caller owns; neither pool nor slot is touched afterwards.
        unsafe { Self::release_owner(owner) }
    }

    /// The control: marks that are read in a step of their own.
    ///
    /// # Safety
    /// The caller owns one lease on `slot`.
    #[cfg(pool_loom)]
    unsafe fn marks_read_apart(slot: *const Slot) -> Option<u64> {
        // SAFETY: the caller's lease keeps slot and pool alive.
        let (slot, shared) = unsafe { (&*slot, &*(*slot).owner()) };
        let apart = shared.fault == crate::model::Fault::MarksReadApart;
        apart.then(|| slot.refs.load(Ordering::Relaxed) & !COUNT)
    }

    /// Release: what this reader did with the bytes happens before whoever writes them next. A control weakens it.
    #[inline]
    fn drop_order(slot: *const Slot) -> Ordering {
        #[cfg(pool_loom)]
        // SAFETY: the caller's lease keeps slot and pool alive.
        if unsafe { (*(*slot).owner()).fault } == crate::model::Fault::RelaxedDrop {
            return Ordering::Relaxed;
        }
        let _ = slot;
        Ordering::Release
    }

    /// AcqRel: releases what the dropper will need, acquires what it did if it was first. A control weakens it.
    fn mark_order(&self) -> Ordering {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::RelaxedMark {
            return Ordering::Relaxed;
        }
        Ordering::AcqRel
    }

    /// The window that looks at reserve block `index`.
    pub(crate) fn window_at(&self, index: u32) -> Option<&Slot> {
        let window = self.window_at.get(index as usize)?.load(Ordering::Acquire);
        self.slots.get(window as usize)
    }

    /// Window `window` looks at reserve block `index` from now on.
    pub(crate) fn set_window_at(&self, index: u32, window: u32) {
        if let Some(entry) = self.window_at.get(index as usize) {
            entry.store(window, Ordering::Release);
        }
    }
}

/// Clones that are forgotten in a loop would wrap the count and free a slot that is being read. This does not unwind, and callers prepare
/// nothing for that.
#[cold]
extern "C" fn too_many() -> ! {
    std::process::abort()
}
