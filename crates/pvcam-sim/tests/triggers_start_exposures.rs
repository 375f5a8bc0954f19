//! With a trigger mode frames come when triggers do, and not otherwise.
mod support;

use std::time::Duration;

use support::buffer::Buffer;
use support::{EDGE_RISING, OVERWRITE, Region, SOFTWARE_EDGE, Sdk, Seen, eventually, note};

static REGION: Region = Region::new(0, 0, 64, 64);
const SOFTWARE_FIRST: i16 = 2816;
const TRIGGER_FIRST: i16 = 2048;

fn go(sdk: &Sdk, mode: i16) -> (i16, Buffer) {
    let hcam = sdk.open_first();
    let mut bytes = 0;
    // SAFETY: a region and a place for the bytes; a buffer of whole frames, stopped before it goes.
    unsafe {
        sdk.ok((sdk.f.pl_exp_setup_cont)(hcam, 1, &raw const REGION, mode, 1, &raw mut bytes, OVERWRITE));
        let buffer = Buffer::new(4 * bytes);
        sdk.ok((sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()));
        (hcam, buffer)
    }
}

/// Flags after a software trigger: 0 triggered, 1 ignored.
fn software(sdk: &Sdk, hcam: i16) -> u32 {
    let mut flags = 9;
    // SAFETY: a place for the flags.
    sdk.ok(unsafe { (sdk.f.pl_exp_trigger)(hcam, &raw mut flags, 0) });
    flags
}

fn step(sdk: &Sdk, frames: u32) -> u32 {
    sdk.control.step(0, frames, Duration::from_secs(10)).unwrap_or(u32::MAX)
}

#[test]
fn software_trigger_per_frame() {
    let sdk = Sdk::stepped("");
    let (hcam, _buffer) = go(&sdk, SOFTWARE_EDGE);
    assert_eq!(step(&sdk, 3), 0, "no trigger, no frame");
    assert_eq!((software(&sdk, hcam), software(&sdk, hcam)), (0, 1), "busy with the first");
    assert_eq!(step(&sdk, 3), 1);
    assert_eq!(software(&sdk, hcam), 0);
    assert_eq!(step(&sdk, 1), 1);
    assert_eq!(sdk.latest(hcam).1.frame_nr, 2);
    assert!(sdk.control.trigger(0, 1).is_err(), "the input is not listened to");
    sdk.abort(hcam);
    let mut flags = 9;
    // SAFETY: a place for the flags.
    sdk.fails(184, unsafe { (sdk.f.pl_exp_trigger)(hcam, &raw mut flags, 0) });
}

#[test]
fn software_trigger_for_the_first_frame() {
    let sdk = Sdk::stepped("");
    let (hcam, _buffer) = go(&sdk, SOFTWARE_FIRST);
    assert_eq!(step(&sdk, 1), 0);
    assert_eq!(software(&sdk, hcam), 0);
    assert_eq!(step(&sdk, 5), 5);
    assert_eq!(software(&sdk, hcam), 1);
    sdk.abort(hcam);
}

#[test]
fn external_edges() {
    let sdk = Sdk::stepped("");
    let (hcam, _buffer) = go(&sdk, EDGE_RISING);
    assert_eq!(step(&sdk, 1), 0);
    sdk.control.trigger(0, 3).unwrap();
    assert_eq!(step(&sdk, 9), 3);
    let mut flags = 9;
    // SAFETY: a place for the flags.
    sdk.fails(185, unsafe { (sdk.f.pl_exp_trigger)(hcam, &raw mut flags, 0) });
    sdk.abort(hcam);
    drop(sdk);
    let sdk = Sdk::stepped("");
    let (hcam, _buffer) = go(&sdk, TRIGGER_FIRST);
    assert_eq!(step(&sdk, 1), 0);
    sdk.control.trigger(0, 1).unwrap();
    assert_eq!(step(&sdk, 9), 9);
    sdk.abort(hcam);
}

#[test]
fn triggers_on_the_real_clock() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 20.0\n");
    let hcam = sdk.open_first();
    let seen = Seen::default();
    sdk.on_eof(hcam, note, &seen);
    // SAFETY: a plain number.
    sdk.ok(unsafe { (sdk.f.pl_cam_close)(hcam) });
    let (hcam, _buffer) = go(&sdk, SOFTWARE_EDGE);
    sdk.on_eof(hcam, note, &seen);
    for frame in 1..=5 {
        assert_eq!(software(&sdk, hcam), 0);
        eventually("the frame comes", || seen.0.lock().is_ok_and(|seen| seen.len() == frame));
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(seen.take(), [1, 2, 3, 4, 5]);
    sdk.abort(hcam);
}
