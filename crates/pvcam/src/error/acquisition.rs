//! Errors of preparing an acquisition.

use core::time::Duration;

use frame_pool::PoolError;

use super::{Failure, ParamError, StartError, StopError};
use crate::camera::Sensor;
use crate::holders::HeldBy;
use crate::plan::{Binning, Region};

/// Why a plan cannot be carried out. The camera comes back beside it; nothing runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// The camera did not stop cleanly before; it may still write memory that was given up.
    #[error("the camera did not stop cleanly before and is out of use until the process ends")]
    OutOfUse,
    /// The region is empty or does not lie on the sensor.
    #[error("the region ({region}) does not lie on the sensor ({sensor})")]
    Region {
        /// The region asked for.
        region: Region,
        /// The sensor.
        sensor: Sensor,
    },
    /// The region does not fill one bin.
    #[error("the region ({region}) is smaller than one bin of {binning}")]
    RegionBelowBin {
        /// The region asked for.
        region: Region,
        /// The binning asked for.
        binning: Binning,
    },
    /// More regions than the camera takes with its present port.
    #[error("{asked} regions are too many: this camera takes {limit} with the readout port that is set")]
    TooManyRegions {
        /// Regions asked for.
        asked: usize,
        /// Most regions.
        limit: u16,
    },
    /// Two of several regions have pixels in common.
    #[error("two regions overlap ({first}; {second}): a sensor pixel belongs to one region at most")]
    RegionsOverlap {
        /// One of them.
        first: Region,
        /// The other.
        second: Region,
    },
    /// Several regions, but frames carry no metadata, without which the SDK takes one region only.
    #[error(
        "{asked} regions need frame metadata (PARAM_METADATA_ENABLED), which is off or not there: open the camera with OpenPolicy::Raw, which switches it on, or ask for one region"
    )]
    RegionsNeedMetadata {
        /// Regions asked for.
        asked: usize,
    },
    /// The camera does not offer this binning.
    #[error("binning {asked} is not offered; this camera has {}", listed(offered, ", "))]
    Binning {
        /// The binning asked for.
        asked: Binning,
        /// What the camera offers.
        offered: Vec<Binning>,
    },
    /// The exposure time is zero or outside what the camera can do.
    #[error("an exposure of {asked:?} is not possible; this camera takes {shortest:?} to {longest:?}")]
    Exposure {
        /// The exposure asked for.
        asked: Duration,
        /// The shortest one.
        shortest: Duration,
        /// The longest one.
        longest: Duration,
    },
    /// A sequence of no frames.
    #[error("a sequence needs at least 1 frame")]
    ZeroFrames,
    /// Too few slots for a ring.
    #[error("a ring of {slots} slots is too small; it needs at least {least}")]
    RingTooSmall {
        /// Slots asked for.
        slots: u32,
        /// Fewest that work.
        least: u32,
    },
    /// A ring in which time alone protects the frames that are lent is written over too soon.
    #[error(
        "{slots} slots last {lasts:?} at one frame every {frame_time:?}; a ring that is lent without locks must last {least:?}: ask for more slots"
    )]
    RingTooShort {
        /// Slots of the ring.
        slots: u32,
        /// Shortest time between two frames.
        frame_time: Duration,
        /// How long the ring lasts.
        lasts: Duration,
        /// How long it must last.
        least: Duration,
    },
    /// A raw view of a sequence was asked for; its frames are lent in place, where nothing writes over them.
    #[error("a sequence has no raw view: its frames are lent in place, and nothing writes over them")]
    RawSequence,
    /// More memory than the SDK can be told of.
    #[error(
        "{slots} slots of {frame_bytes} bytes are {bytes} bytes; the SDK takes at most {limit}: ask for fewer slots or a smaller region"
    )]
    RingTooLarge {
        /// Slots asked for.
        slots: u32,
        /// Bytes of one slot.
        frame_bytes: u32,
        /// Bytes of the ring.
        bytes: u64,
        /// Most bytes.
        limit: u64,
    },
    /// More memory than the budget allows.
    #[error(
        "{slots} slots of {frame_bytes} bytes and {reserve} in reserve take {bytes} bytes; the budget is {budget}: ask for fewer, choose a smaller region, or raise the budget"
    )]
    OverBudget {
        /// Slots of the ring.
        slots: u32,
        /// Blocks in reserve.
        reserve: u32,
        /// Bytes of one slot.
        frame_bytes: u32,
        /// Bytes needed, those still leased from earlier acquisitions included.
        bytes: u64,
        /// Bytes allowed.
        budget: u64,
    },
    /// Frames of the last acquisition are still leased, and the budget does not allow a second region.
    #[error(
        "{held} frames of the last acquisition are still leased ({by}), and the budget of {budget} bytes has no room for a second region: drop them, or raise the budget"
    )]
    LeasesOut {
        /// Frames held.
        held: u32,
        /// Bytes allowed.
        budget: u64,
        /// Who holds them.
        by: HeldBy,
    },
    /// The camera sends a pixel format that this library cannot lend.
    #[error("image format {format} (colour mode {colour}) is not supported")]
    Format {
        /// `PL_IMAGE_FORMATS` code.
        format: i32,
        /// `PL_COLOR_MODES` code.
        colour: i32,
    },
    /// Setup tells fewer bytes than the picture needs.
    #[error("setup tells {told} bytes for a frame, but the picture needs {needed}")]
    FrameBytes {
        /// Bytes that setup tells.
        told: u32,
        /// Bytes that the picture and its metadata need.
        needed: u64,
    },
    /// The SDK refused the setup.
    #[error("the SDK refused the setup ({}, binning {binning}): {failure}", listed(regions, "; "))]
    Setup {
        /// The regions asked for.
        regions: Vec<Region>,
        /// The binning asked for.
        binning: Binning,
        /// What the SDK says.
        failure: Failure,
    },
    /// A setting could not be read or changed.
    #[error(transparent)]
    Parameter(#[from] ParamError),
    /// The memory could not be had.
    #[error(transparent)]
    Memory(PoolError),
}

fn listed(items: &[impl ToString], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// Why a ring could not be probed. The camera's settings are as before, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The camera writes no number into its frames, so that nothing can tell whether a slot was overwritten.
    #[error("this camera has no frame metadata; without it nothing tells whether a slot was overwritten")]
    NoMetadata,
    /// Host post-processing is on: the SDK's threads write the ring, not the camera.
    #[error("host post-processing (rotation, mirroring or summing) is on; switch it off before probing")]
    HostProcessing,
    /// The probe could not be set up.
    #[error("the probe could not be set up: {0}")]
    Arm(#[from] ArmError),
    /// The probe could not be started.
    #[error("the probe could not be started: {0}")]
    Start(#[from] StartError),
    /// The probe could not be stopped: the camera is not usable any more.
    #[error("the probe could not be stopped: {0}")]
    Stop(Box<StopError>),
    /// No frame came although the camera was started.
    #[error("no frame came within {waited:?} (needed {needed}, got {got}): is the camera free-running?")]
    NoFrames {
        /// How long was waited.
        waited: Duration,
        /// Frames needed for this step.
        needed: u64,
        /// Frames that came.
        got: u64,
    },
    /// What was seen fits none of the known behaviours.
    #[error("the ring behaved in a way that is none of the known ones: {0}")]
    Unclear(&'static str),
    /// A setting could not be read or changed.
    #[error(transparent)]
    Parameter(#[from] ParamError),
}
