//! What the library refuses at start and at open is told by type, with what to do about it; the process can try again.

mod support;

use std::ffi::c_char;
use std::sync::atomic::{AtomicI16, Ordering};

use pvcam::error::{OpenError, SdkError};
use pvcam::{OpenPolicy, Sdk};
use pvcam_sys::rs_bool;
use support::*;

static CODE: AtomicI16 = AtomicI16::new(0);

unsafe extern "C" fn code() -> i16 {
    CODE.load(Ordering::SeqCst)
}

unsafe extern "C" fn refuse() -> rs_bool {
    0
}

unsafe extern "C" fn refuse_to_open(_name: *mut c_char, _handle: *mut i16, _mode: i16) -> rs_bool {
    0
}

#[test]
fn a_library_whose_surroundings_are_incomplete_says_what_is_missing() {
    let turn = turn();
    let mut broken = api();
    broken.pl_pvcam_init = refuse;
    broken.pl_error_code = code;
    CODE.store(151, Ordering::SeqCst);
    let why = Sdk::with_api(broken).expect_err("it does not start");
    let SdkError::Installation { failure, hint } = why else { panic!("{why:?}") };
    assert_eq!((failure.call(), failure.code()), ("pl_pvcam_init", Some(151)));
    assert!(hint.contains("PVCAM_UMD_PATH") && hint.contains("libpvcamDDI.so.3"), "{hint}");
    CODE.store(0, Ordering::SeqCst);
    let why = Sdk::with_api(broken).expect_err("it does not start");
    assert!(matches!(&why, SdkError::Init(failure) if failure.code().is_none()), "{why:?}");
    // What did not start is not in the way.
    drop(Sdk::with_api(api()).expect("a good one starts"));
    drop(turn);
}

#[test]
fn a_camera_that_another_program_has_is_busy() {
    let mut interposed = api();
    interposed.pl_cam_open = refuse_to_open;
    interposed.pl_error_code = code;
    let rig = rig_with("clock = \"stepped\"", interposed);
    CODE.store(195, Ordering::SeqCst);
    let why = rig.sdk.open(NAME, OpenPolicy::Raw).expect_err("it is busy");
    assert!(matches!(&why, OpenError::Busy { name, .. } if name == NAME), "{why:?}");
    assert!(why.to_string().contains("another program"), "{why}");
    CODE.store(178, Ordering::SeqCst);
    let why = rig.sdk.open(NAME, OpenPolicy::Raw).expect_err("it is open");
    assert_eq!(why, OpenError::AlreadyOpen { name: NAME.into() });
    CODE.store(0, Ordering::SeqCst);
    let why = rig.sdk.open(NAME, OpenPolicy::Raw).expect_err("a failure without a code is one, too");
    assert!(matches!(why, OpenError::Refused { .. }), "{why:?}");
}
