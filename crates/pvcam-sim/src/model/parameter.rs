//! Parameters that are only a value: what a model file may list, and what it says of them.

use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use crate::param::facts::{Access, Item};
use crate::param::known::{Known, by_name};
use crate::param::value::Kind;

/// What may be listed as a constant: figures of the camera that nothing else in the simulator depends on.
const CONSTANTS: [&str; 20] = [
    "ACCUM_CAPABLE",
    "ACTUAL_GAIN",
    "ADC_OFFSET",
    "CAM_SYSTEMS_INFO",
    "COLOR_MODE",
    "COOLING_MODE",
    "DD_RETRIES",
    "DD_TIMEOUT",
    "FLASH_DWNLD_CAPABLE",
    "FRAME_CAPABLE",
    "MPP_CAPABLE",
    "PCI_FW_VERSION",
    "POSTMASK",
    "POSTSCAN",
    "PREAMP_DELAY",
    "PREAMP_OFF_CONTROL",
    "PREMASK",
    "PRESCAN",
    "READ_NOISE",
    "SUMMING_WELL",
];

/// What may be listed as a setting: nobody who only sees frames could tell what it is set to.
const SETTINGS: [&str; 6] =
    ["CLEAR_CYCLES", "CLEAR_MODE", "FAN_SPEED_SETPOINT", "LAST_MUXED_SIGNAL", "PMODE", "TRIGTAB_SIGNAL"];

/// A parameter that is only a value.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    /// Without the `PARAM_` prefix.
    #[serde(deserialize_with = "listable")]
    name: Spanned<String>,
    value: Option<i64>,
    pub(crate) text: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    #[serde(default)]
    pub(crate) writable: bool,
}

/// A parameter that a model may offer by a value alone: anything else would be taken and have no effect.
fn listable<'de, D: Deserializer<'de>>(from: D) -> Result<Spanned<String>, D::Error> {
    let written = Spanned::<String>::deserialize(from)?;
    let name = written.get_ref();
    if by_name(name).is_none() {
        return Err(D::Error::custom(format!("no parameter PARAM_{name}")));
    }
    if !CONSTANTS.contains(&name.as_str()) && !SETTINGS.contains(&name.as_str()) {
        return Err(D::Error::custom(format!(
            "PARAM_{name} is either worked out by the simulator or not simulated; a model file cannot set it"
        )));
    }
    Ok(written)
}

impl Parameter {
    /// The name without its `PARAM_` prefix.
    pub(crate) fn name(&self) -> &str {
        self.name.get_ref()
    }

    /// Where the file says the name.
    pub(super) fn place(&self) -> Range<usize> {
        self.name.span()
    }

    /// The value at power-up; 0 for texts.
    pub(crate) fn value(&self) -> i64 {
        self.value.unwrap_or(0)
    }

    /// Lowest and highest value.
    pub(crate) fn range(&self) -> (i64, i64) {
        (self.min.unwrap_or(self.value()), self.max.unwrap_or(self.value()))
    }

    /// The type of the parameter must hold what is written, and an enumeration its value.
    pub(super) fn check(&self) -> Result<(), String> {
        let name = self.name();
        let known = by_name(name).ok_or_else(|| format!("no parameter PARAM_{name}"))?;
        if self.writable && !SETTINGS.contains(&name) {
            return Err(format!("PARAM_{name} has no effect in the simulator, so it cannot be writable"));
        }
        match (known.kind, &self.text, self.value) {
            (Kind::Text, Some(text), None) => Self::fits(name, text)?,
            (Kind::Text, ..) => return Err(format!("PARAM_{name} is a text: write `text`, not `value`")),
            (_, None, Some(_)) => {}
            _ => return Err(format!("PARAM_{name} is a number: write `value`, not `text`")),
        }
        Self::check_number(known, self.value(), self.range(), &self.items)
    }

    fn fits(name: &str, text: &str) -> Result<(), String> {
        let room = if name == "CAM_SYSTEMS_INFO" { 1023 } else { 31 };
        if text.len() <= room && !text.contains('\0') {
            return Ok(());
        }
        Err(format!("PARAM_{name} holds at most {room} bytes and no null"))
    }

    fn check_number(known: &Known, value: i64, range: (i64, i64), items: &[Item]) -> Result<(), String> {
        let (name, (low, high)) = (known.name, known.kind.range());
        if [value, range.0, range.1].iter().any(|number| !(low..=high).contains(number)) {
            return Err(format!("PARAM_{name} holds {low} to {high}"));
        }
        if !(range.0..=range.1).contains(&value) {
            return Err(format!("PARAM_{name}: the value {value} is not within {} to {}", range.0, range.1));
        }
        if (known.kind == Kind::Enum) == items.is_empty() {
            let verb = if items.is_empty() { "wants" } else { "has no" };
            return Err(format!("PARAM_{name} {verb} items"));
        }
        if !items.is_empty() && items.iter().all(|item| i64::from(item.value) != value) {
            return Err(format!("PARAM_{name}: none of the items has the value {value}"));
        }
        Ok(())
    }

    /// Who may do what with it: as the interface says, unless the camera lets nobody change it.
    pub(crate) fn access(&self, known: &Known) -> Access {
        match known.access {
            Access::Exist => Access::Exist,
            _ if self.writable => Access::ReadWrite,
            _ => Access::Read,
        }
    }
}
