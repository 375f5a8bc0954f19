//! The settings a camera remembers until it is switched off.

use std::collections::BTreeMap;

use super::centroids::CentroidSettings;
use super::host::HostSettings;
use super::known::by_name;
use crate::abi::constants::*;
use crate::engine::Plan;
use crate::model::{FeatureParameter, Gain, Model, Pace, Port, Resolution, SetPoint, Speed, Timing};

/// Everything that survives closing and opening, and `pl_pvcam_uninit` as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Index into the model's ports.
    pub(crate) port: usize,
    /// Index into the port's speeds.
    pub(crate) speed: usize,
    /// Index into the speed's gains; `PARAM_GAIN_INDEX` is one more.
    pub(crate) gain: usize,
    /// Index into the model's exposure units.
    pub(crate) resolution: usize,
    pub(crate) setpoint_centi: i16,
    pub(crate) metadata: bool,
    /// `PL_SCAN_MODES` value.
    pub(crate) scan_mode: i32,
    /// Used in the line delay mode, in line times.
    pub(crate) line_delay: u16,
    /// Used in the scan width mode, in lines.
    pub(crate) scan_width: u16,
    /// SMART streaming is on.
    pub(crate) smart: bool,
    /// Its exposures, in the current exposure unit.
    pub(crate) smart_exposures: Vec<u32>,
    /// Exposure of the variable timed mode, in the current exposure unit.
    pub(crate) variable_exposure: u16,
    /// `PL_EXPOSURE_MODES` value of the last setup.
    pub(crate) exposure_mode: i32,
    /// `PL_EXPOSE_OUT_MODES` value of the last setup.
    pub(crate) expose_out: i32,
    /// Selected post-processing feature.
    pub(crate) feature: usize,
    /// Selected parameter of that feature.
    pub(crate) feature_parameter: usize,
    /// Values of all features' parameters, by port; one entry where all ports share them.
    features: Vec<Vec<Vec<u32>>>,
    pub(crate) host: HostSettings,
    pub(crate) centroids: CentroidSettings,
    /// Settings that are only a value, by id.
    pub(crate) stored: BTreeMap<u32, i64>,
}

impl Settings {
    /// The settings after switching the camera on.
    pub(crate) fn power_up(model: &Model) -> Self {
        let unit = |resolution: &Resolution| resolution.unit == model.exposure.power_up;
        Self {
            port: 0,
            speed: 0,
            gain: 0,
            resolution: model.exposure.resolutions.iter().position(unit).unwrap_or(0),
            setpoint_centi: 0,
            metadata: false,
            scan_mode: PL_SCAN_MODE_AUTO,
            smart: false,
            smart_exposures: Vec::new(),
            variable_exposure: 1,
            line_delay: 1,
            scan_width: 1,
            exposure_mode: model.exposure.triggers[0].value,
            expose_out: model.exposure.expose_out.first().map_or(EXPOSE_OUT_FIRST_ROW, |item| item.value),
            feature: 0,
            feature_parameter: 0,
            features: Self::features_at_power_up(model),
            host: HostSettings::default(),
            centroids: CentroidSettings::power_up(model),
            stored: Self::stored_at_power_up(model),
        }
        .cooled(model)
    }

    fn stored_at_power_up(model: &Model) -> BTreeMap<u32, i64> {
        let settable = model.parameters.iter().filter(|parameter| parameter.writable);
        settable.filter_map(|parameter| Some((by_name(parameter.name())?.id, parameter.value()))).collect()
    }

    fn cooled(mut self, model: &Model) -> Self {
        self.setpoint_centi = self.setpoint(model).centi;
        self
    }

    fn features_at_power_up(model: &Model) -> Vec<Vec<Vec<u32>>> {
        let values = |parameters: &[FeatureParameter]| parameters.iter().map(|p| p.power_up).collect();
        let all = model.features.iter().map(|feature| values(&feature.parameters)).collect();
        vec![all; if model.features_per_port { model.ports.len() } else { 1 }]
    }

