//! Camera models as data: one TOML file per model, embedded in the library.

mod catalogue;
mod check;
mod host;
mod parameter;
mod setpoint;
mod timing;

use serde::Deserialize;

use crate::param::facts::Item;
use check::{some, text};

pub(crate) use host::HostFeature;
pub(crate) use parameter::Parameter;
pub(crate) use setpoint::SetPoint;
pub(crate) use timing::{Cycle, Pace, Timing};

/// A camera model; see the comments in `models/*.toml` for where each figure comes from.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    #[serde(deserialize_with = "text::<64, _>")]
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) interface: Interface,
    pub(crate) sensor: Sensor,
    pub(crate) regions: Regions,
    pub(crate) exposure: Exposure,
    /// `None`: no programmable scan.
    pub(crate) scan: Option<Scan>,
    /// `None`: no centroids.
    pub(crate) centroids: Option<Centroids>,
    /// `None`: no SMART streaming.
    pub(crate) smart: Option<Smart>,
    /// `None`: the camera has no embedded metadata.
    pub(crate) metadata: Option<Metadata>,
    /// Parameters that this camera lacks, of those that the simulator works out itself; without `PARAM_`.
    #[serde(default, deserialize_with = "check::dispensable")]
    pub(crate) unavailable: Vec<String>,
    /// What the host can do with frames between transfer and the client's buffer.
    #[serde(default)]
    pub(crate) host_processing: Vec<HostFeature>,
    /// True: each port has its own values of the post-processing features.
    #[serde(default)]
    pub(crate) features_per_port: bool,
    #[serde(rename = "port", deserialize_with = "check::ports")]
    pub(crate) ports: Vec<Port>,
    /// Other set-points than the sensor's; the first that fits counts.
    #[serde(rename = "setpoint", default)]
    pub(crate) setpoints: Vec<SetPoint>,
    #[serde(rename = "feature", default)]
    pub(crate) features: Vec<Feature>,
    #[serde(rename = "parameter", default)]
    pub(crate) parameters: Vec<Parameter>,
}

/// Names and versions the camera reports.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) product: String,
    #[serde(deserialize_with = "text::<17, _>")]
    pub(crate) chip: String,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) vendor: String,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) system: String,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) part_number: String,
    /// Put before the camera's index when the configuration names no serial number.
    #[serde(deserialize_with = "text::<28, _>")]
    pub(crate) serial_prefix: String,
    /// 0xMMmm.
    pub(crate) firmware: u16,
    /// Host driver version, packed as `PARAM_DD_VERSION` wants it.
    pub(crate) driver_version: u16,
}

/// Which link decides the camera's default name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LinkKind {
    Usb,
    Pcie,
}

impl LinkKind {
    /// Stem of the default camera name; the number behind it counts per link.
    pub(crate) fn name_stem(self) -> &'static str {
        match self {
            Self::Usb => "pvcamUSB_",
            Self::Pcie => "pvcamPCIE_",
        }
    }
}

/// The link to the host.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    pub(crate) kind: LinkKind,
    /// `PL_CAM_INTERFACE_TYPES` value.
    #[serde(rename = "type")]
    pub(crate) type_code: i32,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) text: String,
    /// Usable bandwidth; a frame never takes less than its bytes over this.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) megabytes_per_s: u64,
    /// Largest acquisition buffer in bytes, of which the interface tells 32 bits.
    #[serde(deserialize_with = "check::buffer_bytes")]
    pub(crate) max_buffer_bytes: u64,
    /// Frames are padded to a multiple of this.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) frame_alignment_bytes: u32,
}

/// The sensor and its cooling.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sensor {
    #[serde(deserialize_with = "check::positive")]
    pub(crate) columns: u16,
    #[serde(deserialize_with = "check::positive")]
    pub(crate) rows: u16,
    pub(crate) pixel_nm: u16,
    pub(crate) full_well_electrons: u32,
    /// 1/100 °C, as all temperatures here.
    pub(crate) setpoint_centi: i16,
    pub(crate) setpoint_range_centi: [i16; 2],
    pub(crate) temperature_centi: i16,
    /// In what `PARAM_SCAN_LINE_TIME` answers.
    #[serde(default)]
    pub(crate) line_time_unit: LineTimeUnit,
}

/// The unit of `PARAM_SCAN_LINE_TIME`, which depends on the camera's firmware.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum LineTimeUnit {
    #[default]
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "ps")]
    Picoseconds,
}

/// What regions the camera takes.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Regions {
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max: u16,
    #[serde(deserialize_with = "check::positive")]
    pub(crate) min_columns: u16,
    #[serde(deserialize_with = "check::positive")]
    pub(crate) min_rows: u16,
    /// `PARAM_ROI` can be set while frames come.
    #[serde(default)]
    pub(crate) live: bool,
    /// Allowed pairs, serial then parallel. Empty: the camera lists none and takes any factors.
    #[serde(deserialize_with = "check::binning")]
    pub(crate) binning: Vec<[u16; 2]>,
}

