//! Why a picture cannot be shown as asked.

use frame_pool::{Colour, Element, Layout, ViewError};

use crate::{Geometry, GeometryError, PixelFormat};

/// Why frames cannot be converted, or why one was not. Nothing was written, or only a part; the converter can go on.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The source has elements that no video format can be made of.
    #[error(
        "the frames have elements of {element:?} with {bits} significant bits: shown are 1 to 8 bits in U8 and 1 to 16 in U16"
    )]
    Element {
        /// Type of an element.
        element: Element,
        /// Significant bits.
        bits: u8,
    },
    /// The source is neither grey nor a Bayer mosaic.
    #[error("the frames are {colour:?}: shown are Mono and the four Bayer mosaics")]
    Colour {
        /// What the elements mean.
        colour: Colour,
    },
    /// The part to be shown reaches out of the picture, or is empty (a Bayer mosaic needs 2 x 2 pixels).
    #[error(
        "{width} x {height} pixels from column {column}, row {row} on cannot be cut out of {columns} x {rows}: choose a part \
         that lies inside"
    )]
    Crop {
        /// First column.
        column: u32,
        /// First row.
        row: u32,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Columns of the source.
        columns: u32,
        /// Rows of the source.
        rows: u32,
    },
    /// Scaled down by the factor asked for, the picture is still larger than the target.
    #[error(
        "the picture is {width} x {height} pixels after scaling down by {factor} and does not fit {target}: take a larger \
         target, a larger factor, or Scaling::Fit"
    )]
    TooLarge {
        /// Columns after scaling.
        width: u32,
        /// Rows after scaling.
        height: u32,
        /// The factor asked for.
        factor: u32,
        /// What it should fit.
        target: Geometry,
    },
    /// A factor of zero, above 64, or larger than the picture.
    #[error(
        "a picture of {width} x {height} pixels cannot be scaled down by {factor}: take 1 to 64, and no more than its sides"
    )]
    Factor {
        /// The factor asked for.
        factor: u32,
        /// Columns before scaling.
        width: u32,
        /// Rows before scaling.
        height: u32,
    },
    /// A window whose black is not below its white.
    #[error("black {black} is not below white {white}: the window needs at least one grey value between")]
    Window {
        /// Grey value shown black.
        black: u16,
        /// Grey value shown white.
        white: u16,
    },
    /// Percentiles that are not in order, or a smoothing that would never move.
    #[error(
        "percentiles {low} to {high} with smoothing {smoothing}: percentiles must rise within 0 to 100, smoothing must be at \
         least 0 and below 1"
    )]
    Percentile {
        /// Percent of the pixels shown black.
        low: f32,
        /// Percent of the pixels that are not shown white.
        high: f32,
        /// Share of the old window that is kept.
        smoothing: f32,
    },
    /// A gamma outside 0.1 to 10.
    #[error(
        "gamma {gamma} is outside 0.1 to 10; 1 shows grey values in proportion, above 1 lifts the dark ones"
    )]
    Gamma {
        /// The gamma asked for.
        gamma: f32,
    },
    /// A scale bar for pixels of no size.
    #[error("a scale bar for {micrometres_per_pixel} micrometres a pixel: that has to be a number above 0")]
    ScaleBar {
        /// The size asked for.
        micrometres_per_pixel: f64,
    },
    /// A colour map for a format that has no colours, or for a picture that has its own.
    #[error("{format} of {colour:?} frames cannot be shown in false colours: take ColourMap::Grey or ColourMap::Inverted{}", cure(*format, *colour))]
    NoColours {
        /// The format asked for.
        format: PixelFormat,
        /// What the frames' elements mean.
        colour: Colour,
    },
    /// The frame's shape is not the one that the converter was made for.
    #[error(
        "the frame is {} x {} of {:?} {:?}, the converter was made for {} x {} of {:?} {:?}: make one for the new layout",
        actual.columns, actual.rows, actual.colour, actual.element, expected.columns, expected.rows, expected.colour,
        expected.element
    )]
    Layout {
        /// What the converter was made for.
        expected: Layout,
        /// What the frame is.
        actual: Layout,
    },
    /// The buffer for the result has another size than the target.
    #[error("the buffer has {actual} bytes, a frame of {target} has exactly {}", target.frame_bytes())]
    Buffer {
        /// What was to be written.
        target: Geometry,
        /// Bytes of the buffer.
        actual: usize,
    },
    /// A size that no virtual camera shows.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The frame's pixels cannot be looked at.
    #[error(transparent)]
    View(#[from] ViewError),
}

fn cure(format: PixelFormat, colour: Colour) -> &'static str {
    match (format, colour) {
        (PixelFormat::Grey | PixelFormat::Y16, Colour::Mono) => ", or YUYV, NV12, I420, RGB24",
        _ => "",
    }
}
