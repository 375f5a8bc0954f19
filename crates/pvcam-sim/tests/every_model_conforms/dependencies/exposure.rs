//! What follows a change of the exposure unit or of the scan mode, and exposures that follow the speed.

use super::{each_speed, integer, list};
use crate::Findings;
use crate::acquisition::{SMALL, available, free_running, set_up};
use crate::library::Model;
use crate::parameters::{ACCESS, READ_ONLY, READ_WRITE};
use crate::support::{ATTR_CURRENT, ATTR_DEFAULT, ATTR_MAX, ATTR_MIN, PARAM_EXP_RES, PARAM_GAIN_INDEX, Sdk};

const PARAM_EXPOSURE_TIME: u32 = 0x0803_0008;
const PARAM_EXP_RES_INDEX: u32 = 0x0603_0004;
const PARAM_SCAN_LINE_TIME: u32 = 0x1003_00FE;
const PARAM_SCAN_MODE: u32 = 0x0903_00FA;
const PARAM_SCAN_LINE_DELAY: u32 = 0x0603_00FD;
const PARAM_SCAN_WIDTH: u32 = 0x0603_00FF;

/// The file's range of the exposure argument in a unit, at a speed.
fn limits(model: &Model, speed: &toml::Value, unit: &str) -> [u64; 2] {
    let none = Vec::new();
    let own = speed.get("exposure_limits").map_or(&none, |list| list.as_array().unwrap());
    let general = list(&model.table["exposure"], "resolutions");
    let it = own.iter().chain(general).find(|limits| limits["unit"].as_str() == Some(unit)).unwrap();
    ["min", "max"].map(|key| u64::try_from(integer(it, key)).unwrap())
}

/// The units of the file, with their values in the interface.
fn exposure_units(model: &Model) -> Vec<(String, i32)> {
    let value = |unit: &str| ["ms", "us", "s"].iter().position(|name| *name == unit).unwrap();
    let resolutions = list(&model.table["exposure"], "resolutions").iter();
    let units = resolutions.map(|resolution| resolution["unit"].as_str().unwrap().to_owned());
    units.map(|unit| (unit.clone(), i32::try_from(value(&unit)).unwrap())).collect()
}

pub(super) fn exposures(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_EXPOSURE_TIME) {
        return;
    }
    each_speed(sdk, hcam, model, |speed| {
        for (unit, value) in exposure_units(model) {
            sdk.set(hcam, PARAM_EXP_RES, value);
            let now: [u64; 2] = [ATTR_MIN, ATTR_MAX].map(|at| sdk.get(hcam, PARAM_EXPOSURE_TIME, at));
            findings.same(now, limits(model, speed, &unit), "range");
            let most = u32::try_from(now[1]).unwrap();
            let taken = [most, most + 1]
                .map(|exposure| set_up(sdk, hcam, 1, SMALL, free_running(sdk, hcam), exposure).err());
            findings.same(taken, [None, Some(187)], "the longest exposure, and one more");
        }
    });
    sdk.set(hcam, PARAM_EXP_RES, sdk.get::<i32>(hcam, PARAM_EXP_RES, ATTR_DEFAULT));
}

/// The line time after a setup, in what the file says that the camera tells it.
fn line_time(sdk: &Sdk, hcam: i16, model: &Model) -> (i64, i64) {
    set_up(sdk, hcam, 1, SMALL, free_running(sdk, hcam), 1).unwrap();
    let unit = model.table["sensor"].get("line_time_unit").and_then(toml::Value::as_str);
    (sdk.get(hcam, PARAM_SCAN_LINE_TIME, ATTR_CURRENT), if unit == Some("ps") { 1 } else { 1000 })
}

pub(super) fn line_times(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_SCAN_LINE_TIME) {
        return;
    }
    each_speed(sdk, hcam, model, |speed| {
        let before: i64 = line_time(sdk, hcam, model).0;
        sdk.set(hcam, PARAM_GAIN_INDEX, sdk.get::<i16>(hcam, PARAM_GAIN_INDEX, ATTR_MAX));
        let (now, unit) = line_time(sdk, hcam, model);
        findings.same(now, integer(speed, "line_time_ps") / unit, "line time");
        findings.same(before, now, "line time of another gain");
    });
}

pub(super) fn units(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let speed = &model.table["port"][0]["speed"][0];
    for (index, (unit, value)) in (0_u16..).zip(exposure_units(model)) {
        sdk.set(hcam, PARAM_EXP_RES_INDEX, index);
        findings.same(sdk.get(hcam, PARAM_EXP_RES, ATTR_CURRENT), value, "unit by its index");
        sdk.set(hcam, PARAM_EXP_RES_INDEX, 0_u16);
        sdk.set(hcam, PARAM_EXP_RES, value);
        findings.same(sdk.get(hcam, PARAM_EXP_RES_INDEX, ATTR_CURRENT), index, "index of a unit");
        if available(sdk, hcam, PARAM_EXPOSURE_TIME) {
            let now: [u64; 2] = [ATTR_MIN, ATTR_MAX].map(|at| sdk.get(hcam, PARAM_EXPOSURE_TIME, at));
            findings.same(now, limits(model, speed, &unit), "range in another unit");
            set_up(sdk, hcam, 1, SMALL, free_running(sdk, hcam), 2).unwrap();
            let told: u64 = sdk.get(hcam, PARAM_EXPOSURE_TIME, ATTR_CURRENT);
            let line_ns = u64::try_from(integer(speed, "line_time_ps")).unwrap() / 1000;
            let unit_ns = match value {
                0 => 1_000_000,
                1 => 1_000,
                _ => 1_000_000_000,
            };
            // Whole lines, told in whole units, rounded down.
            let range =
                (2 * unit_ns - (2 * unit_ns).min(line_ns)) / unit_ns..=(2 * unit_ns + line_ns) / unit_ns;
            findings.check(range.contains(&told), || format!("{told} {unit}, not in {range:?}"));
        }
    }
    sdk.set(hcam, PARAM_EXP_RES, sdk.get::<i32>(hcam, PARAM_EXP_RES, ATTR_DEFAULT));
}

pub(super) fn scan_modes(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    findings.same(
        available(sdk, hcam, PARAM_SCAN_MODE),
        model.table.contains_key("scan"),
        "programmable scan is there",
    );
    if !available(sdk, hcam, PARAM_SCAN_MODE) {
        return;
    }
    let line = integer(&model.table["port"][0]["speed"][0], "line_time_ps");
    for (mode, writable, lines) in [(1_i32, [true, false], 4), (2, [false, true], 1), (0, [false, false], 1)]
    {
        sdk.set(hcam, PARAM_SCAN_MODE, mode);
        let now = [PARAM_SCAN_LINE_DELAY, PARAM_SCAN_WIDTH].map(|id| sdk.get::<u16>(hcam, id, ACCESS));
        let wanted = writable.map(|writable| if writable { READ_WRITE } else { READ_ONLY });
        findings.same(now, wanted, &format!("access in mode {mode}"));
        if mode == 1 {
            sdk.set(hcam, PARAM_SCAN_LINE_DELAY, 3_u16);
        }
        let (now, unit) = line_time(sdk, hcam, model);
        if mode != 2 {
            findings.same(now, line * lines / unit, &format!("line time in mode {mode}"));
        }
    }
}
