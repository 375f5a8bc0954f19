//! What one parameter answers at one moment: its value, range, items and access.

use serde::Deserialize;

use super::value::{Kind, Value};
use crate::abi::constants::*;

/// Who may do what with a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    ReadWrite,
    /// Only `ATTR_AVAIL` carries information.
    Exist,
    Write,
}

impl Access {
    /// What `ATTR_ACCESS` answers.
    pub(crate) fn code(self) -> u16 {
        let code = match self {
            Self::Read => ACC_READ_ONLY,
            Self::ReadWrite => ACC_READ_WRITE,
            Self::Exist => ACC_EXIST_CHECK_ONLY,
            Self::Write => ACC_WRITE_ONLY,
        };
        u16::try_from(code).unwrap_or_default()
    }

    /// True if `pl_set_param` is allowed.
    pub(crate) fn writable(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Write)
    }
}

/// One item of an enumerated parameter.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// The value by which the item is read and written.
    pub(crate) value: i32,
    /// The item's text.
    pub(crate) text: String,
}

impl Item {
    /// An item.
    pub(crate) fn new(value: i32, text: impl Into<String>) -> Self {
        Self { value, text: text.into() }
    }
}

/// Everything that the attributes of one parameter answer.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    /// The value, or the error code with which reading it fails.
    pub(crate) current: Result<Value, i16>,
    pub(crate) min: Value,
    pub(crate) max: Value,
    pub(crate) default: Value,
    pub(crate) increment: Value,
    pub(crate) count: u32,
    pub(crate) items: Vec<Item>,
    /// May be read and set while frames come (`ATTR_LIVE`).
    pub(crate) live: bool,
}

impl Facts {
    /// A number within a range; `step` 0 means that no step is known.
    pub(crate) fn number(kind: Kind, value: i64, range: (i64, i64), step: i64) -> Self {
        let steps = if step > 0 { (range.1 - range.0) / step + 1 } else { 0 };
        Self {
            kind,
            access: Access::Read,
            current: Ok(Value::Number(value)),
            min: Value::Number(range.0),
            max: Value::Number(range.1),
            default: Value::Number(value),
            increment: Value::Number(step),
            // A count that 32 bits cannot hold is as good as unknown, which the interface writes as 0.
            count: u32::try_from(steps).unwrap_or(0),
            items: Vec::new(),
            live: false,
        }
    }

    /// A number that only ever has this one value.
    pub(crate) fn constant(kind: Kind, value: i64) -> Self {
        Self { count: 1, ..Self::number(kind, value, (value, value), 0) }
    }

    /// A boolean.
    pub(crate) fn flag(value: bool) -> Self {
        Self::number(Kind::Bool, value.into(), (0, 1), 1)
    }

    /// An enumeration; smallest and largest *value* are its range.
    pub(crate) fn enumeration(items: Vec<Item>, value: i32) -> Self {
        let lowest = items.iter().map(|item| item.value).min().unwrap_or(value);
        let highest = items.iter().map(|item| item.value).max().unwrap_or(value);
        Self {
            count: u32::try_from(items.len()).unwrap_or(0),
            items,
            ..Self::number(Kind::Enum, value.into(), (lowest.into(), highest.into()), 1)
        }
    }

    /// A text. Every value attribute answers it; the increment is empty.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let count = u32::try_from(text.len() + 1).unwrap_or(0);
        let value = Value::Text(text);
        Self {
            kind: Kind::Text,
            access: Access::Read,
            current: Ok(value.clone()),
            min: value.clone(),
            max: value.clone(),
            default: value,
            increment: Value::Text(String::new()),
            count,
            items: Vec::new(),
            live: false,
        }
    }

    /// Makes the parameter writable.
    pub(crate) fn writable(mut self) -> Self {
        self.access = Access::ReadWrite;
        self
    }

    /// Sets the power-up value.
    pub(crate) fn default_number(mut self, value: i64) -> Self {
        self.default = Value::Number(value);
        self
    }

    /// Makes reading the value fail with `code`; the other attributes still answer.
    pub(crate) fn failing(mut self, code: i16) -> Self {
        self.current = Err(code);
        self
    }
}
