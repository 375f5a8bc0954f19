//! SMART streaming: frames take the exposures of a list in turn.

use super::computed::View;
use super::control::Control;
use super::facts::Facts;
use super::value::{Kind, Value};
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::model::Model;

impl View<'_> {
    /// The answers of a SMART streaming parameter; delays are on no camera.
    pub(super) fn smart(&self, id: u32) -> Option<Facts> {
        let smart = self.model.smart.as_ref()?;
        Some(match id {
            PARAM_SMART_STREAM_MODE_ENABLED => Facts::flag(self.settings.smart).default_number(0).writable(),
            PARAM_SMART_STREAM_MODE => {
                let all = SMTMODE_ARBITRARY_ALL.into();
                Facts::number(Kind::U16, all, (all, all), 1).writable()
            }
            PARAM_SMART_STREAM_EXP_PARAMS => {
                let list = self.settings.smart_exposures.clone();
                let count = u32::try_from(list.len()).unwrap_or(0);
                // Everything but the value is told in entries.
                let range = (1, smart.max_entries.into());
                let facts = Facts::number(Kind::SmartStream, 1, range, 1).writable();
                Facts { current: Ok(Value::List(list)), count, ..facts }
            }
            _ => return None,
        })
    }
}

impl Control {
    /// Takes a new list: 1 entry at least, and no more than the camera holds.
    pub(super) fn set_smart_exposures(&mut self, model: &Model, list: &[u32]) -> Outcome<()> {
        let most = model.smart.as_ref().map_or(0, |smart| usize::from(smart.max_entries));
        if list.is_empty() || list.len() > most {
            return Err(PL_ERR_VALUE_OUT_OF_RANGE.into());
        }
        if self.settings.smart_exposures != list {
            self.settings.smart_exposures = list.to_vec();
            self.stale |= self.settings.smart;
        }
        Ok(())
    }
}
