//! The metadata functions; they need no init.

use std::ffi::c_void;

use super::pointer::{Out, non_null};
use super::structs::allocate;
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::{MdExtItemCollection, MdFrame, MdFrameRoi, RsBool};
use crate::metadata::{self, Canvas};

fn create(capacity: u16) -> Outcome<*mut MdFrame> {
    let rois = allocate::<MdFrameRoi>(capacity.into())?;
    let frame = allocate::<MdFrame>(1).inspect_err(|_| {
        // SAFETY: just allocated, and nobody else knows of it.
        unsafe { libc::free(rois.cast()) };
    })?;
    // SAFETY: `frame` has room for one structure, and all-zero bytes are a valid one.
    unsafe {
        (*frame).roi_array = rois;
        (*frame).roi_capacity = capacity;
    }
    Ok(frame)
}

/// A structure with room for `roiCount` regions.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_create_frame_struct_cont(
    p_frame: *mut *mut MdFrame,
    roi_count: u16,
) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(p_frame)? };
        out.set(create(roi_count)?);
        Ok(())
    })
}

/// A structure with room for the regions of a frame, which is not decoded.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_create_frame_struct(
    p_frame: *mut *mut MdFrame,
    p_src_buf: *mut c_void,
    src_buf_size: u32,
) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(p_frame)? };
        let buffer = non_null(p_src_buf)?.cast();
        // SAFETY: common contract: `src_buf_size` readable bytes.
        let capacity = unsafe { metadata::capacity_for(buffer, src_buf_size)? };
        out.set(create(capacity)?);
        Ok(())
    })
}

/// Frees a structure.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_release_frame_struct(p_frame: *mut MdFrame) -> RsBool {
    guard(|| {
        let frame = non_null(p_frame)?;
        // SAFETY: common contract: made by a create function above and not released before.
        unsafe {
            let rois = non_null((*frame).roi_array)?;
            libc::free(rois.cast());
            libc::free(frame.cast());
        }
        Ok(())
    })
}

/// Finds headers and pixels in a frame; the structure then points into the client's buffer.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_frame_decode(
    p_dst_frame: *mut MdFrame,
    p_src_buf: *mut c_void,
    src_buf_size: u32,
) -> RsBool {
    guard(|| {
        let frame = non_null(p_dst_frame)?;
        let buffer = non_null(p_src_buf)?.cast();
        // SAFETY: common contract: a structure of ours, and `src_buf_size` readable bytes.
        unsafe { metadata::decode(frame, buffer, src_buf_size) }
    })
}

/// Puts the regions of a decoded frame into one picture.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_frame_recompose(
    p_dst_buf: *mut c_void,
    off_x: u16,
    off_y: u16,
    dst_width: u16,
    dst_height: u16,
    p_src_frame: *mut MdFrame,
) -> RsBool {
    guard(|| {
        let start = non_null(p_dst_buf)?.cast();
        let frame = non_null(p_src_frame)?;
        let canvas =
            Canvas { start, offset_columns: off_x, offset_rows: off_y, columns: dst_width, rows: dst_height };
        // SAFETY: common contract: a decoded structure whose buffer stands, and a picture of that size.
        unsafe { metadata::recompose(canvas, frame) }
    })
}

/// Lists the items of a block of extended metadata.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_md_read_extended(
    p_output: *mut MdExtItemCollection,
    p_ext_md_ptr: *mut c_void,
    ext_md_size: u32,
) -> RsBool {
    guard(|| {
        let out = non_null(p_output)?;
        let block = non_null(p_ext_md_ptr)?.cast();
        // SAFETY: common contract: room for a collection, and `ext_md_size` readable bytes.
        unsafe { metadata::read_extended(out, block, ext_md_size) }
    })
}

const _: () = assert!(PL_MD_EXT_TAGS_MAX_SUPPORTED == 255);
