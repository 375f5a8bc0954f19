//! The frame header: 48 bytes at the start of a slot, in three versions.

use super::MetadataError;
use super::bytes::{u8_at, u16_at, u32_at, u64_at};

/// Bytes of the frame header, in every version.
pub(crate) const FRAME_HEADER_BYTES: usize = 48;
/// Where the camera's frame number stands: 4 bytes, little-endian.
pub(crate) const FRAME_NUMBER_OFFSET: u32 = 5;
/// The newest version whose layout is known.
const NEWEST_VERSION: u8 = 3;

/// What the camera says of a frame as a whole.
///
/// Times are those of the camera's own clock, in nanoseconds since it was powered up or last reset. Versions 1 and 2 count
/// in 32 bits and wrap (after 71.6 minutes at a resolution of 1 us); version 3 counts picoseconds in 64 bits, of
/// which the part below a nanosecond is dropped here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameHeader {
    /// Layout version, 1 to 3.
    pub version: u8,
    /// The camera's own frame number, from 1, restarting with each acquisition.
    pub frame_number: u32,
    /// How many regions are announced to follow.
    pub region_count: u16,
    /// Begin of the frame, ns on the camera's clock.
    pub begin_ns: u64,
    /// End of the frame, ns on the camera's clock.
    pub end_ns: u64,
    /// Exposure time of this very frame, ns.
    pub exposure_ns: u64,
    /// Resolution of the regions' timestamps, ns; 0 where the version does not tell (version 3).
    pub region_resolution_ns: u32,
    /// Significant bits of a pixel.
    pub bit_depth: u8,
    /// Colour mask of the sensor (`PL_COLOR_MODES`): 0 grey, 2 RGGB, 3 GRBG, 4 GBRG, 5 BGGR.
    pub colour_mask: u8,
    /// Whether the regions' timestamps are valid.
    pub region_times_valid: bool,
    /// Image format (`PL_IMAGE_FORMATS`); told from version 2 on.
    pub image_format: Option<u8>,
    /// Image compression (`PL_IMAGE_COMPRESSIONS`); told from version 2 on.
    pub image_compression: Option<u8>,
    /// Bytes of extended metadata behind this header.
    pub extended_bytes: u16,
}

/// Times of a header in one of its two forms, in ns: begin, end, exposure, resolution of region times.
fn times(bytes: &[u8], version: u8) -> Option<(u64, u64, u64, u32)> {
    if version >= 3 {
        let ps = |at| u64_at(bytes, at).map(|ps| ps / 1000);
        return Some((ps(11)?, ps(19)?, ps(27)?, 0));
    }
    // 32 bits times 32 bits fit 64.
    let product = |at, unit| Some(u64::from(u32_at(bytes, at)?) * u64::from(u32_at(bytes, unit)?));
    Some((product(11, 19)?, product(15, 19)?, product(23, 27)?, u32_at(bytes, 31)?))
}

impl FrameHeader {
    /// Reads the header at the start of `slot`.
    ///
    /// # Errors
    /// [`MetadataError::TooShort`], [`MetadataError::Signature`] or [`MetadataError::Version`].
    pub fn read(slot: &[u8]) -> Result<Self, MetadataError> {
        let short = MetadataError::TooShort { needed: FRAME_HEADER_BYTES, available: slot.len() };
        let bytes = slot.get(..FRAME_HEADER_BYTES).ok_or(short.clone())?;
        let found = u32_at(bytes, 0).ok_or(short.clone())?;
        if found != pvcam_sys::PL_MD_FRAME_SIGNATURE {
            return Err(MetadataError::Signature { found });
        }
        let version = u8_at(bytes, 4).ok_or(short.clone())?;
        if version == 0 || version > NEWEST_VERSION {
            return Err(MetadataError::Version { found: version });
        }
        Self::fields(bytes, version).ok_or(short)
    }

    fn fields(bytes: &[u8], version: u8) -> Option<Self> {
        let (begin_ns, end_ns, exposure_ns, region_resolution_ns) = times(bytes, version)?;
        let from_2 = |at| if version >= 2 { u8_at(bytes, at) } else { None };
        Some(Self {
            version,
            frame_number: u32_at(bytes, FRAME_NUMBER_OFFSET as usize)?,
            region_count: u16_at(bytes, 9)?,
            begin_ns,
            end_ns,
            exposure_ns,
            region_resolution_ns,
            bit_depth: u8_at(bytes, 35)?,
            colour_mask: u8_at(bytes, 36)?,
            region_times_valid: u8_at(bytes, 37)? & 1 != 0,
            image_format: from_2(40),
            image_compression: from_2(41),
            extended_bytes: u16_at(bytes, 38)?,
        })
    }
}
