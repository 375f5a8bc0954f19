//! A frame can be the sum of so many exposures that painting it takes minutes; a stop does not wait for the rest of them.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use support::buffer::Buffer;
use support::{OVERWRITE, Region, Sdk, eventually};

const SUMMING: u32 = 0x0B02_0102;
const SUMMING_COUNT: u32 = 0x0702_0103;
const REGION: Region = Region::new(0, 0, 2048, 2048);

/// A ring of one slot, started, whose frames are sums of `count`; returns when the first one is being painted.
fn start(sdk: &Sdk, hcam: i16, count: u32) -> Buffer {
    sdk.set(hcam, SUMMING, 1_u16);
    sdk.set(hcam, SUMMING_COUNT, count);
    let buffer = Buffer::new(sdk.setup_cont(hcam, REGION, OVERWRITE));
    let before = sdk.control.stats(0).unwrap().produced;
    // SAFETY: the buffer lives until the test has stopped the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    eventually("a frame was exposed", || sdk.control.stats(0).unwrap().produced > before);
    buffer
}

#[test]
fn the_frame_in_work_is_given_up() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = \"max\"\n");
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    let written = || sdk.control.stats(0).unwrap().written;
    // Painted to its end, this frame would show in the buffer, however long the stop had waited.
    let buffer = start(&sdk, hcam, 10_000);
    sdk.abort(hcam);
    assert_eq!((written(), buffer.u64(4096)), (0, 0), "no pixel is delivered");
    drop(buffer);

    let buffer = start(&sdk, hcam, 2);
    eventually("a sum of two is painted", || written() > 0);
    sdk.abort(hcam);
    assert_ne!(buffer.u64(4096), 0, "the control: a sum that is finished is delivered");
    drop(buffer);

    let buffer = start(&sdk, hcam, 10_000);
    drop(sdk);
    assert_eq!(buffer.u64(4096), 0, "nor does the end of the library wait");
}
