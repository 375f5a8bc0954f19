//! The SDK's setup, and what it tells afterwards.

use core::time::Duration;
use std::sync::Arc;

use frame_pool::{RegionLayout, StreamMode};
use pvcam_sys as sys;

use super::format::PixelFormat;
use super::settings::{RingMode, Settings};
use crate::camera::{self, Core};
use crate::error::{ArmError, Failure};
use crate::param::{self, Link};
use crate::plan::{Binning, Extent, Plan, Region};

/// What is to be set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) extent: Extent,
    pub(crate) regions: Regions,
    pub(crate) binning: Binning,
    /// In units of the exposure resolution that is set.
    pub(crate) exposure: u32,
    pub(crate) ring_mode: RingMode,
}

impl Setup {
    /// What to say of a setup that the SDK refused.
    pub(crate) fn refused(&self, failure: Failure) -> ArmError {
        ArmError::Setup { regions: self.regions.all().collect(), binning: self.binning, failure }
    }
}

/// One region or more, in the order in which they lie in a frame.
#[derive(Debug, Clone)]
pub(crate) struct Regions {
    pub(crate) first: Region,
    pub(crate) more: Vec<Region>,
}

impl Regions {
    /// What a plan asks for; `whole` if it does not say.
    pub(super) fn of(plan: &Plan, whole: Region) -> Self {
        let mut asked = plan.regions.iter().copied();
        Self { first: asked.next().unwrap_or(whole), more: asked.collect() }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Region> + Clone + '_ {
        core::iter::once(self.first).chain(self.more.iter().copied())
    }
}

impl From<Region> for Regions {
    fn from(first: Region) -> Self {
        Self { first, more: Vec::new() }
    }
}

/// Sets the camera up; the bytes of one frame.
pub(crate) fn set_up(link: &Link, setup: &Setup) -> Result<u32, Failure> {
    let (binning, exposure) = (setup.binning, setup.exposure);
    // Regions lie on the sensor, so their last pixels fit 16 bits.
    let area = |region: Region| sys::rgn_type {
        s1: region.column,
        s2: region.last_column() as u16,
        sbin: binning.columns,
        p1: region.row,
        p2: region.last_row() as u16,
        pbin: binning.rows,
    };
    let areas: Vec<_> = setup.regions.all().map(area).collect();
    // Checked against the camera's limit, which is 16 bits.
    let count = areas.len() as u16;
    let (mode, mut bytes) = (internal_trigger(link), 0);
    match setup.extent {
        Extent::Sequence(frames) => {
            link.call("pl_exp_setup_seq", |api, handle| {
                // SAFETY: as many regions are passed as are announced; the count of bytes is a live u32.
                unsafe {
                    (api.pl_exp_setup_seq)(handle, frames, count, areas.as_ptr(), mode, exposure, &mut bytes)
                }
            })?;
            Ok(bytes / u32::from(frames.max(1)))
        }
        Extent::Continuous => {
            let ring = match setup.ring_mode {
                RingMode::NoOverwrite => sys::CIRC_NO_OVERWRITE,
                _ => sys::CIRC_OVERWRITE,
            };
            link.call("pl_exp_setup_cont", |api, handle| {
                let (areas, ring) = (areas.as_ptr(), ring as i16);
                // SAFETY: as above.
                unsafe { (api.pl_exp_setup_cont)(handle, count, areas, mode, exposure, &mut bytes, ring) }
            })?;
            Ok(bytes)
        }
    }
}

/// The code of the internal trigger: the extended one where the camera lists it, else the one of old cameras.
fn internal_trigger(link: &Link) -> i16 {
    let listed = if link.has(param::PARAM_EXPOSURE_MODE) {
        link.items(param::PARAM_EXPOSURE_MODE)
    } else {
        Ok(Vec::new())
    };
    let extended = listed.unwrap_or_default().iter().any(|item| item.value == sys::EXT_TRIG_INTERNAL);
    // Both fit 16 bits, which is what setup takes.
    (if extended { sys::EXT_TRIG_INTERNAL } else { sys::TIMED_MODE }) as i16
}

