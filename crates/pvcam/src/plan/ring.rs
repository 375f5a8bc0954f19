//! How many slots a ring gets.

use core::time::Duration;

/// Fewest slots of a ring: one being written, one announced, one being read.
pub(crate) const LEAST_SLOTS: u32 = 3;
/// Most slots that are chosen without being asked for.
const MOST_SLOTS: u64 = 1024;
/// Slots that are chosen at least, memory permitting.
const FLOOR: u64 = 32;
/// The SDK takes the size of a buffer as 32 bits.
pub(crate) const MOST_BYTES: u64 = u32::MAX as u64;

/// What the size of a ring is chosen from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingNeeds {
    /// Bytes of one slot, as setup says.
    pub(crate) frame_bytes: u32,
    /// Shortest time between two frames.
    pub(crate) frame_time: Duration,
    /// Bytes that the SDK recommends for the ring, if it does.
    pub(crate) recommended_bytes: Option<u64>,
    /// Bytes that ring and reserve may take together.
    pub(crate) budget: u64,
    /// Reserve blocks wanted beside the ring.
    pub(crate) reserve: u32,
}

/// Slots chosen when the caller asks for none: a second of frames, or what the SDK recommends, or 32, whichever is more;
/// no more than 1024, the SDK's 4 GB, and what the budget leaves. Below [`LEAST_SLOTS`] means that nothing fits.
pub(crate) fn slots_by_default(needs: RingNeeds) -> u32 {
    let frame = u64::from(needs.frame_bytes).max(1);
    let second = match needs.frame_time.as_nanos() {
        0 => MOST_SLOTS,
        ns => u64::try_from(1_000_000_000_u128.div_ceil(ns)).unwrap_or(MOST_SLOTS),
    };
    let recommended = needs.recommended_bytes.map_or(0, |bytes| bytes / frame);
    let wanted = second.max(recommended).clamp(FLOOR, MOST_SLOTS);
    let in_budget = (needs.budget / frame).saturating_sub(u64::from(needs.reserve));
    // At most 1024, so it fits.
    wanted.min(MOST_BYTES / frame).min(in_budget) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: RingNeeds = RingNeeds {
        frame_bytes: 8 << 20,
        frame_time: Duration::from_millis(10),
        recommended_bytes: None,
        budget: 1 << 40,
        reserve: 0,
    };

    #[test]
    fn a_second_of_frames_the_recommendation_or_32_whichever_is_most() {
        assert_eq!(slots_by_default(NEEDS), 100);
        assert_eq!(slots_by_default(RingNeeds { frame_time: Duration::from_millis(100), ..NEEDS }), 32);
        assert_eq!(slots_by_default(RingNeeds { recommended_bytes: Some(200 * (8 << 20)), ..NEEDS }), 200);
    }

    #[test]
    fn limits_of_count_bytes_and_budget_hold() {
        let small = RingNeeds { frame_bytes: 100, frame_time: Duration::ZERO, ..NEEDS };
        assert_eq!(slots_by_default(small), 1024);
        assert_eq!(
            slots_by_default(RingNeeds { frame_time: Duration::from_millis(1), ..NEEDS }),
            511,
            "4 GB"
        );
        assert_eq!(slots_by_default(RingNeeds { budget: 50 * (8 << 20), reserve: 10, ..NEEDS }), 40);
        assert_eq!(slots_by_default(RingNeeds { budget: 8 << 20, reserve: 4, ..NEEDS }), 0, "nothing fits");
    }
}
