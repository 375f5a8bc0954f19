//! A session that is stopped inside its own callback is stopped by another thread a moment later; nobody waits for itself.

mod support;

use core::ffi::c_void;
use std::sync::Mutex;

use pvcam::error::StopError;
use pvcam::{Sdk, Session};
use pvcam_sys::{FRAME_INFO, rs_bool};
use support::*;

static SESSION: Mutex<Option<Session>> = Mutex::new(None);
static ANSWER: Mutex<Option<StopError>> = Mutex::new(None);

/// Called by the driver inside the callback of the first frame.
unsafe extern "C" fn stop_inside(handle: i16, frame: *mut *mut c_void, info: *mut FRAME_INFO) -> rs_bool {
    let session = SESSION.lock().unwrap_or_else(|p| p.into_inner()).take();
    if let Some(session) = session {
        *ANSWER.lock().unwrap_or_else(|p| p.into_inner()) = session.stop().err();
    }
    // SAFETY: the driver's own arguments, passed on.
    unsafe { (api().pl_exp_get_latest_frame_ex)(handle, frame, info) }
}

#[test]
fn a_stop_on_the_callback_thread_is_a_request() {
    let mut interposed = api();
    interposed.pl_exp_get_latest_frame_ex = stop_inside;
    let rig = rig_with("clock = \"stepped\"", interposed);
    let camera = rig.open();
    let plan = continuous(&camera);
    let (session, frames) = start(arm(camera, plan));
    *SESSION.lock().unwrap() = Some(session);
    assert_eq!(rig.step_at_most(1), 1);
    // The stop in the background ends the step, perhaps before the callback has returned.
    until(|| ANSWER.lock().unwrap().is_some());
    assert_eq!(*ANSWER.lock().unwrap(), Some(StopError::Requested));
    // The stream ends, the camera is closed, and the library can be loaded anew.
    while frames.next_within(SOON).expect("it ends").is_some() {}
    drop(frames);
    let Rig { sdk, .. } = rig;
    drop(sdk);
    until(|| Sdk::with_api(api()).is_ok());
}