/// Whether the SDK's threads turn, mirror or sum frames between transfer and memory.
pub(crate) fn host_processing(link: &Link) -> bool {
    [param::PARAM_HOST_FRAME_ROTATE, param::PARAM_HOST_FRAME_FLIP, param::PARAM_HOST_FRAME_SUMMING_ENABLED]
        .into_iter()
        .any(|id| link.optional::<i64>(id).is_some_and(|value| value != 0))
}

/// Reads back what the setup came to, and where in a frame the pixels of each region lie. Slots and reserve are chosen later.
pub(super) fn read_back(
    core: &Core,
    plan: &Plan,
    setup: &Setup,
    frame_bytes: u32,
) -> Result<(Settings, Arc<[RegionLayout]>), ArmError> {
    let link = &core.device.link;
    let metadata = camera::metadata_enabled(link).unwrap_or(false);
    let format = read_format(link)?;
    let layouts = format.layouts(setup.regions.all(), setup.binning, metadata)?;
    let needed = layouts.last().map_or(0, |last| last.layout.end());
    if needed > u64::from(frame_bytes) {
        return Err(ArmError::FrameBytes { told: frame_bytes, needed });
    }
    let ns = |id| Duration::from_nanos(link.optional::<u64>(id).unwrap_or(0));
    let exposure = link.optional::<u64>(param::PARAM_EXPOSURE_TIME);
    let mut settings = Settings {
        frame_bytes,
        exposure: exposure.map_or(plan.exposure, |count| camera::unit(link).duration(count)),
        readout: Duration::from_micros(link.optional::<u64>(param::PARAM_READOUT_TIME).unwrap_or(0)),
        clearing: ns(param::PARAM_CLEARING_TIME),
        pre_trigger: ns(param::PARAM_PRE_TRIGGER_DELAY),
        post_trigger: ns(param::PARAM_POST_TRIGGER_DELAY),
        frame_time: Duration::ZERO,
        frames: match plan.extent {
            Extent::Sequence(frames) => Some(frames),
            Extent::Continuous => None,
        },
        ring_slots: 0,
        reserve: 0,
        keep_free: 0,
        pressure: plan.pressure,
        ring_mode: setup.ring_mode,
        delivery: StreamMode::Copied,
        layout: format.layout(setup.regions.first, setup.binning, metadata)?,
        region: setup.regions.first,
        binning: setup.binning,
        metadata,
        host_processing: host_processing(link),
    };
    settings.frame_time = frame_time(&settings, clears_each_frame(link));
    Ok((settings, layouts))
}

fn read_format(link: &Link) -> Result<PixelFormat, ArmError> {
    let bits = link.optional(param::PARAM_BIT_DEPTH_HOST);
    Ok(PixelFormat {
        format: link.optional(param::PARAM_IMAGE_FORMAT_HOST).unwrap_or(sys::PL_IMAGE_FORMAT_MONO16),
        colour: link.optional(param::PARAM_COLOR_MODE).unwrap_or(sys::COLOR_NONE),
        bit_depth: match bits {
            Some(bits) => bits,
            None => link.current(param::PARAM_BIT_DEPTH)?,
        },
    })
}

fn clears_each_frame(link: &Link) -> bool {
    let mode: Option<i32> = link.optional(param::PARAM_CLEAR_MODE);
    matches!(mode, Some(sys::CLEAR_PRE_EXPOSURE | sys::CLEAR_PRE_EXPOSURE_POST_SEQ))
}

/// Exposure and delays of one frame after the other; a sensor that is read while it exposes is no faster than its readout.
fn frame_time(settings: &Settings, clears_each_frame: bool) -> Duration {
    let clearing = if clears_each_frame { settings.clearing } else { Duration::ZERO };
    let delays = settings.pre_trigger.saturating_add(settings.post_trigger).saturating_add(clearing);
    settings.exposure.saturating_add(delays).max(settings.readout)
}
