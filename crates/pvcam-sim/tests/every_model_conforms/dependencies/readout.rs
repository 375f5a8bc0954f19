//! What follows a change of the readout port, the speed, the gain or the clocking mode.

use super::{constant, each_gain, each_port, each_speed, integer, list};
use crate::Findings;
use crate::acquisition::{available, free_running, set_up};
use crate::library::Model;
use crate::parameters::{COUNT, values};
use crate::speed_table::{MONO8, MONO16, PARAM_GAIN_NAME, PARAM_IMAGE_FORMAT, PARAM_PIX_TIME, text};
use crate::support::{
    ATTR_CURRENT, ATTR_DEFAULT, ATTR_MAX, ATTR_MIN, PARAM_BIT_DEPTH, PARAM_GAIN_INDEX, PARAM_SPDTAB_INDEX,
    Region, Sdk,
};

const PARAM_ADC_OFFSET: u32 = 0x0102_00C3;
const PARAM_BIT_DEPTH_HOST: u32 = 0x0102_0227;
const PARAM_IMAGE_FORMAT_HOST: u32 = 0x0902_0228;
const PARAM_IMAGE_COMPRESSION: u32 = 0x0902_00F9;
const PARAM_ROI_COUNT: u32 = 0x0603_00A9;
const PARAM_TEMP_SETPOINT: u32 = 0x0102_020E;
const PARAM_PMODE: u32 = 0x0902_020C;
const PARAM_BINNING_SER: u32 = 0x0903_00A5;
const PARAM_BINNING_PAR: u32 = 0x0903_00A6;

pub(super) fn speeds(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    each_port(sdk, hcam, model, |port| {
        let count: u32 = sdk.get(hcam, PARAM_SPDTAB_INDEX, COUNT);
        findings.same(count as usize, list(port, "speed").len(), "speeds");
        findings.same(sdk.get(hcam, PARAM_SPDTAB_INDEX, ATTR_CURRENT), 0_i16, "speed");
    });
}

pub(super) fn gains(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    each_speed(sdk, hcam, model, |speed| {
        let gains = list(speed, "gains");
        let most: i16 = sdk.get(hcam, PARAM_GAIN_INDEX, ATTR_MAX);
        findings.same(usize::try_from(most).unwrap(), gains.len(), "gains");
        findings.same(sdk.get(hcam, PARAM_GAIN_INDEX, ATTR_CURRENT), 1_i16, "gain");
        let name = gains[0]["name"].as_str().unwrap().to_owned();
        findings.same(text(sdk, hcam, PARAM_GAIN_NAME), name, "its name");
    });
}

pub(super) fn depths(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    each_gain(sdk, hcam, model, |gain| {
        for id in [PARAM_BIT_DEPTH, PARAM_BIT_DEPTH_HOST].into_iter().filter(|&id| available(sdk, hcam, id)) {
            let bits: i16 = sdk.get(hcam, id, ATTR_CURRENT);
            findings.same(bits.into(), integer(gain, "bit_depth"), "bits");
        }
    });
}

pub(super) fn formats(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let ids = [PARAM_IMAGE_FORMAT, PARAM_IMAGE_FORMAT_HOST];
    each_gain(sdk, hcam, model, |gain| {
        let wanted = if integer(gain, "bit_depth") <= 8 { MONO8 } else { MONO16 };
        for id in ids.into_iter().filter(|&id| available(sdk, hcam, id)) {
            findings.same(sdk.get(hcam, id, ATTR_CURRENT), wanted, "format");
            findings.same(values(sdk, hcam, id), vec![wanted.into()], "formats");
        }
    });
}

pub(super) fn offsets(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let Some(general) = constant(model, "ADC_OFFSET") else { return };
    each_gain(sdk, hcam, model, |gain| {
        let wanted = gain.get("adc_offset").and_then(toml::Value::as_integer).unwrap_or(general);
        let now: i16 = sdk.get(hcam, PARAM_ADC_OFFSET, ATTR_CURRENT);
        findings.same(now.into(), wanted, "offset");
    });
}

pub(super) fn pixel_times(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    each_speed(sdk, hcam, model, |speed| {
        let now: u16 = sdk.get(hcam, PARAM_PIX_TIME, ATTR_CURRENT);
        findings.same(now.into(), integer(speed, "pixel_time_ns"), "pixel time");
        if available(sdk, hcam, PARAM_IMAGE_COMPRESSION) {
            findings.same(sdk.get(hcam, PARAM_IMAGE_COMPRESSION, ATTR_CURRENT), 0_i32, "compression");
        }
    });
}

