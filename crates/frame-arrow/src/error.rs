//! Why frames could not be made into batches.

use arrow_schema::ArrowError;
use frame_pool::{Layout, MemoryOrder, ViewError};

/// Why columns could not be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// No region was named.
    #[error("a frame without a region has no pixels: name at least one")]
    NoRegion,
    /// The region's memory is tiled.
    #[error("region {region} is tiled ({order:?}): convert it to linear memory first")]
    NotLinear {
        /// Number of the region, from 1.
        region: usize,
        /// The order in the layout.
        order: MemoryOrder,
    },
    /// Empty, or more elements than a fixed-size list can have.
    #[error("region {region} has {elements} elements; a column holds 1 to {} of them", i32::MAX)]
    Size {
        /// Number of the region, from 1.
        region: usize,
        /// Rows x columns x elements of a pixel.
        elements: u64,
    },
    /// Arrow refused the constant columns.
    #[error("arrow refused a constant column")]
    Arrow(#[from] ArrowError),
}

/// Why a frame could not be made into a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The frame is of another shape, element type or colour than the schema was made for.
    #[error(
        "frame {number} is {found:?}, but the schema was made for {expected:?}: make a schema for each set-up"
    )]
    Shape {
        /// Frame number, as the host counts.
        number: u64,
        /// What the schema was made for.
        expected: Box<Layout>,
        /// The frame's layout.
        found: Box<Layout>,
    },
    /// The pixels cannot be lent as one slice: rows are padded, the address is misaligned, or the layout does not fit the slot.
    #[error(
        "the pixels of frame {number} cannot be lent as they lie; `coalesce` copies what is padded or misaligned"
    )]
    View {
        /// Frame number, as the host counts.
        number: u64,
        /// Why.
        source: ViewError,
    },
    /// No frame was given.
    #[error("a batch of no frames was asked for: give at least one")]
    Empty,
    /// More pixels than one batch can hold.
    #[error("{frames} frames are more than one batch can hold: coalesce fewer at a time")]
    TooMany {
        /// Frames asked for.
        frames: usize,
    },
    /// Arrow refused the columns.
    #[error("arrow refused the columns")]
    Arrow(#[from] ArrowError),
}
