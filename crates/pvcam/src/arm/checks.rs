//! What can be refused before the SDK is asked.

use core::time::Duration;

use frame_pool::StreamMode;

use super::settings::Settings;
use super::setup::Regions;
use crate::camera::{self, Core};
use crate::error::ArmError;
use crate::plan::{Binning, Delivery, Extent, LEAST_SLOTS, Plan, Region};

/// Shortest time that a ring must last in which time alone protects the frames that are lent. It leaves the keeper, which moves
/// them at half of that time, more than a scheduler usually lets a thread wait.
const LEAST_LASTING: Duration = Duration::from_millis(250);

/// The regions of a plan for this camera, checked together with everything else that needs no setup.
pub(super) fn check(core: &Core, plan: &Plan) -> Result<Regions, ArmError> {
    if plan.extent == Extent::Sequence(0) {
        return Err(ArmError::ZeroFrames);
    }
    if let (Extent::Continuous, Some(slots)) = (plan.extent, plan.ring)
        && slots < LEAST_SLOTS
    {
        return Err(ArmError::RingTooSmall { slots, least: LEAST_SLOTS });
    }
    if let (Extent::Sequence(_), Delivery::Raw) = (plan.extent, plan.delivery) {
        return Err(ArmError::RawSequence);
    }
    let regions = Regions::of(plan, Region::full(core.sensor));
    if let Some(region) = regions.all().find(|region| !region.lies_on(core.sensor)) {
        return Err(ArmError::Region { region, sensor: core.sensor });
    }
    check_binning(core, plan.binning)?;
    let fills_no_bin = |region: &Region| {
        let (columns, rows) = plan.binning.picture(*region);
        columns == 0 || rows == 0
    };
    if let Some(region) = regions.all().find(fills_no_bin) {
        return Err(ArmError::RegionBelowBin { region, binning: plan.binning });
    }
    check_several(core, &regions)?;
    Ok(regions)
}

/// What only concerns more regions than one.
fn check_several(core: &Core, regions: &Regions) -> Result<(), ArmError> {
    let link = &core.device.link;
    let asked = 1 + regions.more.len();
    if asked == 1 {
        return Ok(());
    }
    let limit = camera::region_limit(link);
    if asked > limit.into() {
        return Err(ArmError::TooManyRegions { asked, limit });
    }
    if camera::metadata_enabled(link) != Some(true) {
        return Err(ArmError::RegionsNeedMetadata { asked });
    }
    for (index, second) in regions.all().enumerate() {
        if let Some(first) = regions.all().take(index).find(|first| first.overlaps(second)) {
            return Err(ArmError::RegionsOverlap { first, second });
        }
    }
    Ok(())
}

/// Whether a ring of `slots` slots lasts long enough for what is lent in it by time alone.
pub(crate) fn check_lasts(settings: &Settings, slots: u32) -> Result<(), ArmError> {
    let lasts = settings.frame_time.saturating_mul(slots);
    if settings.delivery != StreamMode::TimeBound || lasts >= LEAST_LASTING {
        return Ok(());
    }
    Err(ArmError::RingTooShort { slots, frame_time: settings.frame_time, lasts, least: LEAST_LASTING })
}

fn check_binning(core: &Core, asked: Binning) -> Result<(), ArmError> {
    let offered = camera::binnings(&core.device.link)?;
    // A camera that lists none may still do some; only a factor of 0 is always nonsense.
    let zero = asked.columns == 0 || asked.rows == 0;
    if zero || !offered.is_empty() && !offered.contains(&asked) {
        return Err(ArmError::Binning { asked, offered });
    }
    Ok(())
}

/// Sets the finest unit that holds the exposure, and tells how many units it is.
pub(crate) fn choose_exposure(core: &Core, asked: Duration) -> Result<u32, ArmError> {
    let link = &core.device.link;
    let before = camera::unit(link);
    let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
    for unit in camera::units(link)? {
        camera::set_unit(link, unit)?;
        let range = camera::exposure_range(link);
        (shortest, longest) = (shortest.min(range.shortest), longest.max(range.longest));
        if let Some(count) = unit.count(asked) {
            let exposure = unit.duration(count.into());
            if exposure >= range.shortest && exposure <= range.longest {
                return Ok(count);
            }
        }
    }
    camera::set_unit(link, before)?;
    Err(ArmError::Exposure { asked, shortest, longest })
}
