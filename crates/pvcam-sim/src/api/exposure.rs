//! Setting up, starting and stopping acquisitions.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::pointer::{Out, non_null};
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::{Region, RsBool};
use crate::engine::{Buffer, Engine, Mode, Plan};
use crate::library;
use crate::model::Timing;
use crate::param::Request;
use crate::scene::prefill;

/// Slots that a ring may have.
const MOST_SLOTS: u32 = 1 << 20;

/// What both setup calls are given.
#[derive(Clone, Copy)]
struct Arguments {
    mode: Mode,
    regions: *const Region,
    count: u16,
    exposure_mode: i16,
    exposure: u32,
    bytes: *mut u32,
}

/// Checks the arguments and prepares the acquisition; writes the bytes of a sequence or of one frame.
///
/// # Safety
///
/// `regions` is null or holds `count` regions, `bytes` is null or writable.
unsafe fn set_up(hcam: i16, arguments: Arguments) -> Outcome {
    let engine = library::present_engine(hcam)?;
    let from = non_null(arguments.regions.cast_mut())?;
    // SAFETY: the caller vouches for `bytes`.
    let out = unsafe { Out::new(arguments.bytes)? };
    if engine.is_running() {
        engine.core.stats.params_while_running.fetch_add(1, Ordering::Relaxed);
        return Err(PL_ERR_STATE_INVALID.into());
    }
    let count = usize::from(arguments.count);
    // SAFETY: the caller vouches for `count` regions; they may be unaligned.
    let regions = (0..count).map(|index| unsafe { from.add(index).read_unaligned() }).collect();
    let Arguments { mode, exposure_mode, exposure, .. } = arguments;
    let request = Request { mode, regions, exposure_mode, exposure };
    let core = &engine.core;
    let mut control = core.control.lock();
    let plan = control.prepare(&core.config, request.clone())?;
    out.set(match mode {
        Mode::Sequence(frames) => {
            plan.frame_bytes.checked_mul(frames.into()).ok_or(PL_ERR_TOO_MANY_FRAMES)?
        }
        Mode::Continuous(_) => plan.frame_bytes,
    });
    control.plan = Some(Arc::new(plan));
    control.request = Some(request);
    control.stale = false;
    engine.forget_ended();
    Ok(())
}

/// Prepares a sequence; `exp_bytes` gets the bytes of the whole sequence.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_setup_seq(
    hcam: i16,
    exp_total: u16,
    rgn_total: u16,
    rgn_array: *const Region,
    exp_mode: i16,
    exposure_time: u32,
    exp_bytes: *mut u32,
) -> RsBool {
    let arguments = Arguments {
        mode: Mode::Sequence(exp_total),
        regions: rgn_array,
        count: rgn_total,
        exposure_mode: exp_mode,
        exposure: exposure_time,
        bytes: exp_bytes,
    };
    // SAFETY: common contract, see the parent module.
    guard(|| unsafe { set_up(hcam, arguments) })
}

/// Prepares a ring; `exp_bytes` gets the bytes of one frame. Buffer mode 0 is taken here and refused (185) at
/// the start.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_setup_cont(
    hcam: i16,
    rgn_total: u16,
    rgn_array: *const Region,
    exp_mode: i16,
    exposure_time: u32,
    exp_bytes: *mut u32,
    buffer_mode: i16,
) -> RsBool {
    let arguments = Arguments {
        mode: Mode::Continuous(buffer_mode),
        regions: rgn_array,
        count: rgn_total,
        exposure_mode: exp_mode,
        exposure: exposure_time,
        bytes: exp_bytes,
    };
    // SAFETY: common contract, see the parent module.
    guard(|| unsafe { set_up(hcam, arguments) })
}

/// The camera and its valid setup: 180, 153, 184 while running, 188 without a setup that still holds,
/// 187 when the exposure of the variable timed mode is out of range by now.
fn ready(hcam: i16, pixel_stream: *mut c_void) -> Outcome<(Arc<Engine>, Ready)> {
    let engine = library::present_engine(hcam)?;
    non_null(pixel_stream)?;
    if engine.is_running() {
        return Err(PL_ERR_STATE_INVALID.into());
    }
    let control = engine.core.control.lock();
    let plan = control.plan.clone().filter(|_| !control.stale).ok_or(PL_ERR_ACQUISITION_SETUP_REQUIRED)?;
    let model = engine.core.model();
    let (shortest, longest) = control.settings.exposure_limits(model);
    let variable = u32::from(control.settings.variable_exposure);
    if plan.variable && !(shortest..=longest).contains(&variable) {
        return Err(PL_ERR_EXPOSURE_OUT_OF_RANGE.into());
    }
    let timing = control.settings.start_timing(model, &plan);
    drop(control);
    Ok((engine, Ready { plan, timing }))
}

