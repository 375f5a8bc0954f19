//! Setups, triggers, pixels, and what outlives them.

use crate::Findings;
use crate::library::{Model, open_again};
use crate::parameters::{AVAIL, COUNT, values};
use crate::support::{
    ATTR_CURRENT, PARAM_BIT_DEPTH, PARAM_EXP_RES, PARAM_GAIN_INDEX, PARAM_METADATA_ENABLED, PARAM_PP_INDEX,
    PARAM_PP_PARAM, PARAM_PP_PARAM_INDEX, PARAM_READOUT_PORT, PARAM_SPDTAB_INDEX, Region, Sdk,
};

const PARAM_EXPOSURE_MODE: u32 = 0x0902_0217;
const PARAM_EXPOSE_OUT_MODE: u32 = 0x0902_0230;
const PARAM_READOUT_TIME: u32 = 0x0402_00B3;
pub(crate) const SMALL: Region = Region::new(0, 0, 16, 8);
/// The first of the newer modes, which leave the low byte to the expose-out mode.
const EXTENDED: i16 = 1792;
pub(crate) const FRAME_HEADER: usize = 48;
pub(crate) const REGION_HEADER: usize = 32;

pub(crate) fn available(sdk: &Sdk, hcam: i16, id: u32) -> bool {
    sdk.get::<u16>(hcam, id, AVAIL) == 1
}

/// Sets up a sequence; the bytes, or the error code.
pub(crate) fn set_up(
    sdk: &Sdk,
    hcam: i16,
    frames: u16,
    region: Region,
    mode: i16,
    exposure: u32,
) -> Result<u32, i16> {
    let mut bytes = 0;
    // SAFETY: one region and a place for the bytes.
    let result = unsafe {
        (sdk.f.pl_exp_setup_seq)(hcam, frames, 1, &raw const region, mode, exposure, &raw mut bytes)
    };
    if result == 1 { Ok(bytes) } else { Err(sdk.code()) }
}

/// The trigger mode in which the camera does not wait for anybody.
pub(crate) fn free_running(sdk: &Sdk, hcam: i16) -> i16 {
    values(sdk, hcam, PARAM_EXPOSURE_MODE)[0].try_into().unwrap()
}

/// One small frame.
pub(crate) fn plain_setup(sdk: &Sdk, hcam: i16) {
    set_up(sdk, hcam, 1, SMALL, free_running(sdk, hcam), 1).unwrap();
}

/// Every trigger mode and expose-out mode in every exposure unit; `modes.rs` takes frames with them.
pub(crate) fn modes(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let triggers = values(sdk, hcam, PARAM_EXPOSURE_MODE);
    let wanted = model.table["exposure"]["triggers"].as_array().unwrap().len();
    findings.same(triggers.len(), wanted, "trigger modes");
    let has_out = available(sdk, hcam, PARAM_EXPOSE_OUT_MODE);
    let outs = if has_out { values(sdk, hcam, PARAM_EXPOSE_OUT_MODE) } else { vec![0] };
    for unit in values(sdk, hcam, PARAM_EXP_RES) {
        sdk.set(hcam, PARAM_EXP_RES, i32::try_from(unit).unwrap());
        for trigger in triggers.iter().map(|&trigger| i16::try_from(trigger).unwrap()) {
            for out in outs.iter().map(|&out| i16::try_from(out).unwrap()) {
                if trigger < EXTENDED && out != 0 {
                    continue;
                }
                findings.same(set_up(sdk, hcam, 1, SMALL, trigger | out, 1).err(), None, "setup");
                let now: i32 = sdk.get(hcam, PARAM_EXPOSURE_MODE, ATTR_CURRENT);
                findings.same(now, trigger.into(), "trigger mode read back");
                if has_out {
                    let now: i32 = sdk.get(hcam, PARAM_EXPOSE_OUT_MODE, ATTR_CURRENT);
                    findings.same(now, out.into(), "expose-out mode read back");
                }
            }
        }
    }
}

/// What must be refused, and with which code.
pub(crate) fn refusals(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let columns = u16::try_from(model.number("sensor", "columns")).unwrap();
    let mode = free_running(sdk, hcam);
    let mut refused = |frames, region, mode, exposure, code, what: &str| {
        findings.same(set_up(sdk, hcam, frames, region, mode, exposure), Err(code), what);
    };
    refused(0, SMALL, mode, 1, 191, "no frames");
    refused(1, Region { s2: columns, ..SMALL }, mode, 1, 181, "a region beside the sensor");
    refused(1, Region { s1: 5, s2: 4, ..SMALL }, mode, 1, 181, "a region from right to left");
    refused(1, Region { sbin: 0, ..SMALL }, mode, 1, 182, "binning by 0");
    refused(1, SMALL, 0x7F00, 1, 183, "an unknown mode");
    refused(1, SMALL, mode, u32::MAX, 187, "an exposure of weeks");
    refused(1, SMALL, 0x0600, 1, 183, "a mode between the old ones and the new ones");
    let lists = !model.table["regions"]["binning"].as_array().unwrap().is_empty();
    let three = set_up(sdk, hcam, 1, Region { sbin: 3, pbin: 3, ..SMALL }, mode, 1).err();
    findings.same(three, lists.then_some(182), "binning by 3");
    findings.same(set_up(sdk, hcam, 1, SMALL, mode, 1).err(), None, "the control: a good setup");
}

