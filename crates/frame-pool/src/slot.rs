//! One window's bookkeeping: how many leases look through it, what they see, and what is known of the frame.

use crate::record::Record;
use crate::shared::Shared;
use crate::stream::number_of;
use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Cell, Ordering, order};

/// Set in [`Slot::refs`] while the window looks at a reserve block instead of a ring block. It lives in the same word as
/// the count, so that the last dropper learns both in one step: read apart, the slot could be published again between.
pub(crate) const IN_RESERVE: u64 = 1 << 62;
/// Set in [`Slot::refs`] while the frame owns one count of the pool: its last dropper has something to do, and gives it up. The sign
/// of the word, so that all other droppers ask the cheapest of questions.
pub(crate) const OWNER: u64 = 1 << 63;
/// Set in [`Slot::refs`], with [`OWNER`], when the service thread waits for this frame's last drop.
pub(crate) const TELL: u64 = 1 << 61;
/// Set in [`Slot::refs`] of a frame that was written over while it was moved out of an overwriting ring.
pub(crate) const TORN: u64 = 1 << 60;
/// The count's part of [`Slot::refs`]: its low half, so that looking at it costs next to nothing.
pub(crate) const COUNT: u64 = u32::MAX as u64;
/// Set in [`Slot::pins`] while the keeper moves the frame.
const RESCUING: u32 = 1 << 31;
/// Above this many leases of one frame the process aborts, as `Arc` does: a wrapped count would free a read slot.
pub(crate) const MOST_LEASES: u64 = i32::MAX as u64;

/// Bookkeeping of one window. A [`crate::Lease`] is a pointer to one of these.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Slot {
    /// Leases out (low bits), and the marks [`IN_RESERVE`], [`OWNER`], [`TELL`] and [`TORN`].
    pub(crate) refs: AtomicU64,
    /// Address of the slot's first byte as readers see it. Changes only while no lease is out.
    address: AtomicUsize,
    /// Written by the publisher before the count leaves 0, read by holders of a lease.
    record: Cell<Record>,
    /// The pool this slot belongs to; set once before anything is published.
    owner: Cell<*const Shared>,
    /// The reserve block the window looks at, while [`IN_RESERVE`] is set.
    home: AtomicU32,
    /// Pins out, or [`RESCUING`].
    pins: AtomicU32,
    /// Which window this is.
    pub(crate) window: u32,
}

// SAFETY: `record` is written only by the one publisher while the count is 0 (it learned of 0 by an acquire load that
// synchronises with the last dropper's release), and read only by holders of a lease, whose count was made non-zero after
// the write with release ordering on the way (ring head, queue or the count itself). `owner` is written once before the slot
// is shared and only read afterwards; the pointer is to a `Shared`, which is itself `Sync`. All else is atomic.
unsafe impl Sync for Slot {}
// SAFETY: the slot owns nothing that is bound to a thread: `owner` is a back pointer to a `Shared` (Send + Sync) that outlives it.
unsafe impl Send for Slot {}

impl Slot {
    pub(crate) fn new(window: u32, record: Record) -> Self {
        Self {
            refs: AtomicU64::new(0),
            address: AtomicUsize::new(0),
            record: Cell::new(record),
            owner: Cell::new(core::ptr::null()),
            home: AtomicU32::new(0),
            pins: AtomicU32::new(0),
            window,
        }
    }

    /// Ties the slot to its pool.
    ///
    /// # Safety
    /// Nothing else may use the slot yet, and `owner` must outlive it.
    pub(crate) unsafe fn adopt(&self, owner: *const Shared) {
        // SAFETY: by contract nobody else reads or writes the cell now.
        unsafe { self.owner.write_ptr().write(owner) }
    }

    /// The pool this slot belongs to.
    pub(crate) fn owner(&self) -> *const Shared {
        // SAFETY: written once by `adopt` before the slot was shared; only read since.
        unsafe { *self.owner.read_ptr() }
    }

