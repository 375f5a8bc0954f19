//! The live region: `PARAM_ROI` set while frames come.

use crate::run::*;
use crate::support::{ATTR_CURRENT, PARAM_READOUT_PORT, Region, Sdk, loaded};

const ROI: u32 = 0x1403_0001;
const LIVE: i16 = 9;

fn put(sdk: &Sdk, hcam: i16, region: Region) -> Result<(), i16> {
    // SAFETY: the structure that the parameter takes.
    let result = unsafe { (sdk.f.pl_set_param)(hcam, ROI, (&raw const region).cast()) };
    if result == 1 { Ok(()) } else { Err(sdk.code()) }
}

/// The region that the newest frame tells, and its frame number.
fn told(run: &Run<'_>) -> (Region, u32) {
    let at = run.sdk.latest(run.hcam).0 - run.buffer.address();
    let word = |index: usize| run.buffer.u16(at + 48 + 10 + 2 * index);
    let region = Region { s1: word(0), s2: word(1), sbin: word(2), p1: word(3), p2: word(4), pbin: word(5) };
    (region, run.buffer.u32(at + 5))
}

#[test]
fn frames_follow_the_region_and_the_stream_goes_on() {
    let (sdk, hcam) = kinetix("");
    assert_eq!(sdk.get::<u16>(hcam, ROI, LIVE), 1);
    let run = Run::start(&sdk, hcam, INTERNAL, 1);
    assert_eq!(run.step(2), 2);
    assert_eq!(told(&run), (REGION, 2));
    // Elsewhere and smaller, then as large as the frame that was set up has room for.
    for (number, moved) in (3..).zip([Region::new(100, 50, 16, 8), Region::new(7, 9, 16, 32), REGION]) {
        assert_eq!(put(&sdk, hcam, moved), Ok(()));
        assert_eq!(sdk.get::<Region>(hcam, ROI, ATTR_CURRENT), moved, "readable while frames come");
        assert_eq!(run.step(1), 1);
        assert_eq!(told(&run), (moved, number));
        let (columns, rows) = (u32::from(moved.s2 - moved.s1 + 1), u32::from(moved.p2 - moved.p1 + 1));
        let at = sdk.latest(hcam).0 - run.buffer.address();
        assert_eq!(at % run.bytes, 0, "slots lie where they lay");
        run.buffer.assert_counter(at + 80, number, columns, rows, 12);
    }
    let moved = Region::new(100, 50, 16, 8);
    assert_eq!(put(&sdk, hcam, moved), Ok(()));
    drop(run);
    assert_eq!(sdk.get::<Region>(hcam, ROI, ATTR_CURRENT), moved, "it outlives the acquisition");
    assert_eq!((put(&sdk, hcam, moved), put(&sdk, hcam, REGION)), (Ok(()), Err(184)), "idle: the same alone");
}

#[test]
fn what_does_not_fit_is_refused_and_the_stream_goes_on() {
    let (sdk, hcam) = kinetix("");
    assert_eq!(put(&sdk, hcam, REGION), Err(184), "nothing is set up");
    let run = Run::start(&sdk, hcam, INTERNAL, 1);
    assert_eq!(put(&sdk, hcam, Region::new(0, 0, 33, 16)), Err(181), "more than the frame that was set up");
    assert_eq!(put(&sdk, hcam, Region { sbin: 2, pbin: 2, ..REGION }), Err(182), "another binning");
    assert_eq!(put(&sdk, hcam, Region { s2: u16::MAX, ..REGION }), Err(181), "beside the sensor");
    assert_eq!(run.step(1), 1);
    assert_eq!(told(&run), (REGION, 1));
    drop(run);
    // The Dynamic Range port takes several regions; there is none to move then.
    sdk.set(hcam, PARAM_READOUT_PORT, 2_i32);
    let (regions, mut bytes) = ([REGION, Region::new(64, 64, 8, 8)], 0);
    let buffer = crate::support::buffer::Buffer::new(1 << 16);
    // SAFETY: two regions and a place for the bytes; a buffer that is larger than the frame, stopped before it goes.
    unsafe {
        let setup = sdk.f.pl_exp_setup_seq;
        sdk.ok(setup(hcam, 9, 2, regions.as_ptr(), INTERNAL, 1, &raw mut bytes));
        assert!(bytes <= buffer.len());
        sdk.ok((sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()));
    }
    assert_eq!(put(&sdk, hcam, Region::new(5, 5, 8, 8)), Err(185));
    sdk.abort(hcam);
}

#[test]
fn a_camera_without_it_says_so() {
    let sdk = loaded::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n");
    let hcam = sdk.open_first();
    assert_eq!(sdk.get::<u16>(hcam, ROI, LIVE), 0);
    assert_eq!(put(&sdk, hcam, REGION), Err(156));
}
