//! Which exposure times a camera takes.

use core::time::Duration;

use crate::error::ParamError;
use crate::param::{self, Attribute, Link};
use crate::plan::ExposureUnit;

/// Range of exposure times in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExposureRange {
    /// The unit; exposure times are whole multiples of it.
    pub unit: ExposureUnit,
    /// The shortest time.
    pub shortest: Duration,
    /// The longest time. Old cameras do not tell theirs; then it is what fits the SDK's 32 bits.
    pub longest: Duration,
}

/// The units that the camera takes, finest first. A camera without a choice counts milliseconds.
pub(crate) fn units(link: &Link) -> Result<Vec<ExposureUnit>, ParamError> {
    if !link.has(param::PARAM_EXP_RES) {
        return Ok(vec![ExposureUnit::Milliseconds]);
    }
    let items = link.items(param::PARAM_EXP_RES)?;
    let offered = |unit: &ExposureUnit| items.iter().any(|item| item.value == unit.code());
    Ok(ExposureUnit::ALL.into_iter().filter(offered).collect())
}

/// The unit that is set.
pub(crate) fn unit(link: &Link) -> ExposureUnit {
    let set = link.optional(param::PARAM_EXP_RES_INDEX).or_else(|| link.optional(param::PARAM_EXP_RES));
    set.and_then(ExposureUnit::from_code).unwrap_or(ExposureUnit::Milliseconds)
}

/// Sets the unit, if it is another one.
pub(crate) fn set_unit(link: &Link, wanted: ExposureUnit) -> Result<(), ParamError> {
    if unit(link) == wanted {
        return Ok(());
    }
    let id =
        if link.has(param::PARAM_EXP_RES_INDEX) { param::PARAM_EXP_RES_INDEX } else { param::PARAM_EXP_RES };
    link.set(id, wanted.code().into())?;
    let found = unit(link);
    if found == wanted {
        return Ok(());
    }
    Err(ParamError::NotKept { parameter: id.name, asked: wanted.code().into(), found: found.code().into() })
}

/// The range in the unit that is set.
pub(crate) fn range(link: &Link) -> ExposureRange {
    let unit = unit(link);
    let told = |attribute| {
        let value = link.integer(param::PARAM_EXPOSURE_TIME, attribute).ok()?;
        u32::try_from(value).ok()
    };
    let (least, most) = if link.has(param::PARAM_EXPOSURE_TIME) {
        (told(Attribute::Min).unwrap_or(0), told(Attribute::Max).unwrap_or(u32::MAX))
    } else {
        (0, u32::MAX)
    };
    // A camera that tells 0 means its own shortest time; asked for is at least one unit.
    ExposureRange { unit, shortest: unit.duration(least.max(1).into()), longest: unit.duration(most.into()) }
}
