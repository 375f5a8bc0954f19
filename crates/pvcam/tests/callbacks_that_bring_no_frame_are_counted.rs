//! A frame announced twice, an announcement without a number, one inside another and one after the stop do no harm:
//! they are counted, and the books stay as they were.

mod support;

use core::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use pvcam_sys::{FRAME_INFO, PL_CALLBACK_EOF, rs_bool};
use support::*;

type Callback = unsafe extern "C" fn(*const FRAME_INFO, *mut c_void);

/// What was registered: the callback and its context.
static REGISTERED: Mutex<Option<(usize, usize)>> = Mutex::new(None);
/// Announce something from inside the next announcement.
static NEST: AtomicBool = AtomicBool::new(false);

/// Keeps what is registered, and registers it.
unsafe extern "C" fn register(
    handle: i16,
    event: i32,
    callback: *mut c_void,
    context: *mut c_void,
) -> rs_bool {
    if event == PL_CALLBACK_EOF {
        *REGISTERED.lock().unwrap_or_else(|p| p.into_inner()) = Some((callback as usize, context as usize));
    }
    // SAFETY: the driver's own arguments, passed on.
    unsafe { (api().pl_cam_register_callback_ex3)(handle, event, callback, context) }
}

/// The driver asks this on the first frame of a run, inside its callback.
unsafe extern "C" fn latest(handle: i16, frame: *mut *mut c_void, info: *mut FRAME_INFO) -> rs_bool {
    if NEST.swap(false, Ordering::SeqCst) {
        announce(99);
    }
    // SAFETY: the driver's own arguments, passed on.
    unsafe { (api().pl_exp_get_latest_frame_ex)(handle, frame, info) }
}

/// Announces a frame as the SDK would.
fn announce(number: i32) {
    let registered = *REGISTERED.lock().unwrap_or_else(|p| p.into_inner());
    let Some((callback, context)) = registered else { return };
    let info = FRAME_INFO { FrameNr: number, ..FRAME_INFO::default() };
    // SAFETY: the address came from the driver as a function of this type, whose address is kept as a number only to be put
    // in a static.
    let callback = unsafe { std::mem::transmute::<usize, Callback>(callback) };
    // SAFETY: the driver's own function with its own context, while the camera is open; as the SDK would call it.
    unsafe { callback(&info, context as *mut c_void) }
}

#[test]
fn callbacks_that_bring_no_frame_are_counted() {
    let mut interposed = api();
    interposed.pl_cam_register_callback_ex3 = register;
    interposed.pl_exp_get_latest_frame_ex = latest;
    let rig = rig_with("clock = \"stepped\"", interposed);
    let camera = rig.open();
    let plan = sequence(&camera, 10);
    NEST.store(true, Ordering::SeqCst);
    let (session, frames) = start(arm(camera, plan));
    rig.step(3);
    assert_eq!(session.oddities().ignored, 1, "one inside another");
    announce(3);
    announce(2);
    assert_eq!(session.oddities().duplicates, 2);
    announce(0);
    announce(-7);
    assert_eq!(session.oddities().late, 2);
    rig.step(7);
    assert_eq!(numbers(&rest(&frames)), (1..=10).collect::<Vec<_>>());
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.highest, stopped.books.delivered), (10, 10));
    assert_balanced(&stopped.books);
    announce(11);
    let (session, _frames) = start(stopped.armed);
    assert_eq!(session.oddities().ignored, 2, "one while nothing ran");
    assert_balanced(&session.stop().expect("it stops").books);
}
