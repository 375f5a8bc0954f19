//! Camera models as data: one TOML file per model, embedded in the library.

mod timing;

use serde::Deserialize;

use crate::param::facts::Item;

pub(crate) use timing::{Cycle, Timing};

/// The embedded model files by name.
static BUILTIN: [(&str, &str); 2] = [
    ("prime-bsi-usb", include_str!("../../models/prime-bsi-usb.toml")),
    ("kinetix-pcie", include_str!("../../models/kinetix-pcie.toml")),
];

/// A camera model; see the comments in `models/*.toml` for where each figure comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) interface: Interface,
    pub(crate) sensor: Sensor,
    pub(crate) regions: Regions,
    pub(crate) exposure: Exposure,
    pub(crate) metadata: Metadata,
    #[serde(rename = "port")]
    pub(crate) ports: Vec<Port>,
    #[serde(rename = "feature", default)]
    pub(crate) features: Vec<Feature>,
    #[serde(rename = "parameter", default)]
    pub(crate) parameters: Vec<Parameter>,
}

/// Names and versions the camera reports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) product: String,
    pub(crate) chip: String,
    pub(crate) vendor: String,
    pub(crate) system: String,
    pub(crate) part_number: String,
    /// Put before the camera's index when the configuration names no serial number.
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    pub(crate) kind: LinkKind,
    /// `PL_CAM_INTERFACE_TYPES` value.
    #[serde(rename = "type")]
    pub(crate) type_code: i32,
    pub(crate) text: String,
    /// Usable bandwidth; a frame never takes less than its bytes over this.
    pub(crate) megabytes_per_s: u64,
    /// Largest acquisition buffer in bytes.
    pub(crate) max_buffer_bytes: u64,
    /// Frames are padded to a multiple of this.
    pub(crate) frame_alignment_bytes: u32,
}

/// The sensor and its cooling.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sensor {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) pixel_nm: u16,
    pub(crate) full_well_electrons: u32,
    /// 1/100 °C, as all temperatures here.
    pub(crate) setpoint_centi: i16,
    pub(crate) setpoint_range_centi: [i16; 2],
    pub(crate) temperature_centi: i16,
}

/// What regions the camera takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Regions {
    pub(crate) max: u16,
    pub(crate) min_columns: u16,
    pub(crate) min_rows: u16,
    /// Allowed pairs, serial then parallel.
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    pub(crate) unit: Unit,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// Exposure units and trigger modes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exposure {
    pub(crate) power_up: Unit,
    pub(crate) resolutions: Vec<Resolution>,
    pub(crate) triggers: Vec<Item>,
    pub(crate) expose_out: Vec<Item>,
    /// Old trigger modes that setup takes although they are not listed.
    pub(crate) legacy_triggers: Vec<i32>,
}

/// Embedded metadata.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Version byte of the frame header: 1, 2 or 3.
    pub(crate) version: u8,
}

/// A readout port.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    pub(crate) value: i32,
    pub(crate) name: String,
    /// Number of regions on this port, when it differs from the camera's.
    pub(crate) max_regions: Option<u16>,
    #[serde(rename = "speed")]
    pub(crate) speeds: Vec<Speed>,
}

/// A speed of a port.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Speed {
    /// `None` where the camera has no names for speeds.
    pub(crate) name: Option<String>,
    pub(crate) pixel_time_ns: u16,
    /// Time of one line, which is the grain of the exposure.
    pub(crate) line_time_ps: u64,
    /// Rows read out together in one line time.
    pub(crate) rows_per_line: u32,
    /// Numbered from 1.
    pub(crate) gains: Vec<Gain>,
}

/// A gain of a speed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gain {
    pub(crate) name: String,
    pub(crate) bit_depth: u8,
}

/// A post-processing feature on the camera.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) parameters: Vec<FeatureParameter>,
}

/// One parameter of a feature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureParameter {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) power_up: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// A parameter that is only a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    /// Without the `PARAM_` prefix.
    pub(crate) name: String,
    pub(crate) value: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    #[serde(default)]
    pub(crate) writable: bool,
}

impl Parameter {
    /// The id must exist, and its type must hold every number.
    fn check(&self) -> Result<(), String> {
        let known = crate::param::known::by_name(&self.name)
            .ok_or_else(|| format!("no parameter PARAM_{}", self.name))?;
        let (low, high) = known.kind.range();
        let numbers = [self.value, self.min, self.max];
        if numbers.iter().flatten().any(|number| !(low..=high).contains(number)) {
            return Err(format!("PARAM_{} holds {low} to {high}", self.name));
        }
        Ok(())
    }
}

impl Model {
    /// The names of the embedded models.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|entry| entry.0)
    }

    /// The embedded model called `name`, or why there is none.
    pub(crate) fn builtin(name: &str) -> Result<Self, String> {
        let Some((_, text)) = BUILTIN.iter().find(|entry| entry.0 == name) else {
            let known: Vec<_> = Self::names().collect();
            return Err(format!("no model `{name}`; there are {}", known.join(", ")));
        };
        let model: Self = toml::from_str(text).map_err(|error| format!("model `{name}`: {error}"))?;
        model.check().map_err(|reason| format!("model `{name}`: {reason}"))?;
        Ok(model)
    }

    /// What the rest of the simulator takes for granted about a model.
    fn check(&self) -> Result<(), String> {
        let non_empty = !self.ports.is_empty()
            && self.ports.iter().all(|port| !port.speeds.is_empty())
            && self.ports.iter().flat_map(|port| &port.speeds).all(|speed| !speed.gains.is_empty());
        if !non_empty {
            return Err("every port wants a speed and every speed a gain".to_owned());
        }
        let slow_clock = self
            .ports
            .iter()
            .flat_map(|port| &port.speeds)
            .any(|s| s.line_time_ps == 0 || s.rows_per_line == 0);
        if slow_clock || self.interface.megabytes_per_s == 0 || self.interface.frame_alignment_bytes == 0 {
            return Err("times, rates and alignments must be positive".to_owned());
        }
        if self.exposure.resolutions.iter().all(|resolution| resolution.unit != self.exposure.power_up) {
            return Err("the exposure unit at power-up is not in the list".to_owned());
        }
        self.parameters.iter().try_for_each(Parameter::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_model_is_sound_and_called_by_its_name() {
        for name in Model::names() {
            assert_eq!(Model::builtin(name).unwrap().name, name);
        }
    }
}
