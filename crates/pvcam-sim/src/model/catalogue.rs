//! Where models come from: the files embedded in the library, and a user's own.

use std::path::Path;

use super::{Model, Unit};
use crate::config::ConfigError;

macro_rules! entry {
    ($name:literal) => {
        ($name, include_str!(concat!("../../models/", $name, ".toml")))
    };
}

/// The embedded model files by name.
static BUILTIN: [(&str, &str); 19] = [
    entry!("prime-bsi-usb"),
    entry!("kinetix-pcie"),
    entry!("kinetix-usb"),
    entry!("kinetix22-pcie"),
    entry!("prime-bsi-express-usb"),
    entry!("prime-95b-usb"),
    entry!("prime-95b-25mm-pcie"),
    entry!("prime-pcie"),
    entry!("iris-15-pcie"),
    entry!("iris-9-pcie"),
    entry!("retiga-e7-usb"),
    entry!("retiga-e9-usb"),
    entry!("retiga-e20-usb"),
    entry!("retiga-r1-usb"),
    entry!("retiga-r3-usb"),
    entry!("retiga-r6-usb"),
    entry!("retiga-electro-usb"),
    entry!("evolve-512-usb"),
    entry!("optimos-usb"),
];

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
        Self::parse(text).map_err(|error| format!("model `{name}`: {error}"))
    }

    /// A model that is not among the embedded ones; the error names the file, and in it line and key.
    pub(crate) fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let located = |error: ConfigError| ConfigError { file: Some(path.to_owned()), ..error };
        let text = std::fs::read_to_string(path).map_err(|error| located(ConfigError::unread(&error)))?;
        Self::parse(&text).map_err(located)
    }

    /// Reads and checks a model.
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let model: Self = toml::from_str(text).map_err(|error| ConfigError::from_toml(text, &error))?;
        for parameter in &model.parameters {
            parameter.check().map_err(|reason| ConfigError::at(text, parameter.place(), reason))?;
        }
        match model.contradiction() {
            Some((key, reason)) => Err(ConfigError::at_key(text, key, reason)),
            None => Ok(model),
        }
    }

    /// What no key says alone: the first key that contradicts another one, and why.
    fn contradiction(&self) -> Option<(&'static str, String)> {
        let Self { exposure, regions, sensor, .. } = self;
        let offered = |unit: Unit| exposure.resolutions.iter().any(|resolution| resolution.unit == unit);
        let [low, high] = sensor.setpoint_range_centi;
        let several = |most: u16| most > 1 && self.metadata.is_none();
        let mut gains = self.ports.iter().flat_map(|port| &port.speeds).flat_map(|speed| &speed.gains);
        let listed = |name: &str| self.parameters.iter().any(|parameter| parameter.name() == name);
        if !offered(exposure.power_up) {
            Some(("power_up", "this unit is not among the resolutions".to_owned()))
        } else if regions.min_columns > sensor.columns {
            Some(("min_columns", format!("the sensor has {} columns", sensor.columns)))
        } else if regions.min_rows > sensor.rows {
            Some(("min_rows", format!("the sensor has {} rows", sensor.rows)))
        } else if !(low..=high).contains(&sensor.setpoint_centi) {
            Some(("setpoint_centi", format!("not within {low} to {high}")))
        } else if several(regions.max) || self.ports.iter().filter_map(|port| port.max_regions).any(several) {
            Some(("max", "several regions need [metadata]".to_owned()))
        } else if gains.any(|gain| gain.adc_offset.is_some()) && !listed("ADC_OFFSET") {
            Some(("adc_offset", "list [[parameter]] ADC_OFFSET, for the gains that have none".to_owned()))
        } else if self.centroids.is_some() && self.metadata.is_none() {
            Some(("max_count", "centroids need [metadata]".to_owned()))
        } else if let Some(reason) = self.wrong_setpoint() {
            Some(("centi", reason))
        } else {
            super::check::wrong_feature(&self.features).map(|reason| ("parameters", reason))
        }
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

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut names: Vec<&str> = Model::names().collect();
        files.sort();
        names.sort_unstable();
        assert_eq!(files, names);
    }
}
