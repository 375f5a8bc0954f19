//! The header of one region inside a frame: 32 bytes before its pixels.

use super::MetadataError;
use super::bytes::{u8_at, u16_at, u32_at};
use crate::plan::{Binning, Region};

/// Bytes of a region header.
pub(crate) const REGION_HEADER_BYTES: usize = 32;
const FLAG_INVALID: u8 = 1;
const FLAG_HEADER_ONLY: u8 = 2;

/// What the camera says of one region of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionHeader {
    /// Number of the region within the frame, from 1.
    pub number: u16,
    /// Begin of readout in units of [`super::FrameHeader::region_resolution_ns`], if the frame says that it is valid.
    pub begin: u32,
    /// End of readout, in the same units.
    pub end: u32,
    /// Where on the sensor it lies.
    pub region: Region,
    /// Its binning.
    pub binning: Binning,
    /// No pixels follow this header.
    pub header_only: bool,
    /// Bytes of extended metadata between this header and the pixels.
    pub extended_bytes: u16,
    /// Bytes of pixels as the header tells them; version 1 does not, there they follow from size and binning.
    pub told_bytes: u32,
}

impl RegionHeader {
    /// Reads a region header. `Ok(None)`: it is marked invalid, which ends the list of regions.
    pub(super) fn read(bytes: &[u8], index: u16) -> Result<Option<Self>, MetadataError> {
        let short = MetadataError::TooShort { needed: REGION_HEADER_BYTES, available: bytes.len() };
        let flags = bytes.get(..REGION_HEADER_BYTES).and_then(|b| u8_at(b, 22)).ok_or(short.clone())?;
        if flags & FLAG_INVALID != 0 {
            return Ok(None);
        }
        let header_only = flags & FLAG_HEADER_ONLY != 0;
        Self::fields(bytes, header_only, index).ok_or(short)?.map(Some)
    }

    fn fields(bytes: &[u8], header_only: bool, index: u16) -> Option<Result<Self, MetadataError>> {
        let (s1, s2, p1, p2) =
            (u16_at(bytes, 10)?, u16_at(bytes, 12)?, u16_at(bytes, 16)?, u16_at(bytes, 18)?);
        let binning = Binning::new(u16_at(bytes, 14)?, u16_at(bytes, 20)?);
        let sizes = (span(s1, s2), span(p1, p2));
        let (Some(columns), Some(rows)) = sizes else {
            return Some(Err(MetadataError::RegionBounds { index, columns: (s1, s2), rows: (p1, p2) }));
        };
        if !header_only && (binning.columns == 0 || binning.rows == 0) {
            return Some(Err(MetadataError::ZeroBinning { index }));
        }
        Some(Ok(Self {
            number: u16_at(bytes, 0)?,
            begin: u32_at(bytes, 2)?,
            end: u32_at(bytes, 6)?,
            region: Region::new(s1, p1, columns, rows),
            binning,
            header_only,
            extended_bytes: u16_at(bytes, 23)?,
            told_bytes: u32_at(bytes, 25)?,
        }))
    }

    /// Bytes of pixels behind the header, by the rules of the frame's version.
    pub(super) fn pixel_bytes(&self, version: u8) -> usize {
        if self.header_only {
            return 0;
        }
        if version >= 2 {
            return self.told_bytes as usize;
        }
        let (columns, rows) = self.binning.picture(self.region);
        usize::from(columns) * usize::from(rows) * 2
    }
}

/// Size of an inclusive range, if it is in order and fits: the whole of 0..=65535 is wider than any sensor.
fn span(first: u16, last: u16) -> Option<u16> {
    last.checked_sub(first)?.checked_add(1)
}
