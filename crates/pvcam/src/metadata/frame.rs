//! A decoded frame: its header, its regions, and where their pixels lie.

use super::MetadataError;
use super::header::{FRAME_HEADER_BYTES, FrameHeader};
use super::region::{REGION_HEADER_BYTES, RegionHeader};
use crate::plan::{Binning, Region};

/// Metadata of one frame, borrowed from its slot. Decoding allocates nothing and copies no pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameMetadata<'a> {
    header: FrameHeader,
    extended: &'a [u8],
    slot: &'a [u8],
    first_region: usize,
    regions: u16,
}

/// One region of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionMetadata<'a> {
    /// The region's header.
    pub header: RegionHeader,
    /// Its extended metadata; see [`super::extended`].
    pub extended: &'a [u8],
    /// Its pixels, in the camera's format, rows in order without padding. Empty for a header-only region.
    pub pixels: &'a [u8],
    /// Bytes from the start of the slot to the first pixel.
    pub offset: usize,
}

/// Decodes the metadata of one frame.
///
/// The rules are those of the SDK's own decoder, found by trial on 500,000 buffers, without its slips: sums do not wrap, and
/// what cannot be a frame is refused (unknown version, region that ends before it begins or is 65,536 wide).
/// Bytes behind the last region are padding and of no interest.
///
/// # Errors
/// [`MetadataError`] says what is wrong and where.
///
/// ```
/// use pvcam::metadata::{MetadataError, decode};
/// assert_eq!(decode(&[0; 48]).unwrap_err(), MetadataError::Signature { found: 0 });
/// ```
pub fn decode(slot: &[u8]) -> Result<FrameMetadata<'_>, MetadataError> {
    let header = FrameHeader::read(slot)?;
    let first_region = FRAME_HEADER_BYTES + usize::from(header.extended_bytes);
    let extended = range(slot, FRAME_HEADER_BYTES, first_region)?;
    let mut frame = FrameMetadata { header, extended, slot, first_region, regions: 0 };
    let mut at = first_region;
    while frame.regions < header.region_count {
        let Some((_, next)) = region_at(slot, at, frame.regions, header.version)? else { break };
        frame.regions += 1;
        at = next;
    }
    Ok(frame)
}

fn range(slot: &[u8], from: usize, to: usize) -> Result<&[u8], MetadataError> {
    slot.get(from..to).ok_or(MetadataError::TooShort { needed: to, available: slot.len() })
}

/// The region whose header begins at `at`, and where the next one begins. `None` if it is marked invalid.
fn region_at(
    slot: &[u8],
    at: usize,
    index: u16,
    version: u8,
) -> Result<Option<(RegionMetadata<'_>, usize)>, MetadataError> {
    // No sum here can overflow: all parts are below 2^32 and the slot is in memory.
    let behind_header = at + REGION_HEADER_BYTES;
    let Some(header) = RegionHeader::read(range(slot, at, behind_header)?, index)? else { return Ok(None) };
    let offset = behind_header + usize::from(header.extended_bytes);
    let extended = range(slot, behind_header, offset)?;
    let end = offset.saturating_add(header.pixel_bytes(version));
    let pixels = range(slot, offset, end)?;
    Ok(Some((RegionMetadata { header, extended, pixels, offset }, end)))
}

impl<'a> FrameMetadata<'a> {
    /// The frame's header.
    #[must_use]
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The frame's extended metadata; see [`super::extended`].
    #[must_use]
    pub fn extended(&self) -> &'a [u8] {
        self.extended
    }

    /// How many valid regions the frame has.
    #[must_use]
    pub fn region_count(&self) -> u16 {
        self.regions
    }

    /// The regions, in the order of the slot.
    #[must_use]
    pub fn regions(&self) -> Regions<'a> {
        Regions { frame: *self, at: self.first_region, index: 0 }
    }

    /// The smallest rectangle that holds all regions, with the binning of the first; `None` without regions.
    #[must_use]
    pub fn bounds(&self) -> Option<(Region, Binning)> {
        let first = self.regions().next()?.header;
        let (mut left, mut top) = (first.region.column, first.region.row);
        let (mut right, mut bottom) = (first.region.last_column(), first.region.last_row());
        for part in self.regions() {
            let r = part.header.region;
            (left, top) = (left.min(r.column), top.min(r.row));
            (right, bottom) = (right.max(r.last_column()), bottom.max(r.last_row()));
        }
        let size = |first: u16, last: u32| u16::try_from(last + 1 - u32::from(first)).unwrap_or(u16::MAX);
        Some((Region::new(left, top, size(left, right), size(top, bottom)), first.binning))
    }
}

/// Iterator over the regions of a frame.
#[derive(Debug, Clone)]
pub struct Regions<'a> {
    frame: FrameMetadata<'a>,
    at: usize,
    index: u16,
}

impl<'a> Iterator for Regions<'a> {
    type Item = RegionMetadata<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.frame.regions {
            return None;
        }
        // `decode` has walked all of them, so none fails here.
        let found = region_at(self.frame.slot, self.at, self.index, self.frame.header.version);
        let (region, next) = found.ok()??;
        self.at = next;
        self.index += 1;
        Some(region)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.frame.regions - self.index);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Regions<'_> {}
