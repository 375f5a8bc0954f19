//! A ring that halts is full before the first callback has had its turn: the camera has stopped, and the frames are on their way all the
//! same.

mod support;

use core::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pvcam::FullRing;
use pvcam_sys::{FRAME_INFO, PL_CALLBACK_EOF, rs_bool};
use support::*;

type Callback = unsafe extern "C" fn(*const FRAME_INFO, *mut c_void);

/// The driver's own callback.
static DRIVERS: Mutex<Option<usize>> = Mutex::new(None);
/// The next callback is late.
static LATE: AtomicBool = AtomicBool::new(false);

/// Longer than the probe waits for a frame of a camera that goes on, shorter than a stall that it bears with.
const DELAY: Duration = Duration::from_millis(800);

/// Registers a callback that may be late in place of the driver's.
unsafe extern "C" fn register(
    handle: i16,
    event: i32,
    callback: *mut c_void,
    context: *mut c_void,
) -> rs_bool {
    let mut registered = callback;
    if event == PL_CALLBACK_EOF {
        *DRIVERS.lock().unwrap_or_else(|p| p.into_inner()) = Some(callback as usize);
        registered = late as Callback as *mut c_void;
    }
    // SAFETY: the driver's own arguments, passed on; or a function of the same type, which passes its own on.
    unsafe { (api().pl_cam_register_callback_ex3)(handle, event, registered, context) }
}

unsafe extern "C" fn late(info: *const FRAME_INFO, context: *mut c_void) {
    if LATE.swap(false, Ordering::SeqCst) {
        std::thread::sleep(DELAY);
    }
    let Some(callback) = *DRIVERS.lock().unwrap_or_else(|p| p.into_inner()) else { return };
    // SAFETY: the address came from the driver as a function of this type, whose address is kept as a number only to be put
    // in a static.
    let callback = unsafe { std::mem::transmute::<usize, Callback>(callback) };
    // SAFETY: what the SDK gave, for the function that it was meant for.
    unsafe { callback(info, context) }
}

#[test]
fn a_probe_waits_for_callbacks_that_are_late() {
    let mut interposed = api();
    interposed.pl_cam_register_callback_ex3 = register;
    let rig = rig_with("no_overwrite = \"halt\"", interposed);
    let mut camera = rig.open();
    LATE.store(true, Ordering::SeqCst);
    let report = camera.probe_ring().expect("the frames came, if late");
    assert!(!LATE.load(Ordering::SeqCst), "the first callback was late");
    assert_eq!(report.trust.full_ring(), FullRing::Halts);
}
