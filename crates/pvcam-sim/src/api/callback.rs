//! Registering callbacks.

use std::ffi::c_void;

use super::pointer::non_null;
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::RsBool;
use crate::engine::{Form, Handler};
use crate::library;

fn event_index(event: i32) -> Outcome<usize> {
    if (PL_CALLBACK_BOF..PL_CALLBACK_MAX).contains(&event) {
        return Ok(event as usize);
    }
    Err(PL_ERR_VALUE_INVALID.into())
}

fn register(hcam: i16, event: i32, function: *const c_void, context: *mut c_void, form: Form) -> RsBool {
    guard(|| {
        let engine = library::engine(hcam)?;
        non_null(function.cast_mut())?;
        engine.set_handler(event_index(event)?, Some(Handler { form, function, context }));
        Ok(())
    })
}

/// Installs a callback without arguments; it stays across acquisitions, and replaces an earlier one.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_register_callback(
    hcam: i16,
    callback_event: i32,
    callback: *const c_void,
) -> RsBool {
    register(hcam, callback_event, callback, std::ptr::null_mut(), Form::Plain)
}

/// Installs a callback that gets its context.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_register_callback_ex(
    hcam: i16,
    callback_event: i32,
    callback: *const c_void,
    context: *mut c_void,
) -> RsBool {
    register(hcam, callback_event, callback, context, Form::Context)
}

/// Installs a callback that gets frame information.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_register_callback_ex2(
    hcam: i16,
    callback_event: i32,
    callback: *const c_void,
) -> RsBool {
    register(hcam, callback_event, callback, std::ptr::null_mut(), Form::Info)
}

/// Installs a callback that gets frame information and its context.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_register_callback_ex3(
    hcam: i16,
    callback_event: i32,
    callback: *const c_void,
    context: *mut c_void,
) -> RsBool {
    register(hcam, callback_event, callback, context, Form::InfoAndContext)
}

/// Removes a callback. Waits for a running one unless called from it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_cam_deregister_callback(hcam: i16, callback_event: i32) -> RsBool {
    guard(|| {
        let engine = library::engine(hcam)?;
        engine.set_handler(event_index(callback_event)?, None);
        Ok(())
    })
}