/// Takes two frames with every gain, and compares every pixel with the scene.
pub(crate) fn pixels(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if available(sdk, hcam, PARAM_PP_INDEX) {
        for feature in 0..sdk.get::<u32>(hcam, PARAM_PP_INDEX, COUNT) {
            sdk.set(hcam, PARAM_PP_INDEX, i16::try_from(feature).unwrap());
            sdk.set(hcam, PARAM_PP_PARAM_INDEX, 0_i16);
            sdk.set(hcam, PARAM_PP_PARAM, 0_u32);
        }
    }
    for port in values(sdk, hcam, PARAM_READOUT_PORT) {
        sdk.set(hcam, PARAM_READOUT_PORT, i32::try_from(port).unwrap());
        for speed in 0..sdk.get::<u32>(hcam, PARAM_SPDTAB_INDEX, COUNT) {
            sdk.set(hcam, PARAM_SPDTAB_INDEX, i16::try_from(speed).unwrap());
            for gain in 1..=sdk.get::<u32>(hcam, PARAM_GAIN_INDEX, COUNT) {
                sdk.set(hcam, PARAM_GAIN_INDEX, i16::try_from(gain).unwrap());
                scene(sdk, hcam, 0, findings);
                if model.table.contains_key("metadata") {
                    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
                    scene(sdk, hcam, FRAME_HEADER + REGION_HEADER, findings);
                    sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
                }
            }
        }
    }
}

fn scene(sdk: &Sdk, hcam: i16, headers: usize, findings: &mut Findings) {
    let bits: i16 = sdk.get(hcam, PARAM_BIT_DEPTH, ATTR_CURRENT);
    let bytes = set_up(sdk, hcam, 2, SMALL, free_running(sdk, hcam), 1).unwrap() as usize;
    let mut buffer = vec![0_u8; bytes];
    // SAFETY: the buffer has the bytes that the setup told, and outlives the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) });
    sdk.step(2);
    sdk.abort(hcam);
    let wide = if bits <= 8 { 1 } else { 2 };
    let mask = u32::try_from((1_u64 << bits) - 1).unwrap();
    let mut wrong = 0;
    for (number, frame) in (1_u32..).zip(buffer.chunks(bytes / 2)) {
        for (index, pixel) in (0_u32..).zip(frame[headers..].chunks(wide).take(16 * 8)) {
            let found = pixel.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            wrong += usize::from(found != (number * 31 + index / 16 * 7 + index % 16) & mask);
        }
    }
    findings.same(wrong, 0, &format!("wrong pixels of {bits} bits behind {headers} bytes"));
}

/// What a camera was set to.
pub(crate) struct Choice {
    port: i32,
    gain: i16,
    metadata: bool,
}

/// The last gain of the last port, and metadata where there are some.
pub(crate) fn choose(sdk: &Sdk, hcam: i16, model: &Model) -> Choice {
    let port: i32 = (*values(sdk, hcam, PARAM_READOUT_PORT).last().unwrap()).try_into().unwrap();
    sdk.set(hcam, PARAM_READOUT_PORT, port);
    let gain = i16::try_from(sdk.get::<u32>(hcam, PARAM_GAIN_INDEX, COUNT)).unwrap();
    sdk.set(hcam, PARAM_GAIN_INDEX, gain);
    let metadata = model.table.contains_key("metadata");
    if metadata {
        sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    }
    Choice { port, gain, metadata }
}

/// The choice is still there, and there is no setup.
pub(crate) fn still_chosen(sdk: &Sdk, hcam: i16, choice: &Choice, findings: &mut Findings) {
    findings.same(sdk.get(hcam, PARAM_READOUT_PORT, ATTR_CURRENT), choice.port, "the port");
    findings.same(sdk.get(hcam, PARAM_GAIN_INDEX, ATTR_CURRENT), choice.gain, "the gain");
    if choice.metadata {
        findings.same(sdk.get(hcam, PARAM_METADATA_ENABLED, ATTR_CURRENT), 1_u16, "metadata");
    }
    let mut time = 0_u32;
    // SAFETY: a place for the time.
    let result =
        unsafe { (sdk.f.pl_get_param)(hcam, PARAM_READOUT_TIME, ATTR_CURRENT, (&raw mut time).cast()) };
    findings.same((result, sdk.code()), (0, 188), "the setup is gone");
}

/// Settings outlive closing and the library; the setup does not.
pub(crate) fn kept(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let choice = choose(sdk, hcam, model);
    plain_setup(sdk, hcam);
    for whole in [false, true] {
        still_chosen(sdk, open_again(sdk, hcam, model, whole), &choice, findings);
    }
}
