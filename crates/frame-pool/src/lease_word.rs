//! A word that carries one lease from thread to thread without a locked step, and many clones in one: what mailboxes are made of.

use core::mem::ManuallyDrop;
use core::ptr;

use crate::lease::Lease;
use crate::shared::Shared;
use crate::slot::Slot;
use crate::sync::{AtomicPtr, Ordering};

/// Carries one lease from thread to thread by plain steps, where something else settles whose it is: the positions of a queue, say.
///
/// A lease that is put in and never taken holds its frame for ever: dropping the word drops nothing, and putting another one in
/// forgets it. Owners of such words empty them first.
///
/// ```
/// let word = frame_pool::LeaseWord::default();
/// assert!(word.peek().is_none(), "nothing was put in yet");
/// ```
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
    /// Puts `lease` in; one that is in there is forgotten. Releases: who peeks at it sees what was done before.
    #[inline]
    pub fn put(&self, lease: Lease) {
        self.slot.store(ManuallyDrop::new(lease).as_slot_ptr(), Ordering::Release);
    }

    /// What was put in last, if anything, and no claim to it. It may be another one's lease already. Acquires what came before the put.
    #[inline]
    pub fn peek(&self) -> Unclaimed {
        Unclaimed(self.slot.load(Ordering::Acquire))
    }

    /// Puts what was seen elsewhere in here as well: the lease is still one, whichever word it is claimed from.
    pub fn put_seen(&self, seen: &Unclaimed) {
        self.slot.store(seen.0, Ordering::Release);
    }
}

/// What was seen in a [`LeaseWord`]: no lease yet, perhaps nothing, and forgotten when dropped.
#[derive(Debug)]
pub struct Unclaimed(*mut Slot);

impl Unclaimed {
    /// Whether nothing was put in yet.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_null()
    }

    /// The lease that was put in.
    ///
    /// # Safety
    /// A lease was seen, and it is the caller's: it was still in the word when the caller made it his own, nobody else takes it from
    /// there, this is the only claim to it, and the caller has acquired what was released after it was put in.
    #[inline]
    #[must_use = "dropping a lease gives the frame back"]
    pub unsafe fn claim(self) -> Lease {
        // SAFETY: by contract a lease was put in, so the pointer is one to a slot, and the count that came with it is the caller's, which
        // keeps the slot alive.
        unsafe { Lease::adopt(&*self.0) }
    }
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
