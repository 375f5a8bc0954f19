//! Who the camera is and what its sensor looks like.

use core::fmt;

use crate::error::ParamError;
use crate::param::{self, Link};

/// Who a camera is. Names depend on the order of plugging; the serial number is the identity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Name by which it was opened.
    pub name: String,
    /// Serial number of the camera head; empty if the camera has none.
    pub serial: String,
    /// Product name; empty if the camera does not tell.
    pub product: String,
    /// Name of the sensor chip; empty if the camera does not tell.
    pub chip: String,
    /// Firmware version.
    pub firmware: Option<Firmware>,
    /// How it is connected.
    pub interface: Option<Interface>,
}

/// Version of the camera's firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Firmware {
    /// Major number.
    pub major: u8,
    /// Minor number.
    pub minor: u8,
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How a camera is connected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Interface {
    /// `PL_CAM_INTERFACE_TYPES` code.
    pub code: i32,
    /// The camera's own name for it.
    pub name: String,
}

/// The sensor, as the SDK presents it: in its present orientation, unbinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sensor {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// Width of a pixel in nanometres; 0 if the camera does not tell.
    pub pixel_width_nm: u16,
    /// Height of a pixel in nanometres; 0 if the camera does not tell.
    pub pixel_height_nm: u16,
}

impl fmt::Display for Sensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} columns x {} rows", self.columns, self.rows)
    }
}

pub(super) fn read_identity(link: &Link, name: &str) -> Identity {
    let text = |id| link.optional_text(id).unwrap_or_default();
    let firmware = link.optional::<u16>(param::PARAM_CAM_FW_VERSION).map(|packed| {
        let [major, minor] = packed.to_be_bytes();
        Firmware { major, minor }
    });
    Identity {
        name: name.to_owned(),
        serial: text(param::PARAM_HEAD_SER_NUM_ALPHA),
        product: text(param::PARAM_PRODUCT_NAME),
        chip: text(param::PARAM_CHIP_NAME),
        firmware,
        interface: read_interface(link),
    }
}

fn read_interface(link: &Link) -> Option<Interface> {
    let code = link.optional::<i32>(param::PARAM_CAM_INTERFACE_TYPE)?;
    let items = link.items(param::PARAM_CAM_INTERFACE_TYPE).unwrap_or_default();
    let name = items.into_iter().find(|item| item.value == code).map(|item| item.text).unwrap_or_default();
    Some(Interface { code, name })
}

pub(super) fn read_sensor(link: &Link) -> Result<Sensor, ParamError> {
    Ok(Sensor {
        columns: link.current(param::PARAM_SER_SIZE)?,
        rows: link.current(param::PARAM_PAR_SIZE)?,
        pixel_width_nm: link.optional(param::PARAM_PIX_SER_SIZE).unwrap_or(0),
        pixel_height_nm: link.optional(param::PARAM_PIX_PAR_SIZE).unwrap_or(0),
    })
}
