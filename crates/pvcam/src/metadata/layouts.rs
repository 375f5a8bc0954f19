//! From the headers in a slot to layouts of its regions, which a lease views.

use frame_pool::{Colour, Layout, RegionLayout};

use super::{FrameMetadata, MetadataError, RegionMetadata};
use crate::plan::{Binning, Region};

impl<'a> FrameMetadata<'a> {
    /// Where the pixels of each region lie, for [`frame_pool::Lease::regions`]. `like` tells what the headers do not: element type,
    /// bit depth, and the colours as seen from the first region's first pixel; that is the lease's own layout.
    /// Regions without pixels are left out.
    ///
    /// Each item may be a [`MetadataError::RegionBytes`]: the region's pixels are not as many as its size and `like` make.
    ///
    /// ```
    /// # use pvcam::metadata::lease_metadata;
    /// /// The brightest pixel of each region, with the region's place on the sensor.
    /// fn peaks(frame: &frame_pool::Lease) -> Option<Vec<((u32, u32), u16)>> {
    ///     let layouts = lease_metadata(frame)?.region_layouts(frame.layout());
    ///     let layouts: Result<Vec<_>, _> = layouts.collect();
    ///     let regions = frame.regions(layouts.ok()?);
    ///     regions.map(|r| Some((r.origin(), *r.pixels::<u16>().ok()?.iter().max()?))).collect()
    /// }
    /// ```
    pub fn region_layouts(
        &self,
        like: &Layout,
    ) -> impl Iterator<Item = Result<RegionLayout, MetadataError>> + use<'a> {
        let like = *like;
        let first = self.regions().next().map(|region| region.header.region);
        let with_pixels = self.regions().zip(0..).filter(|(region, _)| !region.header.header_only);
        with_pixels.map(move |(part, index)| layout(&part, index, &like, first.unwrap_or(part.header.region)))
    }
}

fn layout(
    part: &RegionMetadata<'_>,
    index: u16,
    like: &Layout,
    first: Region,
) -> Result<RegionLayout, MetadataError> {
    let (region, binning) = (part.header.region, part.header.binning);
    let (columns, rows) = binning.picture(region);
    let mut layout = Layout::mono(like.element, like.bit_depth, rows.into(), columns.into());
    layout.origin = like.origin;
    if binning == Binning::NONE {
        layout.colour =
            shifted(like.colour, (region.column ^ first.column) % 2, (region.row ^ first.row) % 2);
        // Several elements a pixel, where the camera sends colours.
        layout.row_stride = u32::try_from(layout.row_bytes()).unwrap_or(u32::MAX);
    }
    let wrong = |needed| MetadataError::RegionBytes { index, needed, found: part.pixels.len() };
    if layout.pixel_bytes() != part.pixels.len() as u64 {
        return Err(wrong(layout.pixel_bytes()));
    }
    // Slots are smaller than 4 GiB; what is not cannot be told in a layout.
    let offset = u32::try_from(part.offset).map_err(|_| wrong(layout.pixel_bytes()))?;
    let found = RegionLayout::new(layout.at_offset(offset), region.column.into(), region.row.into());
    Ok(found.binned(binning.columns, binning.rows))
}

/// A mosaic as seen from a pixel that is an odd number of columns or rows away.
fn shifted(colour: Colour, columns: u16, rows: u16) -> Colour {
    let in_order = [Colour::BayerRggb, Colour::BayerGrbg, Colour::BayerGbrg, Colour::BayerBggr];
    let Some(at) = in_order.iter().position(|&pattern| pattern == colour) else { return colour };
    // Bit 0: the first row begins with the second colour of its pair; bit 1: it is the blue row.
    in_order.get(at ^ usize::from(columns) ^ (usize::from(rows) << 1)).copied().unwrap_or(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mosaic_is_shifted_by_odd_steps_and_grey_is_not() {
        assert_eq!(shifted(Colour::BayerRggb, 0, 0), Colour::BayerRggb);
        assert_eq!(shifted(Colour::BayerRggb, 1, 0), Colour::BayerGrbg);
        assert_eq!(shifted(Colour::BayerRggb, 0, 1), Colour::BayerGbrg);
        assert_eq!(shifted(Colour::BayerGrbg, 1, 1), Colour::BayerGbrg);
        assert_eq!(shifted(Colour::BayerBggr, 1, 0), Colour::BayerGbrg);
        assert_eq!(shifted(Colour::Mono, 1, 1), Colour::Mono);
    }
}
