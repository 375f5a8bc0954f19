//! A snapshot of what can be set, so that a camera can be put back as it was found.

use core::fmt;

use super::features::{self, Feature};
use super::readout::{self, Readout};
use crate::error::ParamError;
use crate::param::{self, Link, ParamId};

/// One thing that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// Readout port, by value.
    Port,
    /// Readout speed, by index.
    Speed,
    /// Gain, by index.
    Gain,
    /// Unit of exposure times (`PL_EXP_RES_MODES` code).
    ExposureUnit,
    /// Whether frames carry metadata.
    Metadata,
    /// Whether the camera sends cut-outs of bright spots instead of a picture.
    Centroids,
    /// Whether exposure times come from a list (SMART streaming).
    SmartStreaming,
    /// Rotation by the SDK on the host (`PL_FRAME_ROTATE_MODES` code).
    HostRotation,
    /// Mirroring by the SDK on the host (`PL_FRAME_FLIP_MODES` code).
    HostMirroring,
    /// Summing of frames by the SDK on the host.
    HostSumming,
    /// A parameter of a post-processing feature inside the camera.
    Processing {
        /// The camera's name of the feature.
        feature: String,
        /// The camera's name of the parameter.
        parameter: String,
        /// `PP_PARAMETER_IDS` code of the parameter.
        id: u32,
    },
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Port => "readout port",
            Self::Speed => "readout speed",
            Self::Gain => "gain",
            Self::ExposureUnit => "exposure unit",
            Self::Metadata => "metadata",
            Self::Centroids => "centroids",
            Self::SmartStreaming => "SMART streaming",
            Self::HostRotation => "host rotation",
            Self::HostMirroring => "host mirroring",
            Self::HostSumming => "host summing",
            Self::Processing { feature, parameter, .. } => return write!(f, "{feature} {parameter}"),
        };
        f.write_str(text)
    }
}

/// A setting that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What was changed.
    pub setting: Setting,
    /// Its value before.
    pub before: i64,
    /// Its value now.
    pub after: i64,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.setting, self.before, self.after)
    }
}

/// All settings of a camera that this library knows to change, as they were at one moment. Taken by
/// [`crate::Camera::settings`], put back by [`crate::Camera::restore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSettings {
    pub(super) serial: String,
    values: Vec<(Setting, i64)>,
}

/// Switches that are one parameter each.
const SWITCHES: [(Setting, ParamId); 7] = [
    (Setting::ExposureUnit, param::PARAM_EXP_RES_INDEX),
    (Setting::Metadata, param::PARAM_METADATA_ENABLED),
    (Setting::Centroids, param::PARAM_CENTROIDS_ENABLED),
    (Setting::SmartStreaming, param::PARAM_SMART_STREAM_MODE_ENABLED),
    (Setting::HostRotation, param::PARAM_HOST_FRAME_ROTATE),
    (Setting::HostMirroring, param::PARAM_HOST_FRAME_FLIP),
    (Setting::HostSumming, param::PARAM_HOST_FRAME_SUMMING_ENABLED),
];

impl CameraSettings {
    pub(super) fn read(link: &Link, serial: &str) -> Result<Self, ParamError> {
        let choice = readout::read_choice(link)?;
        let mut values = vec![
            (Setting::Port, i64::from(choice.port)),
            (Setting::Speed, i64::from(choice.speed)),
            (Setting::Gain, i64::from(choice.gain)),
        ];
        for (setting, id) in SWITCHES {
            if let Some(value) = link.optional(id) {
                values.push((setting, value));
            }
        }
        for Feature { name, parameters, .. } in features::read_features(link)? {
            for parameter in parameters {
                let setting = Setting::Processing {
                    feature: name.clone(),
                    parameter: parameter.name,
                    id: parameter.id,
                };
                values.push((setting, parameter.value.into()));
            }
        }
        Ok(Self { serial: serial.to_owned(), values })
    }

    /// The value of a setting, if the camera has it.
    #[must_use]
    pub fn get(&self, setting: &Setting) -> Option<i64> {
        self.values.iter().find(|(known, _)| known == setting).map(|(_, value)| *value)
    }

    /// All settings with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Setting, i64)> {
        self.values.iter().map(|(setting, value)| (setting, *value))
    }

    /// What is different in `after`.
    #[must_use]
    pub fn changes_to(&self, after: &Self) -> Vec<Change> {
        let changed = |(setting, before): &(Setting, i64)| {
            let (before, after) = (*before, after.get(setting)?);
            (before != after).then(|| Change { setting: setting.clone(), before, after })
        };
        self.values.iter().filter_map(changed).collect()
    }

    fn number<T: TryFrom<i64>>(&self, setting: &Setting) -> Option<T> {
        self.get(setting).and_then(|value| T::try_from(value).ok())
    }

    /// Writes what differs from the present state, in the order that the camera's own dependences demand.
    pub(super) fn write(&self, link: &Link) -> Result<(), ParamError> {
        let present = readout::read_choice(link)?;
        let wanted = Readout {
            port: self.number(&Setting::Port).unwrap_or(present.port),
            speed: self.number(&Setting::Speed).unwrap_or(present.speed),
            gain: self.number(&Setting::Gain).unwrap_or(present.gain),
        };
        if wanted != present {
            readout::write_choice(link, wanted)?;
        }
        for (setting, id) in &SWITCHES {
            if let Some(value) = self.get(setting) {
                set_switch(link, *id, value)?;
            }
        }
        let features: Vec<(u32, u32)> = self
            .values
            .iter()
            .filter_map(|(setting, value)| match setting {
                Setting::Processing { id, .. } => Some((*id, u32::try_from(*value).ok()?)),
                _ => None,
            })
            .collect();
        features::write_features(link, &features)
    }
}

/// Sets a switch if the camera has it and it stands otherwise.
pub(super) fn set_switch(link: &Link, id: ParamId, value: i64) -> Result<(), ParamError> {
    match link.optional::<i64>(id) {
        Some(present) if present != value => link.set(id, value.into()),
        _ => Ok(()),
    }
}

/// Switches off, one by one, what stands between sensor and picture on the host, and whatever else another program may
/// have left on; switches metadata on; chooses the finest unit of exposure times.
pub(super) fn set_raw_switches(link: &Link, finest_unit: Option<i32>) -> Result<(), ParamError> {
    for (setting, id) in SWITCHES {
        let value = match setting {
            Setting::ExposureUnit => match finest_unit {
                Some(unit) => i64::from(unit),
                None => continue,
            },
            Setting::Metadata => 1,
            _ => 0,
        };
        set_switch(link, id, value)?;
    }
    Ok(())
}
