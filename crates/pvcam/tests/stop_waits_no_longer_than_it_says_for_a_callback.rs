//! A callback that does not return cannot hold up a stop for ever; what it uses is given up instead of freed.

mod support;

use core::ffi::c_void;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use pvcam::error::StopError;
use pvcam_sys::{FRAME_INFO, rs_bool};
use support::*;

static HELD: Mutex<bool> = Mutex::new(true);
static RELEASED: Condvar = Condvar::new();

/// Called by the driver inside the callback of the first frame; does not return before it is released.
unsafe extern "C" fn hang(_handle: i16, _frame: *mut *mut c_void, _info: *mut FRAME_INFO) -> rs_bool {
    let held = HELD.lock().unwrap_or_else(|p| p.into_inner());
    drop(RELEASED.wait_while(held, |held| *held));
    0
}

#[test]
fn a_stop_waits_no_longer_than_it_says_for_a_callback() {
    let mut interposed = api();
    interposed.pl_exp_get_latest_frame_ex = hang;
    let rig = rig_with("clock = \"stepped\"", interposed);
    let camera = rig.open();
    let plan = sequence(&camera, 10);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(rig.control.step(0, 1, Duration::from_millis(50)), Some(1));
    let begun = Instant::now();
    let why = session.stop().expect_err("a callback is inside");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let StopError::Incomplete { failure, drained, .. } = why else { panic!("{why:?}") };
    assert_eq!((failure, drained), (None, false));
    *HELD.lock().unwrap_or_else(|p| p.into_inner()) = false;
    RELEASED.notify_all();
    // The callback goes on with what it had, all of which is still there.
    std::thread::sleep(Duration::from_millis(50));
    let late = frames.next_within(SOON).expect("the stream has ended");
    if let Some(lease) = late {
        assert_counter_scene(&lease);
    }
}
