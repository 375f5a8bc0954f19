//! Metadata that the camera writes into each frame: its own frame number, times on its own clock, regions.
//!
//! With metadata on, a slot holds `[frame header][extended][region header][extended][pixels]...`, packed and little-endian.
//! The decoder is pure and allocates nothing; it is checked against vectors recorded from the SDK's own decoder.

mod bytes;
mod extended;
mod frame;
mod header;
mod layouts;
mod region;

pub use extended::{Extended, ExtendedValues, extended};
pub use frame::{FrameMetadata, RegionMetadata, Regions, decode};
pub use header::FrameHeader;
pub(crate) use header::{FRAME_HEADER_BYTES, FRAME_NUMBER_OFFSET};
pub(crate) use region::REGION_HEADER_BYTES;
pub use region::RegionHeader;

use frame_pool::Lease;

/// Why a slot could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The slot ends before the data does.
    #[error("the metadata needs {needed} bytes, but there are {available}")]
    TooShort {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        available: usize,
    },
    /// The slot does not begin with the metadata signature: metadata is off, or this is not a frame.
    #[error("no metadata signature (found {found:#010x}): metadata is off, or the slot holds no frame")]
    Signature {
        /// What stands there instead.
        found: u32,
    },
    /// A layout that this library does not know.
    #[error("metadata version {found} is not known (1 to 3 are)")]
    Version {
        /// The version found.
        found: u8,
    },
    /// A region with a binning factor of 0.
    #[error("region {index} has a binning factor of 0")]
    ZeroBinning {
        /// Index of the region, from 0.
        index: u16,
    },
    /// A region that ends before it begins, or is wider than any sensor.
    #[error("region {index} is no rectangle: columns {columns:?}, rows {rows:?}")]
    RegionBounds {
        /// Index of the region, from 0.
        index: u16,
        /// First and last column.
        columns: (u16, u16),
        /// First and last row.
        rows: (u16, u16),
    },
    /// A region whose pixels are not as many as its size, its binning and the element type make.
    #[error("region {index} has {found} bytes of pixels, but its size and element type make {needed}")]
    RegionBytes {
        /// Index of the region, from 0.
        index: u16,
        /// Bytes by size, binning and element type.
        needed: u64,
        /// Bytes by the frame's own metadata.
        found: usize,
    },
    /// An extended value whose size is not known, so that what follows cannot be found.
    #[error("extended metadata tag {tag} is not known (0, 1 and 2 are)")]
    UnknownTag {
        /// The tag found.
        tag: u8,
    },
}

/// The metadata of a leased frame; `None` if it carries none (metadata off) or none that can be decoded.
///
/// ```
/// # use pvcam::metadata::lease_metadata;
/// fn exposure_ns(frame: &frame_pool::Lease) -> Option<u64> {
///     Some(lease_metadata(frame)?.header().exposure_ns)
/// }
/// ```
#[must_use]
pub fn lease_metadata(frame: &Lease) -> Option<FrameMetadata<'_>> {
    // The tag is set exactly where the driver found a header at the start of the slot.
    frame.record().tag?;
    decode(frame.slot_bytes()).ok()
}
