//! The lease: a shared, read-only hold on one frame where it lies.

use core::ptr::NonNull;

use crate::record::Record;
use crate::shared::Shared;
use crate::slot::Slot;

/// A hold on one frame. While any clone of it lives, the frame's bytes stay where they are and do not change.
///
/// One pointer in size. Clone it, send it to other threads, keep it, drop it in any order and on any thread; the slot
/// goes back to the camera after the last clone is dropped, by itself. Cloning and dropping are an atomic add each: no
/// lock, no allocation. Cloning aborts the process when more than `i32::MAX` clones of one frame exist (clones forgotten
/// in a loop), as `Arc` does.
///
/// The bytes are the whole slot as the SDK wrote it, headers included ([`Lease::slot_bytes`]); the picture inside is
/// described by [`Lease::layout`] and lent by [`Lease::pixels`], [`Lease::rows`] and their relatives.
///
/// Forking: a child process does not inherit the memory; touching a lease there is a fault.
///
/// ```
/// # use frame_pool::{Element, Layout, Lease};
/// fn mean(lease: &Lease) -> Option<f64> {
///     let pixels = lease.pixels::<u16>().ok()?;
///     Some(pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / pixels.len() as f64)
/// }
/// ```
#[must_use = "dropping a lease gives the frame back"]
pub struct Lease {
    slot: NonNull<Slot>,
}

// SAFETY: a lease gives shared access to bytes that do not change while it lives, to a record that is not written while it
// lives, and its counts are atomic; so it may be used from and dropped on any thread.
unsafe impl Send for Lease {}
// SAFETY: as above; `&Lease` gives nothing more than a clone would.
unsafe impl Sync for Lease {}

impl core::panic::RefUnwindSafe for Lease {}
impl core::panic::UnwindSafe for Lease {}

impl Lease {
    /// Takes over one count of `slot`.
    ///
    /// # Safety
    /// The caller owns one lease count of the slot and hands it over.
    #[inline]
    pub(crate) unsafe fn adopt(slot: &Slot) -> Self {
        Self { slot: NonNull::from(slot) }
    }

    #[inline]
    pub(crate) fn slot(&self) -> &Slot {
        // SAFETY: this lease holds a count of the slot, which keeps the pool's memory alive: as long as there are handles by them,
        // and the last handle makes every leased frame an owner.
        unsafe { self.slot.as_ref() }
    }

    /// The slot as a pointer. Who forgets the lease has its count in hand.
    #[inline]
    pub(crate) fn as_slot_ptr(&self) -> *mut Slot {
        self.slot.as_ptr()
    }

    pub(crate) fn shared(&self) -> &Shared {
        // SAFETY: as above: the pool lives until after the last lease.
        unsafe { &*self.slot().owner() }
    }

    /// What is known of the frame: numbers, times, evidence.
    #[must_use]
    pub fn record(&self) -> &Record {
        // SAFETY: the reference borrows this lease.
        unsafe { self.slot().record() }
    }

    /// All bytes of the slot, exactly as the camera's driver wrote them: metadata, pixels, padding.
    #[must_use]
    pub fn slot_bytes(&self) -> &[u8] {
        let Some(region) = &self.shared().region else { return &[] };
        // SAFETY: the window maps all pages of its block, `block_bytes` from `address` on, for as long as the region lives, which is
        // longer than this lease. Nobody writes the bytes while a lease is out: the block is locked or frozen (ring) or no longer
        // the copier's (reserve); that is what the evidence in the record states. On a time-bound ring it is what the caller
        // vouched for who armed it (`unsafe`).
        unsafe { core::slice::from_raw_parts(self.slot().address(), region.plan().block_bytes) }
    }

    /// Clones of this frame's lease that exist now, this one included. Only a hint while others clone and drop.
    #[must_use]
    pub fn holders(&self) -> u64 {
        self.slot().count()
    }

    /// Presets the count, so that a test can come near its limit without 2^31 clones.
    ///
    /// # Safety
    /// The count no longer says how many leases exist: no lease of this frame may be dropped afterwards (forget them, or let
    /// the process end).
    #[doc(hidden)]
    pub unsafe fn preset_count_for_test(&self, count: u64) {
        use crate::slot::COUNT;
        use crate::sync::Ordering;
        let now = self.slot().refs.load(Ordering::Relaxed);
        self.slot().refs.store(now & !COUNT | count & COUNT, Ordering::Relaxed);
    }
}

impl Clone for Lease {
    #[inline]
    fn clone(&self) -> Self {
        Shared::retain_slot(self.slot());
        Self { slot: self.slot }
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this lease owns one count, gives it up here, and is gone afterwards.
        unsafe { Shared::release_slot(self.slot.as_ptr()) }
    }
}

impl AsRef<[u8]> for Lease {
    /// The whole slot, as [`Lease::slot_bytes`].
    fn as_ref(&self) -> &[u8] {
        self.slot_bytes()
    }
}

impl core::fmt::Debug for Lease {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let r = self.record();
        f.debug_struct("Lease")
            .field("number", &r.number)
            .field("epoch", &r.epoch)
            .field("rows", &r.layout.rows)
            .field("columns", &r.layout.columns)
            .field("evidence", &r.evidence)
            .finish_non_exhaustive()
    }
}
