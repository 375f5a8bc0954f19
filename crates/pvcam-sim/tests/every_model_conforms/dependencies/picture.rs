//! What follows a change of what frames look like: rotation, summing, metadata, regions, post-processing.

use super::{each_port, integer, list};
use crate::Findings;
use crate::acquisition::{SMALL, available, free_running, set_up};
use crate::library::Model;
use crate::parameters::{COUNT, values};
use crate::speed_table::{MONO8, MONO16, text};
use crate::support::{
    ATTR_CURRENT, ATTR_MAX, ATTR_MIN, PARAM_BIT_DEPTH, PARAM_METADATA_ENABLED, PARAM_PP_INDEX,
    PARAM_PP_PARAM, PARAM_PP_PARAM_INDEX, PARAM_SPDTAB_INDEX, Region, Sdk,
};

const PARAM_BIT_DEPTH_HOST: u32 = 0x0102_0227;
const PARAM_IMAGE_FORMAT_HOST: u32 = 0x0902_0228;
const PARAM_ROI_COUNT: u32 = 0x0603_00A9;
const PARAM_ROI: u32 = 0x1403_0001;
const PARAM_BINNING_SER: u32 = 0x0903_00A5;
const PARAM_BINNING_PAR: u32 = 0x0903_00A6;
const PARAM_SER_SIZE: u32 = 0x0602_003A;
const PARAM_PAR_SIZE: u32 = 0x0602_0039;
const PARAM_ROTATE: u32 = 0x0902_0100;
const PARAM_FLIP: u32 = 0x0902_0101;
const PARAM_SUMMING: u32 = 0x0B02_0102;
const PARAM_SUMMING_COUNT: u32 = 0x0702_0103;
const PARAM_SUMMING_FORMAT: u32 = 0x0902_0104;
const PARAM_PP_FEAT_NAME: u32 = 0x0D02_021E;
const PARAM_PP_FEAT_ID: u32 = 0x0602_0225;
const PARAM_PP_PARAM_NAME: u32 = 0x0D02_0222;
const PARAM_PP_PARAM_ID: u32 = 0x0602_0226;
const MONO32: i32 = 9;

pub(super) fn rotations(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_ROTATE) {
        return;
    }
    let [columns, rows] = ["columns", "rows"].map(|key| u16::try_from(model.number("sensor", key)).unwrap());
    let [along, across] = super::readout::factors(&model.table["regions"]);
    for (rotation, flip) in [(1_i32, 0_i32), (2, 1), (3, 2), (0, 3), (0, 0)] {
        sdk.set(hcam, PARAM_ROTATE, rotation);
        sdk.set(hcam, PARAM_FLIP, flip);
        let turned = rotation % 2 == 1;
        let size = if turned { [rows, columns] } else { [columns, rows] };
        let told: [u16; 2] = [PARAM_SER_SIZE, PARAM_PAR_SIZE].map(|id| sdk.get(hcam, id, ATTR_CURRENT));
        findings.same(told, size, "columns and rows");
        let now = [PARAM_BINNING_SER, PARAM_BINNING_PAR].map(|id| values(sdk, hcam, id));
        let wanted = if turned { [across.clone(), along.clone()] } else { [along.clone(), across.clone()] };
        findings.same(now, wanted, "binning factors");
        let whole = Region::new(0, 0, size[0], size[1]);
        let most: Region = sdk.get(hcam, PARAM_ROI, ATTR_MAX);
        findings.same((most.s2, most.p2), (whole.s2, whole.p2), "the largest region");
        let mode = free_running(sdk, hcam);
        findings.same(set_up(sdk, hcam, 1, whole, mode, 1).err(), None, "the whole sensor");
        findings.same(sdk.get(hcam, PARAM_ROI, ATTR_CURRENT), whole, "is told as it was given");
        let beside = Region { s2: size[0], ..whole };
        findings.same(set_up(sdk, hcam, 1, beside, mode, 1).err(), Some(181), "one column more");
    }
}

pub(super) fn sums(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_SUMMING) {
        return;
    }
    let gain = &model.table["port"][0]["speed"][0]["gains"][0];
    let bits = i16::try_from(integer(gain, "bit_depth")).unwrap();
    let plain = (bits, if bits <= 8 { MONO8 } else { MONO16 });
    let told = || {
        let bits: i16 = sdk.get(hcam, PARAM_BIT_DEPTH_HOST, ATTR_CURRENT);
        (bits, sdk.get::<i32>(hcam, PARAM_IMAGE_FORMAT_HOST, ATTR_CURRENT))
    };
    let mode = free_running(sdk, hcam);
    sdk.set(hcam, PARAM_SUMMING, 1_u16);
    sdk.set(hcam, PARAM_SUMMING_COUNT, 4_u32);
    for (format, wanted) in [(0_i32, (16_i16, MONO16)), (1, (24, 4)), (2, (32, MONO32))] {
        sdk.set(hcam, PARAM_SUMMING_FORMAT, format);
        if format != 0 {
            findings.same(told(), plain, "before a setup");
        }
        let bytes = set_up(sdk, hcam, 1, SMALL, mode, 1).unwrap();
        findings.same(told(), wanted, "after a setup");
        let pixels = u32::try_from(wanted.0).unwrap() / 8 * 16 * 8;
        findings.check(bytes >= pixels, || format!("{bytes} bytes for {wanted:?}"));
        findings.same(sdk.get(hcam, PARAM_BIT_DEPTH, ATTR_CURRENT), bits, "bits of the camera");
    }
    sdk.set(hcam, PARAM_SUMMING, 0_u16);
    sdk.set(hcam, PARAM_SUMMING_COUNT, 1_u32);
    sdk.set(hcam, PARAM_SUMMING_FORMAT, 0_i32);
    set_up(sdk, hcam, 1, SMALL, mode, 1).unwrap();
    findings.same(told(), plain, "without summing");
}

