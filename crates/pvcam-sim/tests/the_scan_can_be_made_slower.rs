//! Programmable scan: line delay and width change the pace of a frame as the manual says, and nothing is taken for nothing.

mod support;

use support::{Region, Sdk};

const PARAM_SCAN_MODE: u32 = 0x0903_00FA;
const PARAM_SCAN_DIRECTION: u32 = 0x0903_00FB;
const PARAM_SCAN_LINE_DELAY: u32 = 0x0603_00FD;
const PARAM_SCAN_LINE_TIME: u32 = 0x1003_00FE;
const PARAM_SCAN_WIDTH: u32 = 0x0603_00FF;
const PARAM_READOUT_TIME: u32 = 0x0402_00B3;
const ACCESS: i16 = 7;
const AVAIL: i16 = 8;
const AUTO: i32 = 0;
const LINE_DELAY: i32 = 1;
const WIDTH: i32 = 2;

fn iris() -> (Sdk, i16) {
    let sdk = Sdk::start("[[camera]]\nmodel = \"iris-15-pcie\"\nclock = \"stepped\"\n");
    let hcam = sdk.open("pvcamPCIE_0");
    (sdk, hcam)
}

/// Line time in ps, readout time in us, delay and width, after a setup with 1 ms exposure and 1000 rows.
fn after_setup(sdk: &Sdk, hcam: i16) -> (i64, u32, u16, u16) {
    sdk.setup_seq(hcam, 1, Region::new(0, 0, 64, 1000));
    (
        sdk.get(hcam, PARAM_SCAN_LINE_TIME, 0),
        sdk.get(hcam, PARAM_READOUT_TIME, 0),
        sdk.get(hcam, PARAM_SCAN_LINE_DELAY, 0),
        sdk.get(hcam, PARAM_SCAN_WIDTH, 0),
    )
}

#[test]
fn a_line_delay_of_6_makes_the_line_time_of_a_published_configuration() {
    let (sdk, hcam) = iris();
    assert_eq!(after_setup(&sdk, hcam), (10_260_000, 10_260, 0, 97));
    sdk.set(hcam, PARAM_SCAN_MODE, LINE_DELAY);
    sdk.set(hcam, PARAM_SCAN_LINE_DELAY, 6_u16);
    // 10.26 us x 7; 1 ms is 14 such lines.
    assert_eq!(after_setup(&sdk, hcam), (71_820_000, 71_820, 6, 14));
    sdk.set(hcam, PARAM_SCAN_MODE, AUTO);
    assert_eq!(after_setup(&sdk, hcam), (10_260_000, 10_260, 0, 97), "the setting waits for its mode");
}

#[test]
fn a_width_makes_the_delay() {
    let (sdk, hcam) = iris();
    sdk.set(hcam, PARAM_SCAN_MODE, WIDTH);
    sdk.set(hcam, PARAM_SCAN_WIDTH, 14_u16);
    assert_eq!(after_setup(&sdk, hcam), (71_820_000, 71_820, 6, 14));
}

#[test]
fn the_mode_decides_what_can_be_set() {
    let (sdk, hcam) = iris();
    let writable =
        || [PARAM_SCAN_LINE_DELAY, PARAM_SCAN_WIDTH].map(|id| sdk.get::<u16>(hcam, id, ACCESS) == 2);
    assert_eq!(writable(), [false, false]);
    let refused = |id, value: u16, code| {
        // SAFETY: the parameter's type.
        sdk.fails(code, unsafe { (sdk.f.pl_set_param)(hcam, id, (&raw const value).cast()) });
    };
    refused(PARAM_SCAN_LINE_DELAY, 6, 156);
    refused(PARAM_SCAN_WIDTH, 6, 156);
    sdk.set(hcam, PARAM_SCAN_MODE, LINE_DELAY);
    assert_eq!(writable(), [true, false]);
    refused(PARAM_SCAN_LINE_DELAY, 0, 165);
    refused(PARAM_SCAN_LINE_DELAY, 10_001, 165);
    sdk.set(hcam, PARAM_SCAN_MODE, WIDTH);
    assert_eq!(writable(), [false, true]);
    // One direction is simulated, so no other can be chosen.
    let up = 1_i32;
    // SAFETY: the parameter's type.
    sdk.fails(156, unsafe { (sdk.f.pl_set_param)(hcam, PARAM_SCAN_DIRECTION, (&raw const up).cast()) });
}

#[test]
fn a_camera_without_it_says_so() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    assert_eq!(sdk.get::<u16>(hcam, PARAM_SCAN_MODE, AVAIL), 0);
}