/// Unit of exposure values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Unit {
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "s")]
    Seconds,
}

impl Unit {
    /// `PL_EXP_RES_MODES` value.
    pub(crate) fn value(self) -> i32 {
        match self {
            Self::Milliseconds => crate::abi::constants::EXP_RES_ONE_MILLISEC,
            Self::Microseconds => crate::abi::constants::EXP_RES_ONE_MICROSEC,
            Self::Seconds => crate::abi::constants::EXP_RES_ONE_SEC,
        }
    }

    /// Text of the enumeration item.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Milliseconds => "One Millisecond",
            Self::Microseconds => "One Microsecond",
            Self::Seconds => "One Second",
        }
    }

    /// Length of one unit.
    pub(crate) fn nanoseconds(self) -> u64 {
        match self {
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Seconds => 1_000_000_000,
        }
    }
}

/// One exposure unit and the range of the exposure argument in it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    pub(crate) unit: Unit,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// Exposure units and trigger modes.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exposure {
    pub(crate) power_up: Unit,
    #[serde(deserialize_with = "check::resolutions")]
    pub(crate) resolutions: Vec<Resolution>,
    #[serde(deserialize_with = "check::triggers")]
    pub(crate) triggers: Vec<Item>,
    /// Empty: the camera knows no expose-out modes.
    pub(crate) expose_out: Vec<Item>,
    /// Old trigger modes that setup takes although they are not listed.
    #[serde(deserialize_with = "check::old_triggers")]
    pub(crate) legacy_triggers: Vec<i32>,
}

/// Programmable scan: the rolling shutter made slower, by a delay per line or to a width.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    /// In line times.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max_line_delay: u16,
    /// Lines that expose at once, at most.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max_width: u16,
}

/// Centroids: bright spots that the camera finds, of which only cut-outs are delivered.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Centroids {
    /// Cut-outs of a frame.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max_count: u16,
    /// Pixels on either side of a spot.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max_radius: u16,
}

/// SMART streaming: a list of exposures that frames take in turn.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smart {
    /// Longest list.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) max_entries: u16,
}

/// Embedded metadata.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Version byte of the frame header: 1, 2 or 3.
    #[serde(deserialize_with = "check::metadata_version")]
    pub(crate) version: u8,
}

/// A readout port.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    pub(crate) value: i32,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) name: String,
    /// Number of regions on this port, when it differs from the camera's.
    pub(crate) max_regions: Option<u16>,
    /// Binning list of this port, when it differs from the camera's.
    #[serde(default, deserialize_with = "check::port_binning")]
    pub(crate) binning: Option<Vec<[u16; 2]>>,
    #[serde(rename = "speed", deserialize_with = "some")]
    pub(crate) speeds: Vec<Speed>,
}

/// A speed of a port.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Speed {
    /// `None` where the camera has no names for speeds.
    #[serde(default, deserialize_with = "check::optional_text::<32, _>")]
    pub(crate) name: Option<String>,
    pub(crate) pixel_time_ns: u16,
    /// Time of one line, which is the grain of the exposure.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) line_time_ps: u64,
    /// Rows read out together in one line time.
    #[serde(deserialize_with = "check::positive")]
    pub(crate) rows_per_line: u32,
    /// Ranges of the exposure argument at this speed, in the units in which they differ from the camera's.
    #[serde(default, deserialize_with = "check::limits")]
    pub(crate) exposure_limits: Vec<Resolution>,
    /// Numbered from 1.
    #[serde(deserialize_with = "some")]
    pub(crate) gains: Vec<Gain>,
}

/// A gain of a speed.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gain {
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) name: String,
    #[serde(deserialize_with = "check::bit_depth")]
    pub(crate) bit_depth: u8,
    /// `PARAM_ADC_OFFSET` with this gain, when it differs from the listed one.
    pub(crate) adc_offset: Option<i16>,
}

/// A post-processing feature on the camera.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    #[serde(deserialize_with = "check::feature")]
    pub(crate) id: u32,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) name: String,
    #[serde(deserialize_with = "some")]
    pub(crate) parameters: Vec<FeatureParameter>,
}

/// One parameter of a feature.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureParameter {
    pub(crate) id: u32,
    #[serde(deserialize_with = "text::<32, _>")]
    pub(crate) name: String,
    pub(crate) power_up: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

impl Model {
    /// True if the file says that the camera has no parameter of this name.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.unavailable.iter().any(|listed| listed == name)
    }
}
