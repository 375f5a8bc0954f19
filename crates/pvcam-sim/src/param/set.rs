//! Changing a parameter, and what else changes with it.

use super::computed::View;
use super::control::Control;
use super::known::Known;
use super::settings::Settings;
use super::value::{Kind, Value};
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::model::Model;

/// Parameters that have nothing to do with frames: changing them leaves a setup valid.
/// The exposure of the variable timed mode counts from the next start on.
const INDEPENDENT: [u32; 5] =
    [PARAM_TEMP_SETPOINT, PARAM_FAN_SPEED_SETPOINT, PARAM_PP_INDEX, PARAM_PP_PARAM_INDEX, PARAM_EXP_TIME];

impl Control {
    /// The view that parameters are answered from.
    pub(crate) fn view<'a>(&'a self, model: &'a Model, serial: &'a str) -> View<'a> {
        View { model, serial, settings: &self.settings, plan: self.plan.as_deref(), stale: self.stale }
    }

    /// Sets a parameter that the camera offers. Returns true when the camera clock is to be reset.
    pub(crate) fn set(&mut self, model: &Model, known: &Known, value: &Value) -> Outcome<bool> {
        let facts = self.view(model, "").facts(known).ok_or(PL_ERR_PARAMETER_NOT_AVAILABLE)?;
        if !facts.access.writable() {
            return Err(PL_ERR_ACCESS_DENIED.into());
        }
        if let Value::List(list) = value {
            return self.set_smart_exposures(model, list).map(|()| false);
        }
        let (Value::Number(number), Value::Number(min), Value::Number(max)) = (value, &facts.min, &facts.max)
        else {
            return Err(PL_ERR_VALUE_INVALID.into());
        };
        if facts.kind == Kind::Enum {
            if facts.items.iter().all(|item| i64::from(item.value) != *number) {
                return Err(PL_ERR_VALUE_INVALID.into());
            }
        } else if !(*min..=*max).contains(number) {
            return Err(PL_ERR_VALUE_OUT_OF_RANGE.into());
        }
        if known.id == PARAM_METADATA_RESET_TIMESTAMP {
            return Ok(*number != 0);
        }
        let before = self.settings.clone();
        self.settings.apply(model, known.id, *number);
        // A port or a clocking mode with another set-point brings the camera to that one.
        let setpoint = self.settings.setpoint(model);
        if setpoint != before.setpoint(model) {
            self.settings.setpoint_centi = setpoint.centi;
        }
        if self.settings != before && !INDEPENDENT.contains(&known.id) {
            self.stale = true;
        }
        Ok(false)
    }

    /// `pl_pp_reset`: post-processing as at power-up.
    pub(crate) fn reset_post_processing(&mut self, model: &Model) {
        self.stale |= self.settings.reset_features(model);
    }
}

impl Settings {
    /// Stores a value that is within its range, and resets what depends on it: port, then speed, then gain.
    fn apply(&mut self, model: &Model, id: u32, number: i64) {
        let index = usize::try_from(number).unwrap_or(0);
        match id {
            PARAM_READOUT_PORT => {
                let port = |port: &crate::model::Port| i64::from(port.value) == number;
                self.port = model.ports.iter().position(port).unwrap_or(self.port);
                self.speed = 0;
                self.gain = 0;
            }
            PARAM_SPDTAB_INDEX => {
                self.speed = index;
                self.gain = 0;
            }
            PARAM_GAIN_INDEX => self.gain = index - 1,
            PARAM_EXP_RES => {
                let unit = |r: &crate::model::Resolution| i64::from(r.unit.value()) == number;
                self.resolution = model.exposure.resolutions.iter().position(unit).unwrap_or(self.resolution);
            }
            PARAM_EXP_RES_INDEX => self.resolution = index,
            PARAM_EXP_TIME => {
                self.variable_exposure = u16::try_from(number).unwrap_or(self.variable_exposure);
            }
            PARAM_TEMP_SETPOINT => self.setpoint_centi = i16::try_from(number).unwrap_or(self.setpoint_centi),
            PARAM_METADATA_ENABLED => self.metadata = number != 0,
            PARAM_SMART_STREAM_MODE_ENABLED => self.smart = number != 0,
            PARAM_SCAN_MODE => self.scan_mode = i32::try_from(number).unwrap_or(self.scan_mode),
            PARAM_SCAN_LINE_DELAY => self.line_delay = u16::try_from(number).unwrap_or(self.line_delay),
            PARAM_SCAN_WIDTH => self.scan_width = u16::try_from(number).unwrap_or(self.scan_width),
            PARAM_PP_INDEX => {
                self.feature = index;
                self.feature_parameter = 0;
            }
            PARAM_PP_PARAM_INDEX => self.feature_parameter = index,
            PARAM_PP_PARAM => self.set_feature(u32::try_from(number).unwrap_or(0)),
            _ if self.host.apply(id, number) || self.centroids.apply(id, number) => {}
            _ => {
                self.stored.insert(id, number);
            }
        }
    }
}
