//! From the camera's pixel format to a layout.

use std::sync::Arc;

use frame_pool::{Colour, Element, Layout, RegionLayout};
use pvcam_sys as sys;

use crate::error::ArmError;
use crate::metadata::{FRAME_HEADER_BYTES, REGION_HEADER_BYTES};
use crate::plan::{Binning, Region};

/// What the camera tells of its pixels after setup.
#[derive(Debug, Clone, Copy)]
pub(super) struct PixelFormat {
    /// `PL_IMAGE_FORMATS` code, as it arrives in memory.
    pub(super) format: i32,
    /// `PL_COLOR_MODES` code.
    pub(super) colour: i32,
    /// Significant bits.
    pub(super) bit_depth: u8,
}

impl PixelFormat {
    /// The layouts of the regions of a frame, one behind the other: each has a header of its own before its pixels.
    pub(super) fn layouts(
        self,
        regions: impl Iterator<Item = Region>,
        binning: Binning,
        metadata: bool,
    ) -> Result<Arc<[RegionLayout]>, ArmError> {
        let mut behind: Option<Layout> = None;
        regions
            .map(|region| {
                let mut layout = self.layout(region, binning, metadata)?;
                if let Some(before) = behind {
                    let offset = before.end() + REGION_HEADER_BYTES as u64;
                    let too_far = |_| ArmError::FrameBytes { told: u32::MAX, needed: offset };
                    layout = layout.at_offset(u32::try_from(offset).map_err(too_far)?);
                }
                behind = Some(layout);
                let found = RegionLayout::new(layout, region.column.into(), region.row.into());
                Ok(found.binned(binning.columns, binning.rows))
            })
            .collect()
    }

    /// The layout of the first region of a frame.
    pub(super) fn layout(self, region: Region, binning: Binning, metadata: bool) -> Result<Layout, ArmError> {
        let unsupported = ArmError::Format { format: self.format, colour: self.colour };
        let element = match self.format {
            sys::PL_IMAGE_FORMAT_MONO8 | sys::PL_IMAGE_FORMAT_BAYER8 => Element::U8,
            sys::PL_IMAGE_FORMAT_MONO16 | sys::PL_IMAGE_FORMAT_BAYER16 => Element::U16,
            sys::PL_IMAGE_FORMAT_MONO32 | sys::PL_IMAGE_FORMAT_BAYER32 => Element::U32,
            _ => return Err(unsupported),
        };
        let mosaic = matches!(
            self.format,
            sys::PL_IMAGE_FORMAT_BAYER8 | sys::PL_IMAGE_FORMAT_BAYER16 | sys::PL_IMAGE_FORMAT_BAYER32
        );
        // Bins of a mosaic mix its colours.
        let colour = if mosaic && binning == Binning::NONE {
            pattern(self.colour, region.column % 2 == 1, region.row % 2 == 1).ok_or(unsupported)?
        } else {
            Colour::Mono
        };
        let (columns, rows) = binning.picture(region);
        let mut layout = Layout::mono(element, self.bit_depth, rows.into(), columns.into());
        layout.colour = colour;
        if metadata {
            // Both are small.
            layout = layout.at_offset((FRAME_HEADER_BYTES + REGION_HEADER_BYTES) as u32);
        }
        Ok(layout)
    }
}

/// The mosaic as seen from a first pixel in an odd column or row of the sensor.
fn pattern(code: i32, odd_column: bool, odd_row: bool) -> Option<Colour> {
    // Bit 0: the first row begins with the second colour of its pair; bit 1: it is the blue row.
    let at_origin = match code {
        sys::COLOR_RGGB => 0,
        sys::COLOR_GRBG => 1,
        sys::COLOR_GBRG => 2,
        sys::COLOR_BGGR => 3,
        _ => return None,
    };
    let seen = at_origin ^ u8::from(odd_column) ^ (u8::from(odd_row) << 1);
    Some(match seen {
        0 => Colour::BayerRggb,
        1 => Colour::BayerGrbg,
        2 => Colour::BayerGbrg,
        _ => Colour::BayerBggr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two pixels of the first two rows.
    fn letters(colour: Colour) -> [&'static str; 2] {
        match colour {
            Colour::BayerRggb => ["RG", "GB"],
            Colour::BayerGrbg => ["GR", "BG"],
            Colour::BayerGbrg => ["GB", "RG"],
            Colour::BayerBggr => ["BG", "GR"],
            _ => ["", ""],
        }
    }

    #[test]
    fn a_mosaic_seen_from_an_odd_pixel_is_the_shifted_mosaic() {
        for code in [sys::COLOR_RGGB, sys::COLOR_GRBG, sys::COLOR_GBRG, sys::COLOR_BGGR] {
            let [top, bottom] = letters(pattern(code, false, false).unwrap());
            let swap = |row: &str| row.chars().rev().collect::<String>();
            assert_eq!(letters(pattern(code, true, false).unwrap()), [swap(top), swap(bottom)]);
            assert_eq!(letters(pattern(code, false, true).unwrap()), [bottom, top]);
            assert_eq!(letters(pattern(code, true, true).unwrap()), [swap(bottom), swap(top)]);
        }
    }

    #[test]
    fn regions_lie_behind_one_another_each_with_a_header() {
        let format = PixelFormat { format: sys::PL_IMAGE_FORMAT_MONO16, colour: 0, bit_depth: 12 };
        let regions = [Region::new(0, 0, 10, 6), Region::new(40, 8, 4, 4), Region::new(20, 30, 2, 2)];
        let layouts = format.layouts(regions.into_iter(), Binning::new(2, 2), true).unwrap();
        let places: Vec<_> = layouts.iter().map(|region| region.layout.offset).collect();
        assert_eq!(places, [80, 80 + 30 + 32, 80 + 30 + 32 + 8 + 32]);
        assert_eq!((layouts[1].column, layouts[1].row, layouts[1].bin_columns), (40, 8, 2));
    }

    #[test]
    fn pixels_lie_behind_the_two_headers_and_unknown_formats_are_refused() {
        let format = PixelFormat { format: sys::PL_IMAGE_FORMAT_MONO16, colour: 0, bit_depth: 11 };
        let layout = format.layout(Region::new(0, 0, 10, 6), Binning::new(2, 3), true).unwrap();
        assert_eq!((layout.columns, layout.rows, layout.offset, layout.bit_depth), (5, 2, 80, 11));
        let rgb = PixelFormat { format: sys::PL_IMAGE_FORMAT_RGB48, ..format };
        assert!(matches!(
            rgb.layout(Region::new(0, 0, 1, 1), Binning::NONE, false),
            Err(ArmError::Format { .. })
        ));
    }
}