/// What is about to be started.
struct Ready {
    plan: Arc<Plan>,
    timing: Timing,
}

/// Fills the buffer if the scene wants it, and starts.
fn start(engine: &Engine, ready: Ready, buffer: Buffer) -> Outcome {
    let Ready { plan, timing } = ready;
    if plan.painter.wants_prefill() {
        let bytes = buffer.slots as usize * plan.frame_bytes as usize;
        // SAFETY: the client promises the whole buffer from this call on, and nothing runs yet.
        unsafe { prefill(buffer.start, bytes, plan.frame_bytes as usize, engine.core.config.seed) };
    }
    engine.start(plan, timing, buffer)
}

/// Starts a sequence: frame k goes to k frame sizes behind `pixel_stream`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_start_seq(hcam: i16, pixel_stream: *mut c_void) -> RsBool {
    guard(|| {
        let (engine, ready) = ready(hcam, pixel_stream)?;
        let Mode::Sequence(frames) = ready.plan.mode else {
            return Err(PL_ERR_ACQUISITION_SETUP_REQUIRED.into());
        };
        start(&engine, ready, Buffer { start: pixel_stream.cast(), slots: frames.into() })
    })
}

/// Starts a ring of `size` bytes, which must be a whole number of frames (else 171).
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_start_cont(hcam: i16, pixel_stream: *mut c_void, size: u32) -> RsBool {
    guard(|| {
        let (engine, ready) = ready(hcam, pixel_stream)?;
        let plan = &ready.plan;
        let Mode::Continuous(mode) = plan.mode else {
            return Err(PL_ERR_ACQUISITION_SETUP_REQUIRED.into());
        };
        if i32::from(mode) == CIRC_NONE {
            return Err(PL_ERR_CONFIGURATION_INVALID.into());
        }
        if size == 0 || !size.is_multiple_of(plan.frame_bytes) {
            return Err(PL_ERR_BUFFER_SIZE_INVALID.into());
        }
        let slots = size / plan.frame_bytes;
        if slots > MOST_SLOTS || u64::from(size) > engine.core.model().interface.max_buffer_bytes {
            return Err(PL_ERR_TOO_MANY_FRAMES.into());
        }
        start(&engine, ready, Buffer { start: pixel_stream.cast(), slots })
    })
}

fn stop(hcam: i16, state: i16) -> RsBool {
    guard(|| {
        let engine = library::engine(hcam)?;
        if !(CCS_NO_CHANGE..=CCS_CLEAR_OPEN_SHTR).contains(&state.into()) {
            return Err(PL_ERR_MODE_INVALID.into());
        }
        engine.abort();
        Ok(())
    })
}

/// Stops at once: on return nothing is written any more. Never waits for a callback; legal at any time, from
/// inside a callback too.
///
/// All states of `PL_CCS_ABORT_MODES` come to the same: they differ in what becomes of a shutter, which no camera here has, and
/// of charge on the sensor, which each exposure clears. Another number is refused (183), and nothing is stopped.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_abort(hcam: i16, cam_state: i16) -> RsBool {
    stop(hcam, cam_state)
}

/// The same as `pl_exp_abort`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_stop_cont(hcam: i16, cam_state: i16) -> RsBool {
    stop(hcam, cam_state)
}

/// The same as `pl_exp_abort`, which halts; the pointer is not looked at.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_exp_finish_seq(hcam: i16, _pixel_stream: *mut c_void, _hbuf: i16) -> RsBool {
    stop(hcam, i16::try_from(CCS_HALT).unwrap_or(0))
}

/// A software trigger; `flags` becomes 0 (triggered) or 1 (ignored: busy).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_exp_trigger(hcam: i16, flags: *mut u32, _value: u32) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(flags)? };
        let triggered = engine.software_trigger()?;
        let flag = if triggered { PL_SW_TRIG_STATUS_TRIGGERED } else { PL_SW_TRIG_STATUS_IGNORED };
        out.set(u32::try_from(flag).unwrap_or(0));
        Ok(())
    })
}

/// Scripted I/O: 155 on every camera here.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_io_script_control(hcam: i16, _addr: u16, _state: f64, _location: u32) -> RsBool {
    guard(|| {
        library::engine(hcam)?;
        Err(PL_ERR_NOT_IMPLEMENTED.into())
    })
}

/// Scripted I/O: 155 on every camera here.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_io_clear_script_control(hcam: i16) -> RsBool {
    guard(|| {
        library::engine(hcam)?;
        Err(PL_ERR_NOT_IMPLEMENTED.into())
    })
}