    /// Address of the first byte of the slot as readers see it.
    pub(crate) fn address(&self) -> *const u8 {
        core::ptr::with_exposed_provenance(self.address.load(Ordering::Relaxed))
    }

    /// Points the window's leases at `address`. Only while no lease is out.
    pub(crate) fn set_address(&self, address: *const u8) {
        self.address.store(address.expose_provenance(), Ordering::Relaxed);
    }

    /// Leases out now.
    #[inline]
    pub(crate) fn count(&self) -> u64 {
        // Acquire: what the last reader did is done before who finds the slot free lets it be written.
        self.refs.load(order!(self.fault(), RelaxedLook, Acquire)) & COUNT
    }

    /// Makes the first lease count of a frame, of which `write` notes what is known; `marks` as in [`Slot::refs`]. A frame that is
    /// marked as an owner has been counted by [`Shared::retain`] before. Answers with the frame's number.
    ///
    /// # Safety
    /// The caller is the slot's one publisher and saw its count at 0 with acquire ordering.
    #[inline]
    pub(crate) unsafe fn fill(&self, marks: u64, write: impl FnOnce(&mut Record)) -> u64 {
        // SAFETY: by contract no lease exists, so nobody reads, and there is one publisher. A record is always there, since `new`.
        let record = unsafe { &mut *self.record.write_ptr() };
        write(record);
        let number = number_of(record);
        // Release: who takes a lease of its own (the keeper) reads the record that was written above.
        self.refs.store(marks | 1, order!(self.fault(), RelaxedFill, Release));
        number
    }

    /// What is known of the frame.
    ///
    /// # Safety
    /// The caller holds a lease on this slot for as long as the reference lives.
    pub(crate) unsafe fn record(&self) -> &Record {
        // SAFETY: while a lease is out nobody writes the record (see `fill`).
        unsafe { &*self.record.read_ptr() }
    }

    /// The reserve block the window looks at. Only the keeper and the last dropper, who have the slot to themselves, ask.
    pub(crate) fn home(&self) -> u32 {
        self.home.load(Ordering::Relaxed)
    }

    /// The window looks at reserve block `home` from now on.
    pub(crate) fn set_home(&self, home: u32) {
        self.home.store(home, Ordering::Relaxed);
    }

    /// One more lease, unless the last one is gone already.
    pub(crate) fn try_retain(&self) -> bool {
        let mut now = self.refs.load(Ordering::Relaxed);
        while now & COUNT != 0 {
            match self.refs.compare_exchange_weak(now, now + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// The keeper begins to move the frame, unless it is pinned.
    pub(crate) fn begin_rescue(&self) -> bool {
        #[cfg(pool_loom)]
        if self.fault() == crate::model::Fault::PinsIgnored {
            return true;
        }
        self.pins.compare_exchange(0, RESCUING, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Whether the keeper is moving the frame.
    pub(crate) fn is_moving(&self) -> bool {
        self.pins.load(Ordering::Acquire) & RESCUING != 0
    }

    /// The keeper is done.
    pub(crate) fn end_rescue(&self) {
        self.pins.store(0, Ordering::Release);
    }

    /// Forbids moving the frame until `unpin`. False while the keeper moves it: ask again, it takes a few milliseconds.
    pub(crate) fn try_pin(&self) -> bool {
        let mut now = self.pins.load(Ordering::Relaxed);
        while now & RESCUING == 0 {
            match self.pins.compare_exchange_weak(now, now + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Takes one pin back.
    pub(crate) fn unpin(&self) {
        // Release: the transfer is over before the keeper gives the block away.
        self.pins.fetch_sub(1, order!(self.fault(), RelaxedUnpin, Release));
    }

    /// What a control breaks on purpose.
    #[cfg(pool_loom)]
    fn fault(&self) -> crate::model::Fault {
        // SAFETY: the pool is adopted before the slot is shared, outlives it, and its fault is not written any more.
        unsafe { (*self.owner()).fault }
    }
}
