//! What a client must read again after a change: each dependency between parameters, as a table.

mod exposure;
mod picture;
mod readout;

use crate::Findings;
use crate::acquisition::available;
use crate::library::Model;
use crate::parameters::COUNT;
use crate::support::{PARAM_GAIN_INDEX, PARAM_READOUT_PORT, PARAM_SPDTAB_INDEX, Sdk};
use exposure::{exposures, line_times, scan_modes, units};
use picture::{feature_values, features, headers, rotations, several_regions, sums};
use readout::{
    binnings, clocking, depths, formats, gains, offsets, pixel_times, region_counts, setpoints, speeds,
};

const PARAM_COLOR_MODE: u32 = 0x0902_01F8;

/// A dependency: the parameter that is changed, those that follow, and what proves it.
pub(crate) struct Dependency {
    changed: &'static str,
    follows: &'static str,
    pub(crate) proof: fn(&Sdk, i16, &Model, &mut Findings),
    /// A line of the [`rich`] model's file, and a wrong one that the proof must notice.
    pub(crate) control: (&'static str, &'static str),
}

impl std::fmt::Debug for Dependency {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} -> {}", self.changed, self.follows)
    }
}

macro_rules! table {
    ($($changed:literal => $follows:literal, $proof:ident, $right:literal / $wrong:literal;)+) => {
        [$(Dependency {
            changed: $changed,
            follows: $follows,
            proof: $proof,
            control: ($right, $wrong),
        }),+]
    };
}

/// All of them. Decompression and colours are on no simulated camera.
#[rustfmt::skip]
pub(crate) const DEPENDENCIES: [Dependency; 20] = table! {
    "READOUT_PORT" => "number of speeds, speed", speeds, "name = \"Slow\"\n" / "name = \"Slow\"\ngains = []\n[[port.speed]]\n";
    "READOUT_PORT, SPDTAB_INDEX" => "range of gains, gain, its name", gains, "name = \"Standard\"" / "name = \"Low\"";
    "READOUT_PORT, SPDTAB_INDEX, GAIN_INDEX" => "BIT_DEPTH, BIT_DEPTH_HOST", depths, "bit_depth = 8" / "bit_depth = 9";
    "READOUT_PORT, SPDTAB_INDEX, GAIN_INDEX" => "IMAGE_FORMAT, IMAGE_FORMAT_HOST", formats, "bit_depth = 8" / "bit_depth = 9";
    "READOUT_PORT, SPDTAB_INDEX, GAIN_INDEX" => "ADC_OFFSET", offsets, "adc_offset = 120" / "adc_offset = 121";
    "READOUT_PORT, SPDTAB_INDEX" => "PIX_TIME, IMAGE_COMPRESSION", pixel_times, "pixel_time_ns = 20" / "pixel_time_ns = 30";
    "READOUT_PORT" => "largest ROI_COUNT", region_counts, "max_regions = 15" / "max_regions = 14";
    "READOUT_PORT" => "TEMP_SETPOINT, its range and default", setpoints, "centi = -500\n" / "centi = -400\n";
    "PMODE" => "TEMP_SETPOINT, its range and default", clocking, "centi = 700\n" / "centi = 800\n";
    "READOUT_PORT" => "values of PP_PARAM", feature_values, "features_per_port = true" / "features_per_port = false";
    "READOUT_PORT" => "lists of binning factors", binnings, "binning = [[1, 1], [8, 8]]" / "binning = [[1, 1], [7, 7]]";
    "READOUT_PORT, SPDTAB_INDEX, EXP_RES" => "range of EXPOSURE_TIME", exposures, "max = 5000 }" / "max = 6000 }";
    "READOUT_PORT, SPDTAB_INDEX" => "SCAN_LINE_TIME after a setup", line_times, "line_time_ps = 8000000" / "line_time_ps = 9000000";
    "EXP_RES, EXP_RES_INDEX" => "each other, EXPOSURE_TIME", units, "unit = \"us\", min = 0" / "unit = \"us\", min = 1";
    "SCAN_MODE" => "who may set SCAN_LINE_DELAY and SCAN_WIDTH, SCAN_LINE_TIME", scan_modes, "line_time_ps = 7062500" / "line_time_ps = 7063500";
    "HOST_FRAME_ROTATE, HOST_FRAME_FLIP" => "SER_SIZE, PAR_SIZE, ROI, binning lists", rotations, "rows = 2000" / "rows = 2002";
    "HOST_FRAME_SUMMING_*" => "BIT_DEPTH_HOST, IMAGE_FORMAT_HOST after a setup", sums, "bit_depth = 12" / "bit_depth = 13";
    "METADATA_ENABLED" => "bytes of a frame", headers, "frame_alignment_bytes = 32" / "frame_alignment_bytes = 256";
    "number of regions" => "bytes of a frame, ROI_COUNT", several_regions, "frame_alignment_bytes = 32" / "frame_alignment_bytes = 256";
    "PP_INDEX, PP_PARAM_INDEX" => "names, ids, value and range", features, "power_up = 75" / "power_up = 76";
};

