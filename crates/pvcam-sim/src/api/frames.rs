//! Asking how an acquisition stands, and fetching frames.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::pointer::Out;
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::{FrameInfo, RsBool};
use crate::engine::{Arrived, Engine};
use crate::library;

/// The engine for a status call; an unplugged camera answers `READOUT_FAILED` and fails with 180.
fn status_engine(hcam: i16) -> Outcome<Arc<Engine>> {
    library::engine(hcam)
}

fn check_present(engine: &Engine, status: &Out<i16>) -> Outcome {
    if engine.core.removed.load(Ordering::Acquire) {
        status.set(i16::try_from(READOUT_FAILED).unwrap_or(0));
        return Err(PL_ERR_DEVICE_REMOVED.into());
    }
    Ok(())
}

/// Status of a sequence and the bytes that have arrived.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_check_status(
    hcam: i16,
    status: *mut i16,
    bytes_arrived: *mut u32,
) -> RsBool {
    guard(|| {
        let engine = status_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let (status, bytes) = unsafe { (Out::new(status)?, Out::new(bytes_arrived)?) };
        check_present(&engine, &status)?;
        let now = engine.status();
        status.set(now.code);
        bytes.set(now.bytes);
        Ok(())
    })
}

/// Status of a ring, the bytes of the current pass through it, and the number of completed passes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_check_cont_status(
    hcam: i16,
    status: *mut i16,
    bytes_arrived: *mut u32,
    buffer_cnt: *mut u32,
) -> RsBool {
    guard(|| {
        let engine = status_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let (status, bytes, passes) =
            unsafe { (Out::new(status)?, Out::new(bytes_arrived)?, Out::new(buffer_cnt)?) };
        check_present(&engine, &status)?;
        let now = engine.status();
        status.set(now.code);
        bytes.set(now.bytes);
        passes.set(now.passes);
        Ok(())
    })
}

/// As `pl_exp_check_cont_status`, and the newest frame's information (all zero before the first frame).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_check_cont_status_ex(
    hcam: i16,
    status: *mut i16,
    byte_cnt: *mut u32,
    buffer_cnt: *mut u32,
    frame_info: *mut FrameInfo,
) -> RsBool {
    guard(|| {
        let engine = status_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let (status, bytes, passes, info) =
            unsafe { (Out::new(status)?, Out::new(byte_cnt)?, Out::new(buffer_cnt)?, Out::new(frame_info)?) };
        check_present(&engine, &status)?;
        let now = engine.status();
        status.set(now.code);
        bytes.set(now.bytes);
        passes.set(now.passes);
        info.set(now.latest.info);
        Ok(())
    })
}

/// Which frame a retrieval call is for.
type Retrieve = fn(&Engine) -> Outcome<Arrived>;

/// # Safety
///
/// `frame` is null or writable; `info` is null, with `wants_info` an error, or writable.
unsafe fn fetch(
    hcam: i16,
    frame: *mut *mut c_void,
    info: Option<*mut FrameInfo>,
    retrieve: Retrieve,
) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        // SAFETY: the caller vouches for the pointers.
        let (frame, info) = unsafe { (Out::new(frame)?, info.map(|info| Out::new(info)).transpose()?) };
        let arrived = retrieve(&engine)?;
        frame.set(arrived.address as *mut c_void);
        if let Some(info) = info {
            info.set(arrived.info);
        }
        Ok(())
    })
}

/// The newest frame; inside a callback, that callback's frame. 169 before the first one.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_get_latest_frame(hcam: i16, frame: *mut *mut c_void) -> RsBool {
    // SAFETY: common contract, see the parent module.
    unsafe { fetch(hcam, frame, None, Engine::latest) }
}

/// As `pl_exp_get_latest_frame`, with the frame's information.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_get_latest_frame_ex(
    hcam: i16,
    frame: *mut *mut c_void,
    frame_info: *mut FrameInfo,
) -> RsBool {
    // SAFETY: common contract, see the parent module.
    unsafe { fetch(hcam, frame, Some(frame_info), Engine::latest) }
}

/// The oldest frame that was not unlocked. 169 when there is none, 173 once after an overrun.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_get_oldest_frame(hcam: i16, frame: *mut *mut c_void) -> RsBool {
    // SAFETY: common contract, see the parent module.
    unsafe { fetch(hcam, frame, None, Engine::oldest) }
}

/// As `pl_exp_get_oldest_frame`, with the frame's information.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_get_oldest_frame_ex(
    hcam: i16,
    frame: *mut *mut c_void,
    frame_info: *mut FrameInfo,
) -> RsBool {
    // SAFETY: common contract, see the parent module.
    unsafe { fetch(hcam, frame, Some(frame_info), Engine::oldest) }
}

/// Frees the oldest slot, fetched or not; fine when there is none.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_unlock_oldest_frame(hcam: i16) -> RsBool {
    guard(|| {
        library::present_engine(hcam)?.unlock_oldest();
        Ok(())
    })
}
