//! Decoding a frame as the vendor's library does it, check by check, without its slips.
//!
//! Refused here and not there, because there it reads or points outside the buffer: region sizes whose sum
//! wraps around 32 bits, and a width or height of 65,536 that wraps to 0.

use std::ffi::c_void;

use super::headers::{FRAME_HEADER_BYTES, ROI_HEADER_BYTES};
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::abi::types::{MdFrame, MdFrameRoi, Region};

/// A client's buffer: reads are checked, pointers into it are made without reading.
#[derive(Clone, Copy)]
struct Buffer {
    start: *mut u8,
    bytes: u64,
}

impl Buffer {
    /// `N` bytes at `at`; fails with 172 past the end.
    fn read<const N: usize>(self, at: u64) -> Outcome<[u8; N]> {
        self.room(at, N as u64)?;
        // SAFETY: the caller of the exported function promises `bytes` readable bytes at `start`, and `room`
        // made sure that these N lie within.
        Ok(unsafe { self.start.add(at as usize).cast::<[u8; N]>().read_unaligned() })
    }

    fn room(self, at: u64, bytes: u64) -> Outcome {
        if at + bytes > self.bytes {
            return Err(PL_ERR_BUFFER_TOO_SMALL.into());
        }
        Ok(())
    }

    fn pointer(self, at: u64) -> *mut c_void {
        self.start.wrapping_add(at as usize).cast()
    }
}

/// The fields of the frame header that decoding looks at.
struct FrameHeader {
    version: u8,
    roi_count: u16,
    extended: u16,
}

impl FrameHeader {
    fn read(buffer: Buffer) -> Outcome<Self> {
        let bytes: [u8; FRAME_HEADER_BYTES] = buffer.read(0)?;
        if bytes[..4] != PL_MD_FRAME_SIGNATURE.to_le_bytes() {
            return Err(PL_ERR_METADATA_INVALID.into());
        }
        Ok(Self {
            version: bytes[4],
            roi_count: u16::from_le_bytes([bytes[9], bytes[10]]),
            extended: u16::from_le_bytes([bytes[38], bytes[39]]),
        })
    }
}

/// How many regions a structure for this frame needs.
///
/// # Safety
///
/// `start` is readable for `size` bytes.
pub(crate) unsafe fn capacity_for(start: *mut u8, size: u32) -> Outcome<u16> {
    match FrameHeader::read(Buffer { start, bytes: size.into() })?.roi_count {
        0 => Err(PL_ERR_METADATA_INVALID.into()),
        count => Ok(count),
    }
}

/// `pl_md_frame_decode` behind its null checks.
///
/// # Safety
///
/// `frame` is a structure made by `pl_md_create_frame_struct(_cont)` that nobody else uses meanwhile, and
/// `start` is readable for `size` bytes as long as the frame is used.
pub(crate) unsafe fn decode(frame: *mut MdFrame, start: *mut u8, size: u32) -> Outcome {
    let buffer = Buffer { start, bytes: size.into() };
    let header = FrameHeader::read(buffer)?;
    // SAFETY: the caller gives us the frame alone and whole.
    let frame = unsafe { &mut *frame };
    if header.roi_count > frame.roi_capacity {
        return Err(PL_ERR_BUFFER_TOO_SMALL.into());
    }
    if frame.roi_array.is_null() {
        return Err(PL_ERR_METADATA_INVALID.into());
    }
    // SAFETY: the array was made with `roi_capacity` entries together with the frame.
    let rois = unsafe { std::slice::from_raw_parts_mut(frame.roi_array, frame.roi_capacity.into()) };
    frame.header = std::ptr::null_mut();
    frame.ext_md_data = std::ptr::null_mut();
    frame.ext_md_data_size = 0;
    frame.roi_count = 0;
    rois.fill_with(empty_roi);

    let mut offset = FRAME_HEADER_BYTES as u64;
    if header.extended > 0 {
        buffer.room(offset, header.extended.into())?;
        frame.ext_md_data = buffer.pointer(offset);
        frame.ext_md_data_size = header.extended;
        offset += u64::from(header.extended);
    }
    let mut implied = Region { s1: u16::MAX, s2: 0, sbin: 1, p1: u16::MAX, p2: 0, pbin: 1 };
    let mut decoded = 0;
    for roi in rois.iter_mut().take(header.roi_count.into()) {
        let Some(region) = decode_roi(buffer, &mut offset, header.version, roi)? else { break };
        if decoded == 0 {
            (implied.sbin, implied.pbin) = (region.sbin, region.pbin);
        }
        implied.s1 = implied.s1.min(region.s1);
        implied.s2 = implied.s2.max(region.s2);
        implied.p1 = implied.p1.min(region.p1);
        implied.p2 = implied.p2.max(region.p2);
        decoded += 1;
    }
    frame.header = buffer.pointer(0);
    frame.roi_count = decoded;
    frame.implied_roi = implied;
    Ok(())
}

fn empty_roi() -> MdFrameRoi {
    MdFrameRoi {
        header: std::ptr::null_mut(),
        data: std::ptr::null_mut(),
        data_size: 0,
        ext_md_data: std::ptr::null_mut(),
        ext_md_data_size: 0,
    }
}

/// Decodes one region and moves `offset` behind it; `None` at a region marked invalid.
fn decode_roi(
    buffer: Buffer,
    offset: &mut u64,
    version: u8,
    roi: &mut MdFrameRoi,
) -> Outcome<Option<Region>> {
    let start = *offset;
    let bytes: [u8; ROI_HEADER_BYTES] = buffer.read(start)?;
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let flags = i32::from(bytes[22]);
    if flags & PL_MD_ROI_FLAG_INVALID != 0 {
        return Ok(None);
    }
    *offset += ROI_HEADER_BYTES as u64;
    let extended = word(23);
    if extended > 0 {
        buffer.room(*offset, extended.into())?;
        roi.ext_md_data = buffer.pointer(*offset);
        roi.ext_md_data_size = extended;
        *offset += u64::from(extended);
    }
    let region =
        Region { s1: word(10), s2: word(12), sbin: word(14), p1: word(16), p2: word(18), pbin: word(20) };
    if flags & PL_MD_ROI_FLAG_HEADER_ONLY == 0 {
        if region.sbin == 0 || region.pbin == 0 {
            return Err(PL_ERR_METADATA_INVALID.into());
        }
        let data_size = if version < 2 {
            u32::from(extent(region.s1, region.s2, region.sbin)?)
                .wrapping_mul(u32::from(extent(region.p1, region.p2, region.pbin)?))
                .wrapping_mul(2)
        } else {
            u32::from_le_bytes([bytes[25], bytes[26], bytes[27], bytes[28]])
        };
        buffer.room(*offset, data_size.into())?;
        roi.data = buffer.pointer(*offset);
        roi.data_size = data_size;
        *offset += u64::from(data_size);
    }
    roi.header = buffer.pointer(start);
    Ok(Some(region))
}

/// Binned pixels between two inclusive ends, in C's integer arithmetic; refuses the one width that wraps to 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "C's conversion to uns16")]
pub(super) fn extent(first: u16, last: u16, binning: u16) -> Outcome<u16> {
    let width = (i32::from(last) - i32::from(first) + 1) / i32::from(binning);
    if width > i32::from(u16::MAX) {
        return Err(PL_ERR_BUFFER_TOO_SMALL.into());
    }
    Ok(width as u16)
}
