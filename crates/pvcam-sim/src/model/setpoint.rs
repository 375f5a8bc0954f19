//! Temperature set-points that depend on the readout port or on the parallel clocking mode.

use serde::Deserialize;

use super::Model;

/// The set-point that a camera takes up where it differs from that of the sensor, and its range.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPoint {
    /// Only on the port of this value.
    pub(crate) port: Option<i32>,
    /// Only in this parallel clocking mode (`PL_PMODES` value).
    pub(crate) pmode: Option<i64>,
    /// 1/100 °C.
    pub(crate) centi: i16,
    pub(crate) range_centi: [i16; 2],
}

impl Model {
    /// The set-point of a port and a clocking mode: that of the sensor, unless the file lists another one.
    pub(crate) fn setpoint(&self, port: i32, pmode: i64) -> SetPoint {
        let fits = |entry: &&SetPoint| {
            entry.port.is_none_or(|value| value == port) && entry.pmode.is_none_or(|value| value == pmode)
        };
        self.setpoints.iter().find(fits).cloned().unwrap_or(SetPoint {
            port: None,
            pmode: None,
            centi: self.sensor.setpoint_centi,
            range_centi: self.sensor.setpoint_range_centi,
        })
    }

    /// Why a listed set-point makes no sense, if one does not.
    pub(super) fn wrong_setpoint(&self) -> Option<String> {
        self.setpoints.iter().find_map(|entry| {
            let [low, high] = entry.range_centi;
            if !(low..=high).contains(&entry.centi) {
                return Some(format!("{} is not within {low} to {high}", entry.centi));
            }
            let port = entry.port?;
            let known = self.ports.iter().any(|known| known.value == port);
            (!known).then(|| format!("no port has the value {port}"))
        })
    }
}
