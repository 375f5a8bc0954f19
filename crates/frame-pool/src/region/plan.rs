//! How much memory and how many maps a region will take, known before anything is allocated.

/// Bytes of the small page that every map is a multiple of.
pub(crate) const PAGE: u64 = 4096;
/// Bytes of a huge page on x86-64.
pub(crate) const HUGE_PAGE: u64 = 2 << 20;
/// Blocks from this size on are laid out for huge pages.
const HUGE_FROM: u64 = 1 << 20;
/// Above this many windows, they share one map (a map each would use up the system's limit of maps).
const MOST_SEPARATE: u32 = 4096;

/// Whether the region asks for 2 MiB pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HugePages {
    /// Ask for them, and spend up to this many milliseconds on collapsing small pages. A machine that refuses is used
    /// with small pages: slower to read, never wrong.
    Try {
        /// Upper bound of the time spent, in milliseconds (collapsing costs about 2.8 ms per MiB).
        budget_ms: u32,
    },
    /// Small pages.
    No,
}

/// Shape of the memory of a pool: N ring blocks that the SDK writes, R reserve blocks for copies.
///
/// ```
/// use frame_pool::RegionPlan;
/// let plan = RegionPlan::new(8_388_688, 32, 8); // 2048 x 2048 x 16 bit with 80 bytes of metadata
/// let cost = plan.cost();
/// assert!(cost.bytes >= 40 * 8_388_688 && cost.maps == 3 + 3 + 2 * 40 + 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionPlan {
    /// Bytes of one block: what the SDK's setup says one frame takes. At least 1.
    pub block_bytes: usize,
    /// Ring blocks (N). At least 1.
    pub blocks: u32,
    /// Reserve blocks (R), for copies and rescues. 0 is legal for a ring that never needs a copy.
    pub reserve: u32,
    /// Bytes behind the ring that are mapped for the SDK but belong to no block: old drivers ran over the end.
    pub slack_bytes: usize,
    /// Whether to ask for 2 MiB pages.
    pub huge_pages: HugePages,
}

/// What a plan takes, exactly. The pool's own bookkeeping (a few hundred bytes a block) and the stack of its service thread
/// (two maps) come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionCost {
    /// Bytes of memory.
    pub bytes: u64,
    /// Maps of the process (the system allows `vm.max_map_count`, 65530 by default), guards counted. Moving frames out of the
    /// ring does not change their number.
    pub maps: u32,
    /// Bytes of address space (`RLIMIT_AS`, unlimited by default): each block is seen twice, with room around it.
    pub addresses: u64,
}

impl RegionPlan {
    /// A plan with 64 bytes of slack that tries huge pages for half a second.
    #[must_use]
    pub const fn new(block_bytes: usize, blocks: u32, reserve: u32) -> Self {
        Self { block_bytes, blocks, reserve, slack_bytes: 64, huge_pages: HugePages::Try { budget_ms: 500 } }
    }

    /// What it will take. Saturates instead of overflowing, so that an absurd plan is over every budget.
    #[must_use]
    pub fn cost(&self) -> RegionCost {
        self.cost_with(self.separate_windows())
    }

    /// The same with windows that have a map each, or share one.
    pub(crate) fn cost_with(&self, separate: bool) -> RegionCost {
        let bytes = self.file_bytes();
        let spaces = 2 + u32::from(self.reserve > 0);
        let windows = if separate { self.windows_span() } else { bytes };
        // The ring's map, the reserve's and the windows' between two guard pages each. Behind each separate window is a gap, and
        // the last gap and the guard are one.
        let maps = if separate { self.windows().saturating_mul(2).saturating_add(1) } else { 3 };
        let addresses = bytes.saturating_add(windows).saturating_add(u64::from(spaces) * 2 * PAGE);
        RegionCost { bytes, maps: maps.saturating_add(3 * (spaces - 1)), addresses }
    }

    /// Windows: one a block.
    pub(crate) const fn windows(&self) -> u32 {
        self.blocks.saturating_add(self.reserve)
    }

    /// Addresses from one separate window to the next: its pages, room for any congruence, and a gap.
    pub(crate) fn window_stride(&self) -> u64 {
        let pages = (self.block_bytes as u64).saturating_add(2 * PAGE);
        round_up(pages, self.granule()).saturating_add(2 * self.granule())
    }

    /// Addresses of all separate windows.
    pub(crate) fn windows_span(&self) -> u64 {
        self.window_stride().saturating_mul(self.windows().into())
    }

    /// Bytes that the ring takes for the SDK: N x B, without slack.
    #[must_use]
    pub const fn ring_bytes(&self) -> u64 {
        (self.block_bytes as u64).saturating_mul(self.blocks as u64)
    }

    /// Windows sit at addresses that are congruent to their block modulo this many bytes.
    pub(crate) const fn granule(&self) -> u64 {
        if self.block_bytes as u64 >= HUGE_FROM { HUGE_PAGE } else { PAGE }
    }

    /// Whether each window has a map of its own, so that it can be repointed.
    pub(crate) const fn separate_windows(&self) -> bool {
        self.windows() <= MOST_SEPARATE
    }

    /// Where the reserve begins in the file.
    pub(crate) fn reserve_offset(&self) -> u64 {
        round_up(self.ring_bytes().saturating_add(self.slack_bytes as u64), self.granule())
    }

    /// Bytes from one reserve block to the next: a block and one granule, so that any congruence fits.
    pub(crate) fn reserve_stride(&self) -> u64 {
        round_up(self.block_bytes as u64, self.granule()).saturating_add(self.granule())
    }

    /// Bytes of the whole file.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.reserve_offset().saturating_add(self.reserve_stride().saturating_mul(u64::from(self.reserve)))
    }

    /// Where block `index` (ring blocks first, then reserve blocks) begins in the file.
    pub(crate) fn block_offset(&self, index: u32) -> u64 {
        if index < self.blocks {
            u64::from(index) * self.block_bytes as u64
        } else {
            self.reserve_offset() + u64::from(index - self.blocks) * self.reserve_stride()
        }
    }
}

/// `value` rounded up to a multiple of `unit` (a power of two), saturating.
pub(crate) const fn round_up(value: u64, unit: u64) -> u64 {
    match value.checked_add(unit - 1) {
        Some(v) => v & !(unit - 1),
        None => !(unit - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absurd_plan_saturates_instead_of_wrapping() {
        let plan = RegionPlan::new(usize::MAX, u32::MAX, u32::MAX);
        assert!(plan.cost().bytes > 1 << 62);
    }

    #[test]
    fn blocks_do_not_overlap() {
        let plan = RegionPlan::new(1_200_080, 5, 3);
        let offsets: Vec<u64> = (0..8).map(|i| plan.block_offset(i)).collect();
        for pair in offsets.windows(2) {
            assert!(pair[1] - pair[0] >= 1_200_080);
        }
        assert!(offsets[5] >= plan.ring_bytes() + 64, "the slack lies before the reserve");
        assert!(offsets[7] + plan.reserve_stride() <= plan.file_bytes());
    }
}