/// Looks at every dependency of one camera.
pub(crate) fn walk(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    for dependency in &DEPENDENCIES {
        let before = findings.problems.len();
        (dependency.proof)(sdk, hcam, model, findings);
        for problem in &mut findings.problems[before..] {
            *problem = format!("{dependency:?}: {problem}");
        }
    }
    findings.check(!available(sdk, hcam, PARAM_COLOR_MODE), || "no camera is coloured".to_owned());
}

/// A camera on which everything depends on something: one of the models with some lines changed.
pub(crate) fn rich(models: &[Model]) -> Model {
    let base = models.iter().find(|model| model.name == "kinetix22-pcie").unwrap();
    let mut file = base.file.replacen("name = \"kinetix22-pcie\"", "name = \"rich\"", 1);
    for (old, new) in [
        ("rows = 2400\n", "rows = 2000\n"),
        ("\n[identity]\n", "\nfeatures_per_port = true\n\n[identity]\n"),
        ("name = \"Speed\"\n", "name = \"Speed\"\nbinning = [[1, 1], [8, 8]]\n"),
        (
            "line_time_ps = 1250000 ",
            "exposure_limits = [{ unit = \"ms\", min = 1, max = 5000 }]\nline_time_ps = 1250000 ",
        ),
        (
            "{ name = \"Standard\", bit_depth = 16 },\n]\n",
            "{ name = \"Standard\", bit_depth = 16 },\n  { name = \"High\", bit_depth = 14, adc_offset = 120 },\n]\n\n\
             [[port.speed]]\nname = \"Slow\"\npixel_time_ns = 20\nline_time_ps = 8000000\nrows_per_line = 2\n\
             gains = [{ name = \"Only\", bit_depth = 12 }]\n",
        ),
        (
            "\n[[setpoint]]\n",
            "\n[[setpoint]]\npmode = 4\ncenti = 700\nrange_centi = [-200, 900]\n\n[[setpoint]]\n",
        ),
    ] {
        assert!(file.contains(old), "`{old}` is not in the file");
        file = file.replacen(old, new, 1);
    }
    Model::new("rich", file)
}

fn list<'a>(table: &'a toml::Value, key: &str) -> &'a [toml::Value] {
    table[key].as_array().unwrap()
}

fn integer(table: &toml::Value, key: &str) -> i64 {
    table[key].as_integer().unwrap()
}

/// Sets every port of the file, with its table.
fn each_port(sdk: &Sdk, hcam: i16, model: &Model, mut look: impl FnMut(&toml::Value)) {
    for port in model.table["port"].as_array().unwrap() {
        sdk.set(hcam, PARAM_READOUT_PORT, i32::try_from(integer(port, "value")).unwrap());
        look(port);
    }
    sdk.set(hcam, PARAM_READOUT_PORT, i32::try_from(integer(&model.table["port"][0], "value")).unwrap());
}

/// Sets every speed of every port.
fn each_speed(sdk: &Sdk, hcam: i16, model: &Model, mut look: impl FnMut(&toml::Value)) {
    each_port(sdk, hcam, model, |port| {
        for (index, speed) in (0_i16..).zip(list(port, "speed")) {
            if i64::from(index) < i64::from(sdk.get::<u32>(hcam, PARAM_SPDTAB_INDEX, COUNT)) {
                sdk.set(hcam, PARAM_SPDTAB_INDEX, index);
                look(speed);
            }
        }
    });
}

/// Sets every gain of every speed.
fn each_gain(sdk: &Sdk, hcam: i16, model: &Model, mut look: impl FnMut(&toml::Value)) {
    each_speed(sdk, hcam, model, |speed| {
        for (index, gain) in (1_i16..).zip(list(speed, "gains")) {
            sdk.set(hcam, PARAM_GAIN_INDEX, index);
            look(gain);
        }
    });
}

/// The value that the file lists for a parameter.
fn constant(model: &Model, name: &str) -> Option<i64> {
    let listed = model.table["parameter"].as_array().unwrap();
    let it = listed.iter().find(|parameter| parameter["name"].as_str() == Some(name))?;
    Some(integer(it, "value"))
}