    /// What `pl_pp_reset` does: despeckling on, on all ports; true if that changed anything.
    pub(crate) fn reset_features(&mut self, model: &Model) -> bool {
        let reset = Self::features_at_power_up(model);
        let changes = reset != self.features;
        self.features = reset;
        changes
    }

    /// The values of the features' parameters on the selected port.
    pub(crate) fn features(&self) -> &[Vec<u32>] {
        &self.features[self.port.min(self.features.len() - 1)]
    }

    /// Sets the selected parameter of the selected feature.
    pub(crate) fn set_feature(&mut self, value: u32) {
        let shared = self.features.len() - 1;
        self.features[self.port.min(shared)][self.feature][self.feature_parameter] = value;
    }

    /// The selected port.
    pub(crate) fn port<'m>(&self, model: &'m Model) -> &'m Port {
        &model.ports[self.port]
    }

    /// The selected speed.
    pub(crate) fn speed<'m>(&self, model: &'m Model) -> &'m Speed {
        &self.port(model).speeds[self.speed]
    }

    /// The selected gain.
    pub(crate) fn gain<'m>(&self, model: &'m Model) -> &'m Gain {
        &self.speed(model).gains[self.gain]
    }

    /// The selected exposure unit.
    pub(crate) fn resolution<'m>(&self, model: &'m Model) -> &'m Resolution {
        &model.exposure.resolutions[self.resolution]
    }

    /// Lowest and highest exposure argument at the selected speed, in the selected unit.
    pub(crate) fn exposure_limits(&self, model: &Model) -> (u32, u32) {
        let general = self.resolution(model);
        let own = self.speed(model).exposure_limits.iter().find(|limit| limit.unit == general.unit);
        let limits = own.unwrap_or(general);
        (limits.min, limits.max)
    }

    /// The binning list of the selected port.
    pub(crate) fn binning<'m>(&self, model: &'m Model) -> &'m [[u16; 2]] {
        self.port(model).binning.as_ref().unwrap_or(&model.regions.binning)
    }

    /// The set-point that belongs to the selected port and clocking mode, and its range.
    pub(crate) fn setpoint(&self, model: &Model) -> SetPoint {
        let pmode = self.stored.get(&PARAM_PMODE).copied().unwrap_or(PMODE_NORMAL.into());
        model.setpoint(self.port(model).value, pmode)
    }

    /// How fast the next acquisition goes over the sensor.
    pub(crate) fn pace(&self, model: &Model) -> Pace {
        match (&model.scan, self.scan_mode) {
            (Some(_), PL_SCAN_MODE_PROGRAMMABLE_LINE_DELAY) => Pace::Delay(self.line_delay),
            (Some(scan), PL_SCAN_MODE_PROGRAMMABLE_SCAN_WIDTH) => {
                Pace::Width(self.scan_width, scan.max_line_delay)
            }
            _ => Pace::Auto,
        }
    }

    /// The times that a start has now: those of the setup, or of the exposure that the variable timed mode is set to.
    pub(crate) fn start_timing(&self, model: &Model, plan: &Plan) -> Timing {
        let unit = self.resolution(model).unit.nanoseconds();
        if plan.variable {
            plan.timing.exposing(u64::from(self.variable_exposure) * unit)
        } else {
            plan.timing
        }
    }

    /// How many regions the selected port takes.
    pub(crate) fn max_regions(&self, model: &Model) -> u16 {
        self.port(model).max_regions.unwrap_or(model.regions.max)
    }

    /// Measured sensor temperature: as far from the set-point as the model's was.
    pub(crate) fn temperature_centi(&self, model: &Model) -> i16 {
        let offset = model.sensor.temperature_centi.saturating_sub(model.sensor.setpoint_centi);
        self.setpoint_centi.saturating_add(offset)
    }
}
