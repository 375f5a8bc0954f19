//! A cell for one lease, taken and filled by several threads without a lock: what mailboxes are made of.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::lease::Lease;
use crate::shared::Shared;
use crate::slot::Slot;
use crate::sync::{AtomicPtr, Ordering};

/// Holds one lease, or none. Any thread may exchange what is in it; each call is one atomic step, whoever else is at it.
///
/// A lease in a cell holds its frame as any other. Dropping the cell drops the lease.
///
/// ```
/// let cell = frame_pool::LeaseCell::empty();
/// assert!(cell.is_empty());
/// assert!(cell.swap(None).is_none());
/// ```
pub struct LeaseCell {
    /// Null, or the slot of a lease whose count this cell owns.
    slot: AtomicPtr<Slot>,
}

// SAFETY: the pointer stands for an owned `Lease`, which is `Send`.
unsafe impl Send for LeaseCell {}
// SAFETY: through `&LeaseCell` leases only move in and out by atomic exchange, so each has one owner; `Lease` is `Send`.
unsafe impl Sync for LeaseCell {}

impl core::panic::RefUnwindSafe for LeaseCell {}
impl core::panic::UnwindSafe for LeaseCell {}

impl Default for LeaseCell {
    fn default() -> Self {
        Self::empty()
    }
}

impl LeaseCell {
    /// A cell with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self { slot: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts in `lease`, or nothing, and takes out what was there. What was done before a `swap` or a `put_if_empty` is seen by
    /// who finds its result in a later one.
    #[inline]
    #[must_use = "what was in the cell comes out"]
    pub fn swap(&self, lease: Option<Lease>) -> Option<Lease> {
        // AcqRel: the lease comes with its record; and who finds the cell empty sees what its emptier did before.
        let old = self.slot.swap(into_raw(lease), Ordering::AcqRel);
        // SAFETY: the exchange took the cell's count out, exactly once.
        unsafe { from_raw(old) }
    }

    /// Puts `lease` in if there is none; otherwise gives it back.
    #[inline]
    #[must_use = "a lease that was not put in comes back"]
    pub fn put_if_empty(&self, lease: Lease) -> Option<Lease> {
        let new = into_raw(Some(lease));
        match self.slot.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => None,
            // SAFETY: `new` was not put in, so its count is still ours.
            Err(_) => unsafe { from_raw(new) },
        }
    }

    /// Whether there is nothing in it at this moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slot.load(Ordering::Relaxed).is_null()
    }
}

impl Drop for LeaseCell {
    fn drop(&mut self) {
        drop(self.swap(None));
    }
}

impl core::fmt::Debug for LeaseCell {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LeaseCell").field("is_empty", &self.is_empty()).finish()
    }
}

/// Carries one lease from thread to thread by plain steps, where something else settles whose it is: the positions of a queue, say.
///
/// A lease that is put in and never taken holds its frame for ever: dropping the word drops nothing, and putting another one in
/// forgets it. Owners of such words empty them first.
#[derive(Debug)]
pub struct LeaseWord {
    slot: AtomicPtr<Slot>,
}

// SAFETY: the pointer stands for a `Lease`, which is `Send`.
unsafe impl Send for LeaseWord {}
// SAFETY: `put` moves a lease in; who takes it out vouches (`unsafe`) for being its one owner. `Lease` is `Send`.
unsafe impl Sync for LeaseWord {}

impl core::panic::RefUnwindSafe for LeaseWord {}
impl core::panic::UnwindSafe for LeaseWord {}

impl Default for LeaseWord {
    fn default() -> Self {
        Self { slot: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl LeaseWord {
    /// Puts `lease` in; one that is in there is forgotten. A relaxed store: publish it by a releasing step that comes after.
    #[inline]
    pub fn put(&self, lease: Lease) {
        self.slot.store(into_raw(Some(lease)), Ordering::Relaxed);
    }

    /// What was put in last, if anything: a relaxed load, and no claim to it. It may be another one's lease already.
    #[inline]
    pub fn peek(&self) -> Option<Unclaimed> {
        NonNull::new(self.slot.load(Ordering::Relaxed)).map(Unclaimed)
    }
}

/// What was seen in a [`LeaseWord`]: no lease yet, and forgotten when dropped.
#[derive(Debug)]
pub struct Unclaimed(NonNull<Slot>);

impl Unclaimed {
    /// The lease that was put in.
    ///
    /// # Safety
    /// The lease that was seen is the caller's: it was still in the word when the caller made it his own, nobody else takes it from
    /// there, this is the only claim to it, and the caller has acquired what was released after it was put in.
    #[inline]
    #[must_use = "dropping a lease gives the frame back"]
    pub unsafe fn claim(self) -> Lease {
        // SAFETY: by contract the count that came with the pointer is the caller's, and it keeps the slot alive.
        unsafe { Lease::adopt(self.0.as_ref()) }
    }
}

/// The slot of a lease, whose count goes with the pointer.
#[inline]
fn into_raw(lease: Option<Lease>) -> *mut Slot {
    lease.map_or(ptr::null_mut(), |lease| ManuallyDrop::new(lease).as_slot_ptr())
}

/// The lease whose count came with the pointer.
///
/// # Safety
/// `slot` came from `into_raw`, and is used once.
#[inline]
unsafe fn from_raw(slot: *mut Slot) -> Option<Lease> {
    let slot = NonNull::new(slot)?;
    // SAFETY: by contract a count comes with the pointer, and it keeps the slot alive.
    Some(unsafe { Lease::adopt(slot.as_ref()) })
}

/// Clones of one lease that were counted all at once; made by [`Lease::clones`]. Those not taken are dropped with it.
#[derive(Debug)]
#[must_use = "clones that are not taken are dropped"]
pub struct Clones<'a> {
    of: &'a Lease,
    left: u32,
}

impl Lease {
    /// `count` clones for the price of one, taken one by one. Aborts as cloning does when there are too many.
    #[inline]
    pub fn clones(&self, count: u32) -> Clones<'_> {
        Shared::retain_slot_by(self.slot(), count);
        Clones { of: self, left: count }
    }
}

impl Iterator for Clones<'_> {
    type Item = Lease;

    #[inline]
    fn next(&mut self) -> Option<Lease> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: `clones` made `count` counts of this slot, and each is handed over once.
        Some(unsafe { Lease::adopt(self.of.slot()) })
    }
}

impl Drop for Clones<'_> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}