pub(super) fn region_counts(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    each_port(sdk, hcam, model, |port| {
        let own = port.get("max_regions").and_then(toml::Value::as_integer);
        let most: u16 = sdk.get(hcam, PARAM_ROI_COUNT, ATTR_MAX);
        findings.same(most.into(), own.unwrap_or(model.number("regions", "max")), "regions");
    });
}

/// What the file says of the set-point of a port and a clocking mode: value, lowest, highest.
fn setpoint(model: &Model, port: i64, pmode: Option<i64>) -> [i64; 3] {
    let none = Vec::new();
    let listed = model.table.get("setpoint").map_or(&none, |list| list.as_array().unwrap());
    let fits = |entry: &&toml::Value| {
        let is = |key: &str, value| entry.get(key).is_none_or(|wanted| wanted.as_integer() == value);
        is("port", Some(port)) && is("pmode", pmode)
    };
    let numbers = |table: &toml::Value, centi: &str, range: &str| {
        let range = list(table, range);
        [integer(table, centi), range[0].as_integer().unwrap(), range[1].as_integer().unwrap()]
    };
    listed.iter().find(fits).map_or_else(
        || numbers(&model.table["sensor"], "setpoint_centi", "setpoint_range_centi"),
        |entry| numbers(entry, "centi", "range_centi"),
    )
}

fn setpoint_now(sdk: &Sdk, hcam: i16) -> [i64; 3] {
    let at = |attribute| sdk.get::<i16>(hcam, PARAM_TEMP_SETPOINT, attribute).into();
    assert_eq!(at(ATTR_DEFAULT), at(ATTR_CURRENT), "nobody else has set it");
    [ATTR_CURRENT, ATTR_MIN, ATTR_MAX].map(at)
}

pub(super) fn setpoints(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let pmode = constant(model, "PMODE");
    each_port(sdk, hcam, model, |port| {
        let wanted = setpoint(model, integer(port, "value"), pmode);
        findings.same(setpoint_now(sdk, hcam), wanted, "set-point and range");
        // A value that is set holds until a change that brings another set-point.
        let between = i16::try_from((wanted[1] + wanted[2]) / 2).unwrap();
        sdk.set(hcam, PARAM_TEMP_SETPOINT, between);
        findings.same(sdk.get(hcam, PARAM_TEMP_SETPOINT, ATTR_CURRENT), between, "set-point that was set");
        sdk.set(hcam, PARAM_TEMP_SETPOINT, sdk.get::<i16>(hcam, PARAM_TEMP_SETPOINT, ATTR_DEFAULT));
    });
}

pub(super) fn clocking(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let Some(power_up) = constant(model, "PMODE") else { return };
    let port = integer(&model.table["port"][0], "value");
    for mode in values(sdk, hcam, PARAM_PMODE).into_iter().chain([power_up.into()]) {
        sdk.set(hcam, PARAM_PMODE, i32::try_from(mode).unwrap());
        let wanted = setpoint(model, port, Some(i64::try_from(mode).unwrap()));
        findings.same(setpoint_now(sdk, hcam), wanted, "set-point and range");
    }
}

/// The binning factors that a table lists: along rows, and across them.
pub(super) fn factors(table: &toml::Value) -> [Vec<i128>; 2] {
    let pairs = list(table, "binning").iter().map(|pair| pair.as_array().unwrap());
    let axis = |at: usize| pairs.clone().map(|pair| pair[at].as_integer().unwrap().into()).collect();
    [axis(0), axis(1)]
}

pub(super) fn binnings(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_BINNING_SER) {
        return;
    }
    each_port(sdk, hcam, model, |port| {
        let wanted = factors(if port.get("binning").is_some() { port } else { &model.table["regions"] });
        let now = [PARAM_BINNING_SER, PARAM_BINNING_PAR].map(|id| values(sdk, hcam, id));
        let coarsest = u16::try_from(*wanted[0].iter().max().unwrap()).unwrap();
        findings.same(now, wanted, "binning factors");
        let region = Region { sbin: coarsest, pbin: coarsest, ..Region::new(0, 0, 64, 64) };
        let result = set_up(sdk, hcam, 1, region, free_running(sdk, hcam), 1).err();
        findings.same(result, None, "the coarsest is taken");
        let region = Region { sbin: 63, pbin: 63, ..region };
        let result = set_up(sdk, hcam, 1, region, free_running(sdk, hcam), 1).err();
        findings.same(result, Some(182), "one that is not listed");
    });
}
