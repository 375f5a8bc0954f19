//! A small ring for a probe: the SDK writes it, we only look, and only by volatile reads.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::metadata::FRAME_NUMBER_OFFSET;

/// Bytes behind the ring: old drivers ran over the end.
const SLACK: usize = 4096;
const ALIGN: usize = 4096;

/// Page-aligned memory of a few slots. Leaked, not freed, unless [`ProbeRing::free`] is called: only after a clean stop
/// it is certain that nobody writes there any more.
pub(super) struct ProbeRing {
    start: NonNull<u8>,
    layout: Layout,
    slot_bytes: usize,
    slots: u32,
}

impl ProbeRing {
    /// `None` if there is no such memory.
    pub(super) fn new(slot_bytes: u32, slots: u32) -> Option<Self> {
        let slot_bytes = slot_bytes as usize;
        let bytes = slot_bytes.checked_mul(slots as usize)?.checked_add(SLACK)?;
        let layout = Layout::from_size_align(bytes, ALIGN).ok()?;
        // SAFETY: the layout is not empty: there is at least the slack.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self { start, layout, slot_bytes, slots })
    }

    pub(super) fn pointer(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Bytes of all slots, for the SDK.
    pub(super) fn bytes(&self) -> u32 {
        // A probe's ring is small; the SDK takes 32 bits.
        u32::try_from(self.slot_bytes * self.slots as usize).unwrap_or(0)
    }

    /// What lies in a slot now.
    pub(super) fn read(&self, slot: u32) -> Vec<u8> {
        let from = (slot % self.slots.max(1)) as usize * self.slot_bytes;
        let byte = |at: usize| {
            // SAFETY: inside the allocation: the slot is below the number of slots, the byte below the size of one. Volatile,
            // because the device may write it meanwhile.
            unsafe { self.start.as_ptr().add(from + at).read_volatile() }
        };
        (0..self.slot_bytes).map(byte).collect()
    }

    /// The camera's frame number in a slot; `None` if the slot does not begin with metadata.
    pub(super) fn number(&self, slot: u32) -> Option<u32> {
        number_in(&self.read(slot))
    }

    /// Frees the memory.
    ///
    /// # Safety
    /// Nobody writes to it any more.
    pub(super) unsafe fn free(self) {
        // SAFETY: allocated with this very layout; by contract nobody uses it.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// The camera's frame number at the start of a slot.
pub(super) fn number_in(slot: &[u8]) -> Option<u32> {
    let word = |at: usize| Some(u32::from_le_bytes(slot.get(at..at + 4)?.try_into().ok()?));
    if word(0)? != pvcam_sys::PL_MD_FRAME_SIGNATURE {
        return None;
    }
    word(FRAME_NUMBER_OFFSET as usize)
}
