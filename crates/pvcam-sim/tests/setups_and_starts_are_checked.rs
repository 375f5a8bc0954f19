//! A setup or start that a camera cannot do is refused with the code that says why, and changes nothing.
mod support;

use support::buffer::Buffer;
use support::{INTERNAL, OVERWRITE, PARAM_EXP_RES, PARAM_SPDTAB_INDEX, Region, Sdk};

static GOOD: Region = Region::new(0, 0, 64, 64);

/// Code of a sequence setup, 0 for success; the bytes are untouched on failure.
fn seq(sdk: &Sdk, hcam: i16, frames: u16, regions: &[Region], mode: i16, exposure: u32) -> i16 {
    let mut bytes = 0xBEEF;
    let count = u16::try_from(regions.len()).unwrap_or(0);
    // SAFETY: `count` regions and a place for the bytes.
    let result = unsafe {
        (sdk.f.pl_exp_setup_seq)(hcam, frames, count, regions.as_ptr(), mode, exposure, &raw mut bytes)
    };
    assert_eq!(result == 0, bytes == 0xBEEF);
    sdk.code()
}

#[test]
fn setups() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let one = |region: Region| seq(&sdk, hcam, 1, &[region], INTERNAL, 1);
    assert_eq!(one(GOOD), 0);
    assert_eq!(one(Region::new(0, 0, 2048, 2048)), 0);
    assert_eq!(one(Region::default()), 182, "all zero, as one client passes it: there is no binning 0");
    assert_eq!(one(Region::new(1, 0, 2048, 64)), 181, "beyond the last column");
    assert_eq!(one(Region::new(0, 2000, 64, 64)), 181, "beyond the last row");
    assert_eq!(one(Region { s1: 9, s2: 3, ..GOOD }), 181, "ends before it begins");
    assert_eq!(one(Region::new(0, 0, 1, 1)), 181, "too small");
    assert_eq!(one(Region { sbin: 3, pbin: 3, ..GOOD }), 182);
    assert_eq!(one(Region { sbin: 2, pbin: 1, ..GOOD }), 182, "only listed pairs");
    assert_eq!(seq(&sdk, hcam, 1, &[], INTERNAL, 1), 181);
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD, Region::new(100, 100, 9, 9)], INTERNAL, 1), 181, "no metadata");
    assert_eq!(seq(&sdk, hcam, 0, &[GOOD], INTERNAL, 1), 191);
    assert_eq!(seq(&sdk, hcam, 65_535, &[Region::new(0, 0, 2048, 2048)], INTERNAL, 1), 190, "over 4 GB");
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD], 1792 + 9, 1), 183, "no such expose-out mode");
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD], 5, 1), 183, "no such trigger mode");
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD], 0, 1), 0, "TIMED_MODE is taken, though not listed");
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD], INTERNAL, 10_001), 187, "over 10 s in ms");
    sdk.set(hcam, PARAM_EXP_RES, 1_i32);
    assert_eq!(seq(&sdk, hcam, 1, &[GOOD], INTERNAL, 10_001), 0, "10 ms in us");
    let mut bytes = 0;
    // SAFETY: a region and a place for the bytes; null where the case says so.
    unsafe {
        let null = std::ptr::null();
        sdk.fails(153, (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, null, INTERNAL, 1, &raw mut bytes));
        let none = std::ptr::null_mut();
        sdk.fails(153, (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const GOOD, INTERNAL, 1, none));
        let mode = 3;
        let result = (sdk.f.pl_exp_setup_cont)(hcam, 1, &raw const GOOD, INTERNAL, 1, &raw mut bytes, mode);
        sdk.fails(183, result);
    }
}

#[test]
fn starts() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let buffer = Buffer::new(8 * 64 * 64 * 2);
    let seq = || {
        // SAFETY: the buffer is larger than any sequence here, and stopped before it goes.
        unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) }
    };
    let cont = |size: u32| {
        // SAFETY: no size beyond the buffer's, and stopped before it goes.
        unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), size) }
    };
    sdk.fails(188, seq());
    sdk.fails(188, cont(buffer.len()));
    let frame = sdk.setup_cont(hcam, GOOD, OVERWRITE);
    sdk.fails(188, seq());
    sdk.fails(171, cont(0));
    sdk.fails(171, cont(frame + 2));
    // SAFETY: null is what is tried.
    sdk.fails(153, unsafe { (sdk.f.pl_exp_start_cont)(hcam, std::ptr::null_mut(), frame) });
    sdk.ok(cont(buffer.len()));
    sdk.fails(184, cont(buffer.len()));
    let mut bytes = 0;
    // SAFETY: a region and a place for the bytes.
    let setup = unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const GOOD, INTERNAL, 1, &raw mut bytes) };
    sdk.fails(184, setup);
    sdk.abort(hcam);
    sdk.abort(hcam);
    sdk.ok(cont(buffer.len()));
    sdk.abort(hcam);

    sdk.setup_cont(hcam, GOOD, 0);
    sdk.fails(185, cont(buffer.len()));

    sdk.setup_seq(hcam, 2, GOOD);
    for _ in 0..3 {
        sdk.ok(seq());
        sdk.step(2);
    }
    sdk.set(hcam, PARAM_SPDTAB_INDEX, 1_i16);
    sdk.fails(188, seq());
}

#[test]
fn nothing_to_fetch() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let bytes = sdk.setup_cont(hcam, GOOD, OVERWRITE);
    let buffer = Buffer::new(2 * bytes);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    let (mut frame, mut info) = (std::ptr::null_mut(), support::FrameInfo::default());
    // SAFETY: places for the results.
    sdk.fails(169, unsafe { (sdk.f.pl_exp_get_latest_frame_ex)(hcam, &raw mut frame, &raw mut info) });
    assert!(frame.is_null());
    assert_eq!(sdk.oldest(hcam).unwrap_err(), 169);
    sdk.unlock(hcam);
    assert_eq!(sdk.status(hcam), support::EXPOSING);
    sdk.step(1);
    assert_eq!((sdk.status(hcam), sdk.status(hcam)), (3, support::EXPOSING), "a frame is reported once");
    sdk.abort(hcam);
    assert_eq!(sdk.status(hcam), support::NOT_ACTIVE);
}

#[test]
fn opening() {
    let sdk = Sdk::start(
        "[[camera]]\nmodel = \"prime-bsi-usb\"\n[[camera]]\nmodel = \"kinetix-pcie\"\n[[camera]]\nmodel = \"prime-bsi-usb\"\n",
    );
    let mut total = 0;
    // SAFETY: a place for the number.
    sdk.ok(unsafe { (sdk.f.pl_cam_get_total)(&raw mut total) });
    assert_eq!(total, 3);
    assert_eq!(sdk.open("pvcamUSB_1"), 2, "the handle is the index");
    assert_eq!(sdk.open("pvcamPCIE_0"), 1);
    let mut handle = -7;
    // SAFETY: C strings and a place for the handle.
    unsafe {
        sdk.fails(178, (sdk.f.pl_cam_open)(c"pvcamUSB_1".as_ptr(), &raw mut handle, 0));
        sdk.fails(176, (sdk.f.pl_cam_open)(c"pvcamUSB_2".as_ptr(), &raw mut handle, 0));
        sdk.fails(183, (sdk.f.pl_cam_open)(c"pvcamUSB_0".as_ptr(), &raw mut handle, 2));
        assert_eq!(handle, -7);
        sdk.fails(175, (sdk.f.pl_cam_close)(0));
        sdk.ok((sdk.f.pl_cam_close)(2));
        sdk.fails(175, (sdk.f.pl_cam_close)(2));
    }
}
