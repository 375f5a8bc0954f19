//! Putting the regions of a decoded frame into one picture, as the vendor's library does it, without its
//! slips.
//!
//! Refused here and not there, because there it writes or reads outside of memory or divides by zero: a
//! region that does not fit where it would go, region data shorter than the region, binning 0, and a frame
//! that was never decoded.

use super::decode::extent;
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::abi::types::{MdFrame, MdFrameRoi, Region};

/// The picture that is written into.
#[derive(Clone, Copy)]
pub(crate) struct Canvas {
    pub(crate) start: *mut u8,
    /// Where the frame's implied region goes, in pixels.
    pub(crate) offset_columns: u16,
    pub(crate) offset_rows: u16,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

/// One region's way into the picture.
struct Piece {
    from: *const u8,
    /// Pixel position and size in the picture.
    column: u64,
    row: u64,
    columns: u64,
    rows: u64,
}

/// `pl_md_frame_recompose` behind its null checks.
///
/// # Safety
///
/// `frame` was made by `pl_md_create_frame_struct(_cont)` and the buffer of its last decode still stands;
/// `canvas.start` is writable for columns x rows pixels of the frame's format.
pub(crate) unsafe fn recompose(canvas: Canvas, frame: *const MdFrame) -> Outcome {
    // SAFETY: the caller vouches for the frame.
    let frame = unsafe { &*frame };
    let implied = frame.implied_roi;
    if implied.sbin == 0 || implied.pbin == 0 {
        return Err(PL_ERR_METADATA_INVALID.into());
    }
    let width = extent(implied.s1, implied.s2, implied.sbin)?;
    let height = extent(implied.p1, implied.p2, implied.pbin)?;
    let room_columns = i32::from(canvas.columns) - i32::from(canvas.offset_columns);
    let room_rows = i32::from(canvas.rows) - i32::from(canvas.offset_rows);
    if room_columns < i32::from(width) || room_rows < i32::from(height) {
        return Err(PL_ERR_BUFFER_TOO_SMALL.into());
    }
    if frame.header.is_null() || frame.roi_array.is_null() {
        return Err(PL_ERR_METADATA_INVALID.into());
    }
    // SAFETY: a decoded frame's header points at 48 readable bytes of the caller's buffer.
    let header = unsafe { frame.header.cast::<[u8; 48]>().read_unaligned() };
    let pixel = pixel_bytes(header[4], header[40])?;
    // SAFETY: `roi_count` entries of the array were filled by the decode.
    let rois = unsafe { std::slice::from_raw_parts(frame.roi_array, frame.roi_count.into()) };
    for pass in [Pass::Check, Pass::Copy] {
        for roi in rois.iter().filter(|roi| !roi.data.is_null()) {
            // SAFETY: a decoded region points into the caller's buffer.
            let piece = unsafe { Piece::new(canvas, implied, roi, pixel)? };
            match pass {
                Pass::Check => piece.check(canvas)?,
                // SAFETY: all pieces passed the check, so source and destination rows lie in their memory.
                Pass::Copy => unsafe { piece.copy(canvas, pixel) },
            }
        }
    }
    Ok(())
}

/// Nothing is written unless everything fits.
#[derive(Clone, Copy)]
enum Pass {
    Check,
    Copy,
}

fn pixel_bytes(version: u8, format: u8) -> Outcome<u64> {
    if version < 2 {
        return Ok(2);
    }
    match i32::from(format) {
        PL_IMAGE_FORMAT_MONO16 | PL_IMAGE_FORMAT_BAYER16 => Ok(2),
        PL_IMAGE_FORMAT_MONO8 | PL_IMAGE_FORMAT_BAYER8 => Ok(1),
        PL_IMAGE_FORMAT_MONO24 | PL_IMAGE_FORMAT_BAYER24 => Ok(3),
        PL_IMAGE_FORMAT_MONO32 | PL_IMAGE_FORMAT_BAYER32 => Ok(4),
        _ => Err(PL_ERR_DATA_INVALID.into()),
    }
}

impl Piece {
    /// # Safety
    ///
    /// `roi` is an entry that a decode filled, and its buffer still stands.
    unsafe fn new(canvas: Canvas, implied: Region, roi: &MdFrameRoi, pixel: u64) -> Outcome<Self> {
        // SAFETY: the region header has 32 bytes, of which these 12 are the region, in `Region`'s order.
        let ends = unsafe { roi.header.cast::<u8>().add(10).cast::<[u16; 6]>().read_unaligned() };
        let [s1, s2, sbin, p1, p2, pbin] = ends.map(u16::from_le);
        if sbin == 0 || pbin == 0 {
            return Err(PL_ERR_METADATA_INVALID.into());
        }
        let columns = u64::from(extent(s1, s2, sbin)?);
        let rows = u64::from(extent(p1, p2, pbin)?);
        if columns * rows * pixel > u64::from(roi.data_size) {
            return Err(PL_ERR_BUFFER_TOO_SMALL.into());
        }
        let place = |offset: u16, first: u16, binning: u16, corner: u16, corner_binning: u16| {
            let at = i64::from(offset) + i64::from(first / binning) - i64::from(corner / corner_binning);
            u64::try_from(at).map_err(|_| PL_ERR_BUFFER_TOO_SMALL)
        };
        Ok(Self {
            from: roi.data.cast(),
            column: place(canvas.offset_columns, s1, sbin, implied.s1, implied.sbin)?,
            row: place(canvas.offset_rows, p1, pbin, implied.p1, implied.pbin)?,
            columns,
            rows,
        })
    }

    fn check(&self, canvas: Canvas) -> Outcome {
        if self.column + self.columns > canvas.columns.into() || self.row + self.rows > canvas.rows.into() {
            return Err(PL_ERR_BUFFER_TOO_SMALL.into());
        }
        Ok(())
    }

    /// # Safety
    ///
    /// The piece passed [`Piece::check`] and its data hold columns x rows pixels (see [`Piece::new`]).
    unsafe fn copy(&self, canvas: Canvas, pixel: u64) {
        for row in 0..self.rows {
            let to = ((self.row + row) * u64::from(canvas.columns) + self.column) * pixel;
            // SAFETY: the row lies in the picture by the check, and in the data by `new`; a client's picture
            // and its frame buffer do not overlap.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    self.from.add((row * self.columns * pixel) as usize),
                    canvas.start.add(to as usize),
                    (self.columns * pixel) as usize,
                );
            }
        }
    }
}
