//! The headers that the camera puts before its pixels: packed, little-endian.

use crate::abi::constants::{
    PL_MD_FRAME_FLAG_ROI_TS_SUPPORTED, PL_MD_FRAME_SIGNATURE, PL_MD_ROI_FLAG_INVALID,
};
use crate::abi::types::Region;
use crate::scene::FrameFacts;

/// Bytes of the frame header, all versions.
pub(crate) const FRAME_HEADER_BYTES: usize = 48;
/// Bytes of a region header.
pub(crate) const ROI_HEADER_BYTES: usize = 32;

/// Unit of v1 and v2 timestamps and exposures: 1 us, so that 32 bits last 71 minutes.
const RESOLUTION_NS: u32 = 1000;

/// Writes the headers of one acquisition.
#[derive(Debug)]
pub(crate) struct Headers {
    /// 1, 2 or 3.
    pub(crate) version: u8,
    pub(crate) bit_depth: u8,
    /// `PL_IMAGE_FORMATS` value.
    pub(crate) image_format: u8,
    pub(crate) regions: Vec<Region>,
    /// Regions of a frame: as many, or more where cut-outs are delivered.
    pub(crate) count: u16,
    /// Pixel bytes of each region.
    pub(crate) data_bytes: Vec<u32>,
}

impl Headers {
    /// The frame header.
    pub(crate) fn frame(&self, frame: &FrameFacts) -> [u8; FRAME_HEADER_BYTES] {
        let mut header = [0; FRAME_HEADER_BYTES];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &PL_MD_FRAME_SIGNATURE.to_le_bytes());
        put(4, &[self.version]);
        put(5, &frame.camera_number.to_le_bytes());
        put(9, &self.count.to_le_bytes());
        if self.version >= 3 {
            put(11, &picoseconds(frame.bof_ns).to_le_bytes());
            put(19, &picoseconds(frame.eof_ns).to_le_bytes());
            put(27, &picoseconds(frame.exposure_ns).to_le_bytes());
        } else {
            put(11, &ticks(frame.bof_ns).to_le_bytes());
            put(15, &ticks(frame.eof_ns).to_le_bytes());
            put(19, &RESOLUTION_NS.to_le_bytes());
            put(23, &ticks(frame.exposure_ns).to_le_bytes());
            put(27, &RESOLUTION_NS.to_le_bytes());
            put(31, &RESOLUTION_NS.to_le_bytes());
            put(37, &[u8::try_from(PL_MD_FRAME_FLAG_ROI_TS_SUPPORTED).unwrap_or(0)]);
        }
        put(35, &[self.bit_depth]);
        if self.version >= 2 {
            put(40, &[self.image_format]);
        }
        header
    }

    /// The header of region `index`, counted from 0.
    pub(crate) fn region(&self, index: usize, frame: &FrameFacts) -> [u8; ROI_HEADER_BYTES] {
        self.part(index, self.regions[index], self.data_bytes[index], frame)
    }

    /// The header of cut-out `index`, counted from 0: first column and row within the region, side and bytes.
    pub(crate) fn cutout(
        &self,
        index: usize,
        (column, row): (usize, usize),
        (side, bytes): (u16, u32),
        frame: &FrameFacts,
    ) -> [u8; ROI_HEADER_BYTES] {
        let whole = self.regions[0];
        let place =
            |start: u16, offset: usize| start.saturating_add(u16::try_from(offset).unwrap_or(u16::MAX));
        let (s1, p1) = (place(whole.s1, column), place(whole.p1, row));
        let region =
            Region { s1, s2: s1.saturating_add(side - 1), p1, p2: p1.saturating_add(side - 1), ..whole };
        self.part(index, region, bytes, frame)
    }

    /// The header of a region that holds nothing; readers stop at the first one.
    pub(crate) fn nothing(index: usize) -> [u8; ROI_HEADER_BYTES] {
        let mut header = [0; ROI_HEADER_BYTES];
        header[..2].copy_from_slice(&u16::try_from(index + 1).unwrap_or(u16::MAX).to_le_bytes());
        header[22] = u8::try_from(PL_MD_ROI_FLAG_INVALID).unwrap_or(1);
        header
    }

    fn part(&self, index: usize, region: Region, bytes: u32, frame: &FrameFacts) -> [u8; ROI_HEADER_BYTES] {
        let mut header = [0; ROI_HEADER_BYTES];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &u16::try_from(index + 1).unwrap_or(u16::MAX).to_le_bytes());
        if self.version < 3 {
            put(2, &ticks(frame.bof_ns).to_le_bytes());
            put(6, &ticks(frame.eof_ns).to_le_bytes());
        }
        let ends = [region.s1, region.s2, region.sbin, region.p1, region.p2, region.pbin];
        for (at, end) in ends.iter().enumerate() {
            put(10 + 2 * at, &end.to_le_bytes());
        }
        if self.version >= 2 {
            put(25, &bytes.to_le_bytes());
        }
        header
    }
}

/// 32-bit ticks wrap, as on the camera.
#[expect(clippy::cast_possible_truncation, reason = "the 32-bit counter of v1 and v2 wraps")]
fn ticks(nanoseconds: u64) -> u32 {
    (nanoseconds / u64::from(RESOLUTION_NS)) as u32
}

fn picoseconds(nanoseconds: u64) -> u64 {
    nanoseconds.wrapping_mul(1000)
}
