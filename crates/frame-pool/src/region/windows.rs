//! The readers' windows: read-only maps, one a block, at addresses congruent to the block, with guards between.

use std::os::fd::OwnedFd;

use rustix::mm::ProtFlags;

use super::error::{RegionError, refused};
use super::map::Space;
use super::plan::{PAGE, RegionPlan, round_up};

/// All windows of a region.
#[derive(Debug)]
pub(super) struct Windows {
    pub(super) space: Space,
    /// First data byte of each window when it was made.
    pub(super) data: Box<[usize]>,
    /// Whether each has a map of its own, so that it can be put onto another block.
    pub(super) separate: bool,
}

impl Windows {
    /// Maps all windows read-only: each by itself, or all in one map.
    pub(super) fn map(plan: &RegionPlan, file: &OwnedFd, separate: bool) -> Result<Self, RegionError> {
        let span = if separate { plan.windows_span() } else { plan.file_bytes() };
        let space = Space::reserve(span, plan.granule()).map_err(refused("reserving addresses", span))?;
        let count = plan.blocks.saturating_add(plan.reserve);
        let mut data = Vec::with_capacity(count as usize);
        if separate {
            for window in 0..count {
                let data_at = place_window(&space, plan, file, window, plan.block_offset(window));
                data.push(data_at.map_err(refused("mapping a window", plan.block_bytes as u64))?);
            }
        } else {
            let bytes = round_up(span, PAGE);
            let base = space.place(0, bytes, ProtFlags::READ, file, 0);
            let base = base.map_err(refused("mapping the windows", bytes))?.expose_provenance();
            data.extend((0..count).map(|w| base + usize::try_from(plan.block_offset(w)).unwrap_or(0)));
        }
        Ok(Self { space, data: data.into_boxed_slice(), separate })
    }
}

/// Maps every page of the block whose data begins at `offset` of the file into window `window`'s addresses, congruent to the
/// offset, and returns the address of the data.
pub(super) fn place_window(
    space: &Space,
    plan: &RegionPlan,
    file: &OwnedFd,
    window: u32,
    offset: u64,
) -> rustix::io::Result<usize> {
    let first_page = offset & !(PAGE - 1);
    let bytes = round_up(offset + plan.block_bytes as u64, PAGE) - first_page;
    let at = u64::from(window) * plan.window_stride() + first_page % plan.granule();
    let base = space.place(at, bytes, ProtFlags::READ, file, first_page)?;
    Ok(base.expose_provenance() + (offset - first_page) as usize)
}
