//! One window's bookkeeping: how many leases look through it, what they see, and what is known of the frame.

use crate::record::Record;
use crate::shared::Shared;
use crate::sync::{AtomicU64, AtomicUsize, Cell, Ordering};

/// Set in [`Slot::refs`] while the window looks at a reserve block instead of a ring block. It lives in the same word as
/// the count, so that the last dropper learns both in one step: read apart, the slot could be published again between.
pub(crate) const IN_RESERVE: u64 = 1 << 63;
/// The count's part of [`Slot::refs`].
pub(crate) const COUNT: u64 = IN_RESERVE - 1;
/// Above this many leases of one frame the process aborts, as `Arc` does: a wrapped count would free a read slot.
pub(crate) const MOST_LEASES: u64 = i32::MAX as u64;

/// Bookkeeping of one window. A [`crate::Lease`] is a pointer to one of these.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Slot {
    /// Leases out (low bits) and where the window looks ([`IN_RESERVE`]).
    pub(crate) refs: AtomicU64,
    /// Address of the slot's first byte as readers see it. Changes only while no lease is out.
    address: AtomicUsize,
    /// Written by the publisher before the count leaves 0, read by holders of a lease.
    record: Cell<Record>,
    /// The pool this slot belongs to; set once before anything is published.
    owner: Cell<*const Shared>,
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
    pub(crate) fn count(&self) -> u64 {
        self.refs.load(Ordering::Acquire) & COUNT
    }

    /// Writes what is known of the next frame.
    ///
    /// # Safety
    /// The caller is the slot's one publisher, saw the count at 0 with acquire ordering, and has not published yet.
    pub(crate) unsafe fn write_record(&self, record: Record) {
        // SAFETY: by contract no lease exists, so nobody reads, and there is one publisher.
        unsafe { self.record.write_ptr().write(record) }
    }

    /// What is known of the frame.
    ///
    /// # Safety
    /// The caller holds a lease on this slot for as long as the reference lives.
    pub(crate) unsafe fn record(&self) -> &Record {
        // SAFETY: while a lease is out nobody writes the record (see `write_record`).
        unsafe { &*self.record.read_ptr() }
    }
}
