//! How full a locked ring was, so that losses to a full ring are told from others.
//!
//! The camera finds no slot when N slots are written and not unlocked. Nobody announces that, but it shows: the frames that are
//! lost to a full ring are those that follow on the frame that filled it. So it is noted which frame filled the ring, or may have:
//!
//! * an announced one, if with it all slots were occupied;
//! * one whose notification was lost, by the count of slots written since;
//! * one that is written but not announced yet, because callbacks lag: its number already stands in the last free slot.
//!
//! Slots are unlocked by another thread as well, at times that callbacks do not see, and a callback that lags sees later unlocks than
//! the camera did when it looked for a slot. Hence what was unlocked since the end of the callback before the last does not count
//! as free. What cannot be known: whether a frame that follows on one that filled the ring was lost to it, or a moment later, when a slot
//! was free again, on its way; it is entered as lost to the ring. And callbacks that lag by more than two retirements of other
//! threads may hide that it was full; then its losses are entered as lost before the host.

use super::delivery::Delivering;
use crate::metadata::FRAME_NUMBER_OFFSET;

/// How full a locked ring was, in slots.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fill {
    /// The camera's number of the last frame that filled the ring, or may have.
    pub(super) full_after: Option<u64>,
    /// Occupied, if nothing was unlocked since the end of the last callback.
    since_last: u32,
    /// Occupied, if nothing was unlocked since the end of the callback before the last.
    since_before: u32,
}

impl Fill {
    /// `slots` slots more were written, of a ring of `count`; the last one holds frame `number`.
    pub(super) fn wrote(&mut self, count: u32, slots: u32, number: u64) {
        self.since_last = self.since_last.saturating_add(slots);
        self.since_before = self.since_before.saturating_add(slots);
        if self.since_before.max(self.since_last) >= count {
            self.full_after = Some(number);
        }
    }

    /// Looks whether frames that are not announced yet have filled the ring: whether its last free slot holds a frame later than
    /// number `camera`. To be called before slots are unlocked.
    pub(super) fn look(&mut self, run: &Delivering, camera: u64) {
        let free = run.slots.count.saturating_sub(self.since_before.max(self.since_last));
        let Some(last) = free.checked_sub(1).filter(|_| run.slots.stamped) else { return };
        let block = run.slots.after(run.stream.next_block(), last.into());
        let mut number = [0; 4];
        run.stream.read_raw(block, FRAME_NUMBER_OFFSET as usize, &mut number);
        let number = u64::from(u32::from_le_bytes(number));
        // Old frames have lower numbers, and what an earlier run left was blanked.
        if number > camera {
            self.full_after = Some(number);
        }
    }

    /// The callback ends with `occupied` slots.
    pub(super) fn turn(&mut self, occupied: u32) {
        self.since_before = self.since_last;
        self.since_last = occupied;
    }
}
