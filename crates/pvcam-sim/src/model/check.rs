//! What the rest of the simulator takes for granted about a model, checked where it is read, so that a mistake names its line.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};

use super::{Feature, FeatureParameter, Port, Resolution};
use crate::abi::constants::{MAX_EXPOSE_MODE, TIMED_MODE, VARIABLE_TIMED_MODE};
use crate::engine::Trigger;
use crate::param::facts::Item;
use crate::param::known::by_name;

/// What no PVCAM camera is without: programs fail in strange ways if these are missing.
const INDISPENSABLE: [&str; 9] = [
    "SER_SIZE",
    "PAR_SIZE",
    "READOUT_PORT",
    "SPDTAB_INDEX",
    "GAIN_INDEX",
    "PIX_TIME",
    "BIT_DEPTH",
    "EXPOSURE_MODE",
    "CIRC_BUFFER",
];

/// The ids of the post-processing features that are simulated: despeckling, bright and dark, low and high, and averaging.
const FEATURES: [u32; 5] = [8, 9, 13, 15, AVERAGING];

/// The one of them with a count instead of a threshold and a limit.
const AVERAGING: u32 = 19;

/// The most exposures that can be averaged: the sum of so many 16-bit pixels still fits into 32 bits.
const MOST_AVERAGED: u32 = 1 << 16;

/// The longest exposure: times of it, in picoseconds too, stay far from the end of 64 bits.
const LONGEST_EXPOSURE_NS: u64 = 24 * 3600 * 1_000_000_000;

/// A text that fits with its null into `ROOM` bytes.
pub(super) fn text<'de, const ROOM: usize, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() || text.len() >= ROOM || text.contains('\0') {
        return Err(D::Error::custom(format!("1 to {} bytes, and no null", ROOM - 1)));
    }
    Ok(text)
}

/// The same for a text that may be left out.
pub(super) fn optional_text<'de, const ROOM: usize, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    text::<ROOM, D>(from).map(Some)
}

/// Bytes of a buffer: the interface tells and takes them in 32 bits.
pub(super) fn buffer_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let bytes = u64::deserialize(from)?;
    if (1..=u64::from(u32::MAX)).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(D::Error::custom(format!("1 to {}", u32::MAX)))
    }
}

/// A number above 0.
pub(super) fn positive<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default + PartialOrd,
    D: Deserializer<'de>,
{
    let number = T::deserialize(from)?;
    if number > T::default() { Ok(number) } else { Err(D::Error::custom("must be above 0")) }
}

/// A list that is not empty.
pub(super) fn some<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<T>::deserialize(from)?;
    if list.is_empty() { Err(D::Error::custom("at least one")) } else { Ok(list) }
}

/// Ports, no two of one value.
pub(super) fn ports<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Port>, D::Error> {
    let ports: Vec<Port> = some(from)?;
    for (index, port) in ports.iter().enumerate() {
        if ports[..index].iter().any(|earlier| earlier.value == port.value) {
            return Err(D::Error::custom(format!("two ports have the value {}", port.value)));
        }
    }
    Ok(ports)
}

/// Exposure units, at least one, each once, with a range that is one.
pub(super) fn resolutions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Resolution>, D::Error> {
    let list = limits(from)?;
    if list.is_empty() { Err(D::Error::custom("at least one")) } else { Ok(list) }
}

/// Ranges of the exposure argument, each unit once.
pub(super) fn limits<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Resolution>, D::Error> {
    let list = Vec::<Resolution>::deserialize(from)?;
    for (index, resolution) in list.iter().enumerate() {
        if list[..index].iter().any(|earlier| earlier.unit == resolution.unit) {
            return Err(D::Error::custom(format!("`{}` stands twice", resolution.unit.text())));
        }
        if resolution.min > resolution.max {
            return Err(D::Error::custom(format!("{} is above {}", resolution.min, resolution.max)));
        }
        let most = LONGEST_EXPOSURE_NS / resolution.unit.nanoseconds();
        if u64::from(resolution.max) > most {
            let (unit, max) = (resolution.unit.text(), resolution.max);
            return Err(D::Error::custom(format!("`{unit}`: `max` is {max}, but at most {most} (a day)")));
        }
    }
    Ok(list)
}

