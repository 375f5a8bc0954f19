//! Asking a running camera how it is. This is the one question that is legal while frames stream.

use std::sync::Arc;

use pvcam_sys as sys;

use super::pulse::Pulse;
use crate::error::{Failure, TimeoutCause};
use crate::param::Link;

/// What the camera says of its acquisition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// A `PL_IMAGE_STATUSES` code.
    Is(i16),
    /// The question failed.
    Failed(Failure),
    /// The run is over; nobody was asked.
    Over,
}

/// Asks, unless the run is over. Under the API lock, so that the run does not end in between.
pub(crate) fn ask(link: &Link, pulse: &Arc<Pulse>, sequence: bool) -> Status {
    let (mut status, mut bytes, mut passes) = (0, 0, 0);
    let (mut over, handle) = (false, link.handle);
    let name = if sequence { "pl_exp_check_status" } else { "pl_exp_check_cont_status" };
    let asked = link.library.call(name, |api| {
        if !pulse.is_alive() {
            over = true;
            return sys::PV_OK as sys::rs_bool;
        }
        if sequence {
            // SAFETY: all pointers are to live values of the types that the call fills.
            unsafe { (api.pl_exp_check_status)(handle, &mut status, &mut bytes) }
        } else {
            // SAFETY: as above.
            unsafe { (api.pl_exp_check_cont_status)(handle, &mut status, &mut bytes, &mut passes) }
        }
    });
    match asked {
        Ok(()) if over => Status::Over,
        Ok(()) => Status::Is(status),
        Err(failure) => Status::Failed(failure),
    }
}

/// Codes with which a camera that is not there any more answers.
fn is_gone(code: i16) -> bool {
    code == sys::PL_ERR_DEVICE_REMOVED
        || (sys::PL_ERR_DDI_DEVICE_OPEN_FAILED..=sys::PL_ERR_DDI_EVENT_WAIT_TIMEOUT).contains(&code)
}

/// Reads a status as the cause of a wait that was in vain. `overdue`: it has been silent for much longer than a frame takes.
pub(crate) fn cause(status: Status, overdue: bool) -> TimeoutCause {
    match status {
        Status::Failed(failure) if is_gone(failure.observed_code()) => {
            TimeoutCause::CameraGone { failure: Some(failure) }
        }
        Status::Failed(failure) => TimeoutCause::StreamDied { failure: Some(failure) },
        Status::Is(code) => match i32::from(code) {
            sys::READOUT_NOT_ACTIVE | sys::READOUT_FAILED => TimeoutCause::StreamDied { failure: None },
            sys::EXPOSURE_IN_PROGRESS if overdue => TimeoutCause::NoTrigger,
            _ => TimeoutCause::Slow,
        },
        Status::Over => TimeoutCause::Slow,
    }
}
