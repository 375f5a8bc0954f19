//! The table of readout ports, speeds and gains.

use crate::error::ParamError;
use crate::param::{self, Attribute, Link};

/// A readout port: a way in which the sensor is read, with speeds of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Port {
    /// Value by which it is chosen; not necessarily counted from 0.
    pub value: i32,
    /// The camera's name for it.
    pub name: String,
    /// Its speeds, by index.
    pub speeds: Vec<Speed>,
}

/// A readout speed of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Speed {
    /// Index by which it is chosen, from 0.
    pub index: i16,
    /// Nanoseconds per pixel; more a label than physics. `None` if the camera does not tell.
    pub pixel_time_ns: Option<u16>,
    /// The camera's name for it, where it has one.
    pub name: Option<String>,
    /// Its gains, by index.
    pub gains: Vec<Gain>,
}

/// A gain of a speed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gain {
    /// Index by which it is chosen; usually counted from 1.
    pub index: i16,
    /// The camera's name for it, where it has one.
    pub name: Option<String>,
    /// Significant bits of a pixel with this gain. May differ from gain to gain of one speed.
    pub bit_depth: u8,
}

/// A choice of port, speed and gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Readout {
    /// Value of the port.
    pub port: i32,
    /// Index of the speed.
    pub speed: i16,
    /// Index of the gain.
    pub gain: i16,
}

/// The present choice. A camera without one of the three has the value 0 for it.
pub(super) fn read_choice(link: &Link) -> Result<Readout, ParamError> {
    Ok(Readout {
        port: current_if_there(link, param::PARAM_READOUT_PORT)?,
        speed: current_if_there(link, param::PARAM_SPDTAB_INDEX)?,
        gain: current_if_there(link, param::PARAM_GAIN_INDEX)?,
    })
}

fn current_if_there<T: TryFrom<i128> + Default>(link: &Link, id: param::ParamId) -> Result<T, ParamError> {
    if link.has(id) { link.current(id) } else { Ok(T::default()) }
}

/// Sets port, speed and gain, in the order that the camera demands: each resets those behind it.
pub(super) fn write_choice(link: &Link, choice: Readout) -> Result<(), ParamError> {
    set_if_there(link, param::PARAM_READOUT_PORT, choice.port.into())?;
    set_if_there(link, param::PARAM_SPDTAB_INDEX, choice.speed.into())?;
    set_if_there(link, param::PARAM_GAIN_INDEX, choice.gain.into())
}

fn set_if_there(link: &Link, id: param::ParamId, value: i128) -> Result<(), ParamError> {
    if link.has(id) && link.is_writable(id) { link.set(id, value) } else { Ok(()) }
}

/// Walks through all ports, speeds and gains. The camera's choice is changed on the way and put back at the end.
pub(super) fn read_table(link: &Link) -> Result<Vec<Port>, ParamError> {
    let choice = read_choice(link)?;
    let table = walk_ports(link);
    // Put back even if the walk failed; the first failure is the one to tell.
    let restored = write_choice(link, choice);
    let table = table?;
    restored?;
    Ok(table)
}

fn walk_ports(link: &Link) -> Result<Vec<Port>, ParamError> {
    if !link.has(param::PARAM_READOUT_PORT) {
        return Ok(vec![Port { value: 0, name: String::new(), speeds: walk_speeds(link)? }]);
    }
    let mut ports = Vec::new();
    for item in link.items(param::PARAM_READOUT_PORT)? {
        set_if_there(link, param::PARAM_READOUT_PORT, item.value.into())?;
        ports.push(Port { value: item.value, name: item.text, speeds: walk_speeds(link)? });
    }
    Ok(ports)
}

fn walk_speeds(link: &Link) -> Result<Vec<Speed>, ParamError> {
    let count = if link.has(param::PARAM_SPDTAB_INDEX) {
        i16::try_from(link.integer(param::PARAM_SPDTAB_INDEX, Attribute::Count)?).unwrap_or(i16::MAX)
    } else {
        1
    };
    let mut speeds = Vec::new();
    for index in 0..count {
        set_if_there(link, param::PARAM_SPDTAB_INDEX, index.into())?;
        speeds.push(speed_at(link, index, walk_gains(link)?));
    }
    Ok(speeds)
}

fn speed_at(link: &Link, index: i16, gains: Vec<Gain>) -> Speed {
    let pixel_time_ns = link.optional(param::PARAM_PIX_TIME);
    Speed { index, pixel_time_ns, name: link.optional_text(param::PARAM_SPDTAB_NAME), gains }
}

fn walk_gains(link: &Link) -> Result<Vec<Gain>, ParamError> {
    if !link.has(param::PARAM_GAIN_INDEX) {
        return Ok(vec![gain_at(link, 0)?]);
    }
    let least = link.integer(param::PARAM_GAIN_INDEX, Attribute::Min)?;
    let most = link.integer(param::PARAM_GAIN_INDEX, Attribute::Max)?;
    let step = link.integer(param::PARAM_GAIN_INDEX, Attribute::Increment).unwrap_or(1).max(1);
    let mut gains = Vec::new();
    let mut at = least;
    while at <= most {
        let index = i16::try_from(at)
            .map_err(|_| ParamError::Value { parameter: param::PARAM_GAIN_INDEX.name, value: at })?;
        set_if_there(link, param::PARAM_GAIN_INDEX, at)?;
        gains.push(gain_at(link, index)?);
        at += step;
    }
    Ok(gains)
}

fn gain_at(link: &Link, index: i16) -> Result<Gain, ParamError> {
    let bit_depth = link.current(param::PARAM_BIT_DEPTH)?;
    Ok(Gain { index, name: link.optional_text(param::PARAM_GAIN_NAME), bit_depth })
}

/// What can be told of the present choice without changing anything.
pub(super) fn read_present(link: &Link) -> Result<Vec<Port>, ParamError> {
    let choice = read_choice(link)?;
    let names =
        if link.has(param::PARAM_READOUT_PORT) { link.items(param::PARAM_READOUT_PORT)? } else { Vec::new() };
    let name = names.into_iter().find(|item| item.value == choice.port).map(|item| item.text);
    let speed = speed_at(link, choice.speed, vec![gain_at(link, choice.gain)?]);
    Ok(vec![Port { value: choice.port, name: name.unwrap_or_default(), speeds: vec![speed] }])
}

/// Checks a choice against the table: what is not in it is refused with what is.
pub(super) fn check_choice(ports: &[Port], choice: Readout) -> Result<(), ParamError> {
    let refused = |id: param::ParamId, asked: i64, allowed: Vec<i64>| ParamError::NotOffered {
        parameter: id.name,
        asked,
        allowed,
    };
    let port = ports.iter().find(|port| port.value == choice.port).ok_or_else(|| {
        let allowed = ports.iter().map(|port| port.value.into()).collect();
        refused(param::PARAM_READOUT_PORT, choice.port.into(), allowed)
    })?;
    let speed = port.speeds.iter().find(|speed| speed.index == choice.speed).ok_or_else(|| {
        let allowed = port.speeds.iter().map(|speed| speed.index.into()).collect();
        refused(param::PARAM_SPDTAB_INDEX, choice.speed.into(), allowed)
    })?;
    if speed.gains.iter().any(|gain| gain.index == choice.gain) {
        return Ok(());
    }
    let allowed = speed.gains.iter().map(|gain| gain.index.into()).collect();
    Err(refused(param::PARAM_GAIN_INDEX, choice.gain.into(), allowed))
}
