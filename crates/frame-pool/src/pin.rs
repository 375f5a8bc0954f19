//! Pins: leases whose memory the keeper must not move, for transfers by the kernel or a device.
//!
//! A repoint is invisible to who reads through the window, but not to who holds the pages themselves: O_DIRECT, io_uring, a
//! GPU or a network card goes on reading the old block, which the camera writes again (measured: torn files). Buffered
//! writes need no pin.

use crate::lease::Lease;
use crate::region::PAGE;
use crate::slot::Slot;
use crate::sync::Ordering;

/// Why a frame could not be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Too many frames are pinned: with one more the ring could come to a halt.
    #[error("{limit} frames of this pool are pinned already, which is the most: release one first")]
    TooMany {
        /// The most pins at a time.
        limit: u32,
    },
}

/// The whole pages around a pinned slot, for transfers that take nothing smaller (O_DIRECT, device mappings).
///
/// A pointer and not a slice: where slots are not whole pages, the first and the last page hold a part of the neighbours, which
/// the camera may be writing. What is transferred beside the slot itself is of no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinnedPages {
    /// First byte of the first page; a multiple of 4096. Readable while the pin lives.
    pub start: *const u8,
    /// Bytes of all pages; a multiple of 4096.
    pub bytes: usize,
    /// Bytes from `start` to the slot's first byte.
    pub slot_at: usize,
}

/// A lease that the keeper does not move. Unpins when dropped.
#[derive(Debug)]
#[must_use = "dropping it unpins the frame"]
pub struct Pinned {
    lease: Lease,
}

impl Pinned {
    /// The lease.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The largest power of two (up to 4096) that divides both the address and the length of the slot: what a direct
    /// transfer of [`Lease::slot_bytes`] may count on.
    #[must_use]
    pub fn alignment(&self) -> usize {
        let bytes = self.lease.slot_bytes();
        let both = bytes.as_ptr().addr() | bytes.len() | 4096;
        1 << both.trailing_zeros()
    }

    /// The whole pages that the slot touches.
    #[must_use]
    pub fn pages(&self) -> PinnedPages {
        let (slot, page) = (self.lease.slot_bytes().as_ptr_range(), PAGE as usize);
        let slot_at = slot.start.addr() % page;
        let bytes = (slot.end.addr() - slot.start.addr() + slot_at).next_multiple_of(page);
        // The address alone: the slice's own right to read ends with the slot, the window's map does not.
        let start = core::ptr::with_exposed_provenance(slot.start.addr() - slot_at);
        PinnedPages { start, bytes, slot_at }
    }
}

impl Lease {
    /// Pins the frame where it lies. While the keeper is moving it this waits for the end of the move (a few milliseconds for
    /// a large frame); afterwards the frame stays until the pin is dropped, at the cost that a slow transfer can hold up the ring.
    ///
    /// # Errors
    /// [`PinError::TooMany`] if a third of the ring is pinned already.
    pub fn pin(&self) -> Result<Pinned, PinError> {
        let shared = self.shared();
        let limit = (shared.ring.blocks() / 3).max(1);
        if shared.pins.fetch_add(1, Ordering::AcqRel) >= limit {
            shared.pins.fetch_sub(1, Ordering::AcqRel);
            return Err(PinError::TooMany { limit });
        }
        while !self.slot().try_pin() {
            crate::sync::yield_now();
        }
        Ok(Pinned { lease: self.clone() })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let shared = self.lease.shared();
        Slot::unpin(self.lease.slot());
        shared.pins.fetch_sub(1, Ordering::AcqRel);
        // The keeper may have given up at this frame, and a full ring has no callback that would wake it.
        shared.bell.ring();
    }
}
