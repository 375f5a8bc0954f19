//! Frames of several regions: each region has a layout of its own inside the slot, and a place on the sensor.

use crate::layout::Layout;
use crate::picture::Picture;

/// One region of a frame: where its pixels lie in the slot, and where on the sensor they come from. Plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegionLayout {
    /// The region's pixels in the slot; `offset` counts from the start of the slot.
    pub layout: Layout,
    /// Sensor column of the first pixel, unbinned, from 0.
    pub column: u32,
    /// Sensor row of the first pixel, unbinned, from 0.
    pub row: u32,
    /// Sensor columns summed into one picture column, at least 1.
    pub bin_columns: u16,
    /// Sensor rows summed into one picture row, at least 1.
    pub bin_rows: u16,
}

impl RegionLayout {
    /// An unbinned region whose first pixel is sensor pixel (`column`, `row`).
    #[must_use]
    pub const fn new(layout: Layout, column: u32, row: u32) -> Self {
        Self { layout, column, row, bin_columns: 1, bin_rows: 1 }
    }

    /// The same region, each of whose pixels is the sum of `columns` x `rows` sensor pixels.
    #[must_use]
    pub const fn binned(mut self, columns: u16, rows: u16) -> Self {
        self.bin_columns = columns;
        self.bin_rows = rows;
        self
    }
}

/// One region of a frame, borrowed from the slot: all views of [`Picture`], and the region's place on the sensor.
#[derive(Debug, Clone, Copy)]
pub struct RegionView<'a> {
    picture: Picture<'a>,
    region: RegionLayout,
}

impl<'a> RegionView<'a> {
    pub(crate) fn new(slot: &'a [u8], region: RegionLayout) -> Self {
        Self { picture: Picture::new(slot, region.layout), region }
    }

    /// What is known of the region.
    #[must_use]
    pub const fn region(&self) -> &RegionLayout {
        &self.region
    }

    /// Sensor column and sensor row of its first pixel, unbinned, from 0.
    #[must_use]
    pub const fn origin(&self) -> (u32, u32) {
        (self.region.column, self.region.row)
    }

    /// Sensor columns and sensor rows of one of its pixels.
    #[must_use]
    pub const fn binning(&self) -> (u16, u16) {
        (self.region.bin_columns, self.region.bin_rows)
    }
}

impl<'a> core::ops::Deref for RegionView<'a> {
    type Target = Picture<'a>;

    fn deref(&self) -> &Picture<'a> {
        &self.picture
    }
}
