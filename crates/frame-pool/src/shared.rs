//! What the pool, its streams and all live leases share, and who keeps it alive.
//!
//! One owner count for each handle and one for each live frame: the last dropper still touches the ring and the doorbell
//! after its slot went vacant, so the memory must not go with the slot (freeing at tail == head is a use after free;
//! the models have it as a control).

use crate::bell::Bell;
use crate::free::FreeSet;
use crate::record::Record;
use crate::region::Region;
use crate::ring::Ring;
use crate::slot::{COUNT, IN_RESERVE, MOST_LEASES, Slot};
use crate::sync::{AtomicU32, AtomicU64, Line, Ordering, fence};

/// Slots, ring order, free reserve and memory of one pool.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Low half: owners (handles and live frames). High half: the ring's head, modulo 2^32. In one word, so that publishing and
    /// the last drop cost one read-modify-write each, and so that of a publisher and a dropper one always sees the other.
    life: Line<AtomicU64>,
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
    /// Wakes the service thread.
    pub(crate) bell: Bell,
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
        self.bell.retire();
        #[cfg(pool_loom)]
        let _ = self.alive.write_ptr();
    }
}

/// The owners' part of `Shared::life`.
const OWNERS: u64 = u32::MAX as u64;
/// One step of the head in `Shared::life`.
const HEAD_STEP: u64 = OWNERS + 1;

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
            life: Line(AtomicU64::new(1)),
            slots,
            ring: Ring::new(blocks),
            free: FreeSet::all_free(reserve),
            window_at: (blocks..blocks + reserve).map(AtomicU32::new).collect(),
            #[cfg(not(pool_loom))]
            keeper: parking_lot::Mutex::new(()),
            pins: AtomicU32::new(0),
            bell: Bell::new(),
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
        shared.fault = fault;
        this
    }
}

impl core::ops::Deref for Owner {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        // SAFETY: this handle holds one owner count, and `Shared` lives until the count is 0.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Owner {
    fn clone(&self) -> Self {
        self.retain();
        Self(self.0)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // SAFETY: this handle holds one count and is not used again.
        unsafe { Shared::release_owner(self.0.as_ptr()) }
    }
}

impl Shared {
    /// One more owner (a handle or a live frame).
    pub(crate) fn retain(&self) {
        // Relaxed: whoever retains already owns, as with `Arc`.
        self.life.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One more live frame, in the next block of the ring.
    pub(crate) fn retain_at_head(&self) {
        // AcqRel: a dropper whose own step came first is acquired here, and its vacancy is seen by the retire that follows.
        self.life.0.fetch_add(1 + HEAD_STEP, Ordering::AcqRel);
        self.ring.advance_head();
    }

    /// The next block of the ring was written, but has no frame for anybody.
    pub(crate) fn skip_head(&self) {
        self.life.0.fetch_add(HEAD_STEP, Ordering::AcqRel);
        self.ring.advance_head();
    }

    /// The ring starts over at position 0. Only while nothing is published, retired or leased in it.
    pub(crate) fn reset_ring(&self) {
        self.life.0.fetch_and(OWNERS, Ordering::AcqRel);
        self.ring.reset();
    }

    /// One owner less; the last frees the pool.
    ///
    /// # Safety
    /// `this` came from [`Owner::new`], and the caller owns one count, which it gives up.
    pub(crate) unsafe fn release_owner(this: *const Self) {
        // SAFETY: the caller's count keeps it alive up to here.
        let life = unsafe { &(*this).life.0 };
        if life.fetch_sub(1, Ordering::AcqRel) & OWNERS == 1 {
            // SAFETY: the last count is gone.
            unsafe { Self::free(this) }
        }
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
    pub(crate) fn retain_slot(slot: &Slot) {
        // Relaxed: whoever clones holds a lease already, as with `Arc`.
        let before = slot.refs.fetch_add(1, Ordering::Relaxed) & COUNT;
        if before >= MOST_LEASES {
            // Clones that are forgotten in a loop would wrap the count and free a slot that is being read.
            std::process::abort();
        }
    }

    /// One lease less; the last one makes the slot vacant, and may free the pool with the slot in it: hence the pointer.
    ///
    /// # Safety
    /// The caller owns one lease on `slot`, gives it up, and does not touch the slot afterwards.
    pub(crate) unsafe fn release_slot(slot: *const Slot) {
        // SAFETY: the caller's lease keeps the slot alive until its count goes in the next step.
        let (owner, window) = unsafe { ((*slot).owner(), (*slot).window) };
        // SAFETY: as above; nothing of the slot is touched through this pointer afterwards.
        let before = unsafe { (*slot).refs.fetch_sub(1, Self::drop_order(owner)) };
        if before & COUNT != 1 {
            return;
        }
        fence(Ordering::Acquire);
        // From here a ring slot may be published again by others: only `owner` and `window`, read before, are used. A slot in the
        // reserve is nobody else's until its block is given back.
        // SAFETY: the frame's own owner count (taken when it was published) is still held.
        let shared = unsafe { &*owner };
        if before & IN_RESERVE != 0 {
            let home = shared.slots.get(window as usize).map_or(u32::MAX, Slot::home);
            shared.free.give(home);
        }
        #[cfg(pool_loom)]
        let _ = shared.alive.read_ptr();
        // What the wake needs is read before this owner's count goes: the pool may be freed right after. A stale tail is smaller,
        // which wakes once too often; the bell outlives the pool.
        let (bell, ring) = (shared.bell.clone(), &shared.ring);
        let (tail, blocks) = (ring.tail_low(), ring.blocks());
        let was = shared.life.0.fetch_sub(1, shared.life_order());
        // So many slots are occupied that no callback may come to retire: the vacant slot, or the free reserve block, is what the
        // service thread waits for. Of a publisher and a dropper one steps later on `life`. If it is the dropper, it sees how full
        // the ring is; if it is the publisher, it acquired this vacancy, and its callback's own retire sees it.
        if head_low(was).wrapping_sub(tail).saturating_add(2) >= blocks {
            bell.ring();
        }
        if was & OWNERS == 1 {
            // SAFETY: this was the last count, and the step acquired what all others released.
            unsafe { Self::free(owner) }
        }
    }

    /// Release: what this reader did with the bytes happens before whoever writes them next. A control weakens it.
    fn drop_order(owner: *const Self) -> Ordering {
        #[cfg(pool_loom)]
        // SAFETY: the caller's lease keeps the pool alive.
        if unsafe { (*owner).fault } == crate::model::Fault::RelaxedDrop {
            return Ordering::Relaxed;
        }
        let _ = owner;
        Ordering::Release
    }

    /// AcqRel: releases the vacancy to a publisher whose step comes later, acquires for who frees. A control weakens it.
    fn life_order(&self) -> Ordering {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::RelaxedLife {
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

    /// Makes the first lease count of a frame on `slot`. The frame's owner count is the caller's next step.
    ///
    /// # Safety
    /// The caller is the slot's one publisher and saw its count at 0 with acquire ordering.
    #[inline]
    pub(crate) unsafe fn fill(&self, slot: &Slot, record: &Record, home: u64) {
        // SAFETY: by contract.
        unsafe { slot.write_record(record) };
        slot.refs.store(home | 1, Ordering::Release);
    }
}

/// The head's part of `Shared::life`.
fn head_low(life: u64) -> u32 {
    (life >> 32) as u32
}
