//! The variable timed mode: each start takes its exposure from `PARAM_EXP_TIME`, without a new setup.

use crate::support::buffer::Buffer;
use crate::support::{ATTR_CURRENT, ATTR_MAX, PARAM_EXP_RES, PARAM_GAIN_INDEX, Region, Sdk, loaded};

const VARIABLE: i16 = 5;
const PARAM_EXP_TIME: u32 = 0x0603_0001;
const PARAM_EXPOSURE_TIME: u32 = 0x0803_0008;
const AVAIL: i16 = 8;
static REGION: Region = Region::new(0, 0, 32, 16);

fn camera(model: &str) -> (Sdk, i16) {
    let sdk = loaded::start(&format!("[[camera]]\nmodel = \"{model}\"\nclock = \"stepped\"\n"));
    let hcam = sdk.open("pvcamUSB_0");
    (sdk, hcam)
}

fn set_up(sdk: &Sdk, hcam: i16, mode: i16, exposure: u32) -> Result<Buffer, i16> {
    let mut bytes = 0;
    // SAFETY: one region and a place for the bytes.
    let result =
        unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const REGION, mode, exposure, &raw mut bytes) };
    if result == 1 { Ok(Buffer::new(bytes)) } else { Err(sdk.code()) }
}

/// Takes the one frame of the sequence; when it had arrived, in units of 0.1 ms.
fn snap(sdk: &Sdk, hcam: i16, buffer: &Buffer) -> i64 {
    // SAFETY: the buffer has the bytes that the setup told, and outlives the frame.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    sdk.step(1);
    sdk.latest(hcam).1.time_stamp
}

/// Exposures of starts one after the other, each less the first, in units of 0.1 ms.
fn differences(sdk: &Sdk, hcam: i16, buffer: &Buffer, times: &[u16]) -> Vec<i64> {
    let mut before = snap(sdk, hcam, buffer);
    let took: Vec<i64> = times
        .iter()
        .map(|&time| {
            sdk.set(hcam, PARAM_EXP_TIME, time);
            let end = snap(sdk, hcam, buffer);
            end - std::mem::replace(&mut before, end)
        })
        .collect();
    took.iter().map(|one| one - took[0]).collect()
}

#[test]
fn each_start_takes_the_time_that_was_set_last() {
    let (sdk, hcam) = camera("optimos-usb");
    let buffer = set_up(&sdk, hcam, VARIABLE, 1).unwrap();
    let found = differences(&sdk, hcam, &buffer, &[5, 25, 5, 105]);
    // Exposures are whole lines, so they differ by what they should to within one; stamps are cut.
    let near =
        found.iter().zip([0, 200, 0, 1000]).all(|(found, wanted): (&i64, i64)| found.abs_diff(wanted) <= 3);
    assert!(near, "{found:?}");
    let told: u64 = sdk.get(hcam, PARAM_EXPOSURE_TIME, ATTR_CURRENT);
    assert!((104..=105).contains(&told), "{told} ms of 105");
    let buffer = set_up(&sdk, hcam, 0, 3).unwrap();
    let found = differences(&sdk, hcam, &buffer, &[5, 25, 5, 105]);
    assert!(
        found.iter().all(|found| found.abs_diff(0) <= 1),
        "the control: another mode does not look: {found:?}"
    );
}

#[test]
fn other_parameters_still_want_a_setup_and_times_stay_in_range() {
    let (sdk, hcam) = camera("retiga-r1-usb");
    let buffer = set_up(&sdk, hcam, VARIABLE, 1).unwrap();
    let most: u16 = sdk.get(hcam, PARAM_EXP_TIME, ATTR_MAX);
    for time in [0, most] {
        // SAFETY: the parameter's type.
        let result = unsafe { (sdk.f.pl_set_param)(hcam, PARAM_EXP_TIME, (&raw const time).cast()) };
        assert_eq!(result == 1, time != 0, "{time} of {most}");
    }
    assert_eq!(sdk.code(), 0);
    snap(&sdk, hcam, &buffer);
    let gain: i16 = sdk.get(hcam, PARAM_GAIN_INDEX, ATTR_CURRENT);
    let other = if gain == 1 { sdk.get::<i16>(hcam, PARAM_GAIN_INDEX, ATTR_MAX) } else { 1 };
    let unit: i32 = sdk.get(hcam, PARAM_EXP_RES, ATTR_CURRENT);
    if other != gain {
        sdk.set(hcam, PARAM_GAIN_INDEX, other);
    } else {
        let units: i32 = sdk.get(hcam, PARAM_EXP_RES, ATTR_MAX);
        assert_ne!(unit, units, "something must be there to change");
        sdk.set(hcam, PARAM_EXP_RES, units);
    }
    // SAFETY: the buffer has the bytes that the setup told.
    sdk.fails(188, unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
}

#[test]
fn a_camera_without_it_refuses_mode_and_parameter() {
    let sdk = loaded::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n");
    let hcam = sdk.open_first();
    assert_eq!(set_up(&sdk, hcam, VARIABLE, 1).err(), Some(183));
    assert_eq!(sdk.get::<u16>(hcam, PARAM_EXP_TIME, AVAIL), 0);
    let time = 5_u16;
    // SAFETY: the parameter's type.
    sdk.fails(160, unsafe { (sdk.f.pl_set_param)(hcam, PARAM_EXP_TIME, (&raw const time).cast()) });
}