/// Pairs of binning factors.
pub(super) fn binning<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<[u16; 2]>, D::Error> {
    let pairs = Vec::<[u16; 2]>::deserialize(from)?;
    if pairs.iter().flatten().any(|&factor| factor == 0) {
        return Err(D::Error::custom("factors are 1 or more"));
    }
    if !pairs.is_empty() && !pairs.contains(&[1, 1]) {
        return Err(D::Error::custom("[1, 1] must be among them, or the list empty"));
    }
    Ok(pairs)
}

/// The same for a port that has a list of its own.
pub(super) fn port_binning<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<[u16; 2]>>, D::Error> {
    binning(from).map(Some)
}

/// Parameters that a camera can be without.
pub(super) fn dispensable<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    for name in &names {
        if by_name(name).is_none() {
            return Err(D::Error::custom(format!("no parameter PARAM_{name}")));
        }
        if INDISPENSABLE.contains(&name.as_str()) {
            return Err(D::Error::custom(format!("no camera is without PARAM_{name}")));
        }
    }
    Ok(names)
}

/// 1, 2 or 3.
pub(super) fn metadata_version<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let version = u8::deserialize(from)?;
    if (1..=3).contains(&version) { Ok(version) } else { Err(D::Error::custom("1, 2 or 3")) }
}

/// Bits of a pixel.
pub(super) fn bit_depth<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let bits = u8::deserialize(from)?;
    if (1..=16).contains(&bits) { Ok(bits) } else { Err(D::Error::custom("1 to 16")) }
}

/// Trigger modes, all of them simulated.
pub(super) fn triggers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Item>, D::Error> {
    let items: Vec<Item> = some(from)?;
    match items.iter().find(|item| Trigger::from_mode(item.value).is_none()) {
        Some(item) => Err(D::Error::custom(format!("trigger mode {} is not simulated", item.value))),
        None => Ok(items),
    }
}

/// Old trigger modes that are not listed, all of them simulated. The variable timed mode has a parameter, so it is listed or not there.
pub(super) fn old_triggers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i32>, D::Error> {
    let modes = Vec::<i32>::deserialize(from)?;
    let simulated = |mode: i32| mode != VARIABLE_TIMED_MODE && Trigger::from_mode(mode).is_some();
    match modes.iter().find(|&&mode| !(TIMED_MODE..MAX_EXPOSE_MODE).contains(&mode) || !simulated(mode)) {
        Some(mode) => Err(D::Error::custom(format!("{mode} is no old trigger mode that is simulated"))),
        None => Ok(modes),
    }
}

/// A feature that really alters pixels here.
pub(super) fn feature<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let id = u32::deserialize(from)?;
    if FEATURES.contains(&id) {
        return Ok(id);
    }
    let known = FEATURES.map(|id| id.to_string()).join(", ");
    Err(D::Error::custom(format!("feature {id} is not simulated; {known} are")))
}

/// The parameters of a feature must be those that the simulator goes by.
pub(super) fn wrong_feature(features: &[Feature]) -> Option<String> {
    features.iter().find_map(|feature| {
        let count = if feature.id == AVERAGING { 2 } else { 3 };
        let wanted: Vec<u32> = (0..count).map(|index| feature.id * 10 + index).collect();
        let right = feature.parameters.iter().map(|parameter| parameter.id).eq(wanted.iter().copied());
        let sound = |p: &FeatureParameter| p.min <= p.power_up && p.power_up <= p.max;
        let too_many = |p: &&FeatureParameter| feature.id == AVERAGING && p.max > MOST_AVERAGED;
        if !right {
            Some(format!("the parameters of {} are {wanted:?}, in this order", feature.name))
        } else if let Some(parameter) = feature.parameters.iter().find(|parameter| !sound(parameter)) {
            Some(format!("parameter {}: min <= power_up <= max", parameter.id))
        } else {
            let parameter = feature.parameters.iter().find(too_many)?;
            let FeatureParameter { id, max, .. } = parameter;
            Some(format!(
                "parameter {id}: `max` is {max}, but at most {MOST_AVERAGED} exposures are averaged"
            ))
        }
    })
}
