//! Extended metadata: tagged values behind a header.

use super::MetadataError;
use super::bytes::u32_at;

/// One value of extended metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extended {
    /// Number of the particle that the region was cut out for (tag 0).
    ParticleId(u32),
    /// Zeroth moment of the particle, as the camera sends it (tag 1).
    M0(u32),
    /// Second moment of the particle, as the camera sends it (tag 2).
    M2(u32),
}

/// Reads the values of a block of extended metadata, in order, without allocating.
///
/// The iterator ends after the first error. Tag 255 ends the block.
///
/// ```
/// use pvcam::metadata::{Extended, extended};
/// let block = [0, 7, 0, 0, 0, 255, 9, 9];
/// let values: Result<Vec<_>, _> = extended(&block).collect();
/// assert_eq!(values.unwrap(), [Extended::ParticleId(7)]);
/// ```
#[must_use]
pub fn extended(block: &[u8]) -> ExtendedValues<'_> {
    ExtendedValues { rest: block }
}

/// Iterator over a block of extended metadata; see [`extended`].
#[derive(Debug, Clone)]
pub struct ExtendedValues<'a> {
    rest: &'a [u8],
}

const END: u8 = 255;

impl Iterator for ExtendedValues<'_> {
    type Item = Result<Extended, MetadataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = core::mem::take(&mut self.rest).split_first()?;
        let make = match tag {
            0 => Extended::ParticleId,
            1 => Extended::M0,
            2 => Extended::M2,
            END => return None,
            tag => return Some(Err(MetadataError::UnknownTag { tag })),
        };
        let Some(value) = u32_at(rest, 0) else {
            return Some(Err(MetadataError::TooShort { needed: 4, available: rest.len() }));
        };
        self.rest = rest.get(4..).unwrap_or_default();
        Some(Ok(make(value)))
    }
}