/// Bytes of a frame of so many small regions.
fn frame_bytes(sdk: &Sdk, hcam: i16, model: &Model, regions: u16, headers: bool) -> i64 {
    let port = integer(&model.table["port"][0]["speed"][0]["gains"][0], "bit_depth");
    assert_eq!(sdk.get::<i16>(hcam, PARAM_SPDTAB_INDEX, ATTR_CURRENT), 0);
    let pixel = if port <= 8 { 1 } else { 2 };
    let regions = i64::from(regions);
    let bytes = regions * 16 * 8 * pixel + if headers { 48 + 32 * regions } else { 0 };
    let alignment = model.number("interface", "frame_alignment_bytes");
    (bytes + alignment - 1) / alignment * alignment
}

pub(super) fn headers(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let mode = free_running(sdk, hcam);
    findings.same(
        available(sdk, hcam, PARAM_METADATA_ENABLED),
        model.table.contains_key("metadata"),
        "metadata are there",
    );
    let switch: &[u16] = if available(sdk, hcam, PARAM_METADATA_ENABLED) { &[1, 0] } else { &[] };
    for &on in switch {
        sdk.set(hcam, PARAM_METADATA_ENABLED, on);
        let bytes = set_up(sdk, hcam, 1, SMALL, mode, 1).unwrap();
        findings.same(i64::from(bytes), frame_bytes(sdk, hcam, model, 1, on == 1), "bytes of a frame");
    }
}

pub(super) fn several_regions(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_METADATA_ENABLED) {
        return;
    }
    let mode = free_running(sdk, hcam);
    let several: Vec<Region> = (0..3).map(|index| Region::new(0, 20 * index, 16, 8)).collect();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    each_port(sdk, hcam, model, |port| {
        let most: u16 = sdk.get(hcam, PARAM_ROI_COUNT, ATTR_MAX);
        let eight = integer(&port["speed"][0]["gains"][0], "bit_depth") <= 8;
        for count in 1..=most.min(3) {
            let mut bytes = 0;
            // SAFETY: as many regions as told, and a place for the bytes.
            sdk.ok(unsafe {
                (sdk.f.pl_exp_setup_seq)(hcam, 1, count, several.as_ptr(), mode, 1, &raw mut bytes)
            });
            let wide = frame_bytes(sdk, hcam, model, count, true);
            findings.check(eight || i64::from(bytes) == wide, || {
                format!("{count} regions: {bytes} bytes, not {wide}")
            });
            findings.same(sdk.get(hcam, PARAM_ROI_COUNT, ATTR_CURRENT), count, "regions");
        }
    });
    sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
}

pub(super) fn feature_values(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    if !available(sdk, hcam, PARAM_PP_INDEX) {
        return;
    }
    let per_port = model.table.get("features_per_port").and_then(toml::Value::as_bool) == Some(true);
    let ports = model.table["port"].as_array().unwrap().len();
    sdk.set(hcam, PARAM_PP_INDEX, 0_i16);
    sdk.set(hcam, PARAM_PP_PARAM, 0_u32);
    let mut off = 0;
    each_port(sdk, hcam, model, |_| {
        off += usize::from(sdk.get::<u32>(hcam, PARAM_PP_PARAM, ATTR_CURRENT) == 0);
    });
    findings.same(off, if per_port { 1 } else { ports }, "ports on which the feature is off");
    // SAFETY: a plain number.
    sdk.ok(unsafe { (sdk.f.pl_pp_reset)(hcam) });
    each_port(sdk, hcam, model, |_| {
        findings.same(sdk.get(hcam, PARAM_PP_PARAM, ATTR_CURRENT), 1_u32, "after a reset");
    });
}

pub(super) fn features(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let none = Vec::new();
    let features = model.table.get("feature").map_or(&none, |list| list.as_array().unwrap());
    findings.same(available(sdk, hcam, PARAM_PP_INDEX), !features.is_empty(), "post-processing is there");
    let number = |id, attribute| i64::from(sdk.get::<u32>(hcam, id, attribute));
    for (index, feature) in (0_i16..).zip(features) {
        sdk.set(hcam, PARAM_PP_INDEX, index);
        let name = feature["name"].as_str().unwrap().to_owned();
        findings.same(text(sdk, hcam, PARAM_PP_FEAT_NAME), name, "name of a feature");
        findings.same(number(PARAM_PP_FEAT_ID, ATTR_CURRENT), integer(feature, "id"), "id of a feature");
        let parameters = list(feature, "parameters");
        findings.same(number(PARAM_PP_PARAM_INDEX, COUNT) as usize, parameters.len(), "its parameters");
        findings.same(sdk.get(hcam, PARAM_PP_PARAM_INDEX, ATTR_CURRENT), 0_i16, "the first is chosen");
        for (index, parameter) in (0_i16..).zip(parameters) {
            sdk.set(hcam, PARAM_PP_PARAM_INDEX, index);
            let name = parameter["name"].as_str().unwrap().to_owned();
            findings.same(text(sdk, hcam, PARAM_PP_PARAM_NAME), name, "name of a parameter");
            let now = [
                number(PARAM_PP_PARAM_ID, ATTR_CURRENT),
                number(PARAM_PP_PARAM, ATTR_CURRENT),
                number(PARAM_PP_PARAM, ATTR_MIN),
                number(PARAM_PP_PARAM, ATTR_MAX),
            ];
            let wanted = ["id", "power_up", "min", "max"].map(|key| integer(parameter, key));
            findings.same(now, wanted, "id, value and range of a parameter");
        }
    }
    if !features.is_empty() {
        sdk.set(hcam, PARAM_PP_INDEX, 0_i16);
    }
}
