//! A word that carries one lease from thread to thread without a locked step, and many clones in one: what mailboxes are made of.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

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
    /// Puts `lease` in; one that is in there is forgotten. A relaxed store: publish it by a releasing step that comes after.
    #[inline]
    pub fn put(&self, lease: Lease) {
        self.slot.store(ManuallyDrop::new(lease).as_slot_ptr(), Ordering::Relaxed);
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
