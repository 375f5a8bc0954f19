//! Listing, opening and closing cameras.

use std::ffi::{CStr, c_char};

use super::pointer::{Out, non_null};
use crate::abi::constants::*;
use crate::abi::error::guard;
use crate::abi::types::RsBool;
use crate::library;

/// Number of cameras, as found at init.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_cam_get_total(totl_cams: *mut i16) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(totl_cams)? };
        out.set(library::library()?.total());
        Ok(())
    })
}

/// Name of a camera, at most 32 bytes with the null; 186 for an index out of range.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_cam_get_name(cam_num: i16, camera_name: *mut c_char) -> RsBool {
    guard(|| {
        let out = non_null(camera_name)?.cast::<u8>();
        let library = library::library()?;
        let camera = library.camera(cam_num).ok_or(PL_ERR_INDEX_OUT_OF_RANGE)?;
        let name = camera.core.config.name.as_bytes();
        // SAFETY: common contract: room for CAM_NAME_LEN bytes, and the configuration refuses longer names.
        unsafe {
            std::ptr::copy_nonoverlapping(name.as_ptr(), out, name.len());
            out.add(name.len()).write(0);
        }
        Ok(())
    })
}

/// Opens a camera: 183 for a mode other than 0 and 1, 176 for an unknown name, 178 when it is open.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_cam_open(
    camera_name: *const c_char,
    hcam: *mut i16,
    o_mode: i16,
) -> RsBool {
    guard(|| {
        let name = non_null(camera_name.cast_mut())?;
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(hcam)? };
        let library = library::library()?;
        if !(0..=1).contains(&o_mode) {
            return Err(PL_ERR_MODE_INVALID.into());
        }
        // SAFETY: common contract: a text that ends with a null.
        let name = unsafe { CStr::from_ptr(name) };
        let camera = library.by_name(name.to_bytes()).ok_or(PL_ERR_DEVICE_NAME_UNKNOWN)?;
        camera.open()?;
        out.set(camera.core.index);
        Ok(())
    })
}

/// Stops and closes a camera. Waits for a running callback unless called from it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_close(hcam: i16) -> RsBool {
    guard(|| {
        library::engine(hcam)?;
        let library = library::library()?;
        library.camera(hcam).ok_or(PL_ERR_DEVICE_HANDLE_INVALID)?.close()
    })
}
