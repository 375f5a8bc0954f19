//! Where in the ring a frame lies, by the evidence at hand.
//!
//! Slots are written one after the other, so the frame after the last one lies in the next slot: unless notifications were
//! lost (their slots were written all the same), frames were lost before the ring (they have no slot), or both. The camera's own
//! frame number in the slot tells which, and the SDK can be asked for the address of the frame that it announces.

use core::ffi::c_void;
use core::ptr::null_mut;

use frame_pool::Stream;
use pvcam_sys::{FRAME_INFO, PV_OK};

use super::context::Context;
use crate::metadata::{FRAME_HEADER_BYTES, FRAME_NUMBER_OFFSET, REGION_HEADER_BYTES};

/// What the start of a slot says of the frame in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The camera's frame number.
    pub(super) number: u64,
    /// Bytes from the start of the slot to the pixels.
    pub(super) pixels_at: u32,
}

/// The slots as the callback sees them.
pub(super) struct Slots {
    /// Address of the first slot, to compare with.
    pub(super) start: usize,
    pub(super) count: u32,
    pub(super) bytes: u32,
    /// Whether the camera writes its frame number into each slot, and nothing alters it on the way.
    pub(super) stamped: bool,
}

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: u32,
    /// Slots between the expected one and this: written, but not announced.
    pub(super) ahead: u32,
    pub(super) stamp: Option<Stamp>,
    /// Whether evidence told the place, and not only the rule.
    pub(super) proven: bool,
}

const SIGNATURE_BYTES: usize = 4;

impl Slots {
    /// The slot `ahead` slots after `from`.
    pub(super) fn after(&self, from: u32, ahead: u64) -> u32 {
        // The remainder is below a u32.
        ((u64::from(from) + ahead) % u64::from(self.count.max(1))) as u32
    }

    /// How many slots `block` lies after `from`.
    pub(super) fn distance(&self, from: u32, block: u32) -> u32 {
        let count = self.count.max(1);
        (block + count - from % count) % count
    }

    /// What the camera stamped on a slot. The device may write it at this very moment: this is evidence, not data.
    pub(super) fn stamp(&self, stream: &Stream, block: u32) -> Option<Stamp> {
        if !self.stamped {
            return None;
        }
        let mut raw = [0_u8; FRAME_HEADER_BYTES];
        stream.read_raw(block, 0, &mut raw);
        let word = |at: usize| {
            let bytes: [u8; 4] = raw.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        let signed = word(0)? == pvcam_sys::PL_MD_FRAME_SIGNATURE;
        let version = *raw.get(SIGNATURE_BYTES)?;
        if !signed || version == 0 {
            return None;
        }
        let extended = u16::from_le_bytes([*raw.get(38)?, *raw.get(39)?]);
        let region_at = FRAME_HEADER_BYTES + usize::from(extended);
        let mut more = [0_u8; 2];
        stream.read_raw(block, region_at + 23, &mut more);
        let pixels_at = region_at + REGION_HEADER_BYTES + usize::from(u16::from_le_bytes(more));
        Some(Stamp {
            number: word(FRAME_NUMBER_OFFSET as usize)?.into(),
            // At most 2 x 65,535 and 80.
            pixels_at: pixels_at as u32,
        })
    }

    /// Asks the SDK where the frame lies that it is announcing. `None` if it does not say, or speaks of another frame.
    pub(super) fn ask(&self, context: &Context, number: u64) -> Option<u32> {
        let (mut frame, mut info): (*mut c_void, _) = (null_mut(), FRAME_INFO::default());
        // SAFETY: both pointers are to live values of the types that the call fills. No lock: this is the callback's thread,
        // where the call is legal, and the error code is not read.
        let told = unsafe { (context.api.pl_exp_get_latest_frame_ex)(context.handle, &mut frame, &mut info) };
        if i32::from(told) != PV_OK || i64::from(info.FrameNr) != i64::try_from(number).ok()? {
            return None;
        }
        let offset = frame.addr().checked_sub(self.start)?;
        let bytes = self.bytes as usize;
        if bytes == 0 || offset % bytes != 0 {
            return None;
        }
        u32::try_from(offset / bytes).ok().filter(|block| *block < self.count)
    }

    /// Looks for the frame with camera number `wanted` from slot `from` on, at most `most` slots further.
    ///
    /// Whatever was written after the last frame filled the slots in order: the first of them is certainly new, and each one
    /// behind a slot that is new and too old for the frame is new as well. So nothing left over from an earlier run is ever
    /// taken for it.
    pub(super) fn find(&self, stream: &Stream, from: u32, most: u64, last: u64, wanted: u64) -> Option<u32> {
        let mut newest = last;
        for ahead in 0..=most.min(u64::from(self.count.saturating_sub(1))) {
            let number = self.stamp(stream, self.after(from, ahead))?.number;
            if number == wanted {
                // Below the count of slots, a u32.
                return Some(ahead as u32);
            }
            if number > wanted || number <= newest {
                return None;
            }
            newest = number;
        }
        None
    }
}
