//! What an acquisition will really do, as the camera tells after setup.

use core::time::Duration;

use frame_pool::{Layout, Pressure, StreamMode};

use crate::plan::{Binning, Region};

/// How the SDK uses the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RingMode {
    /// A sequence: every frame has memory of its own.
    Sequence,
    /// A ring whose oldest slot is overwritten without asking (`CIRC_OVERWRITE`).
    Overwrite,
    /// A ring whose slots are locked until they are unlocked (`CIRC_NO_OVERWRITE`).
    NoOverwrite,
}

/// What an armed camera will do. All of it was read back from the camera after setup: these are the values that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Bytes of one frame in memory: metadata, pixels and padding. Never to be computed from width and height.
    pub frame_bytes: u32,
    /// Exposure time that the camera settled on.
    pub exposure: Duration,
    /// Time that reading the sensor takes.
    pub readout: Duration,
    /// Time that clearing the sensor takes.
    pub clearing: Duration,
    /// Delay before the exposure.
    pub pre_trigger: Duration,
    /// Delay after the exposure.
    pub post_trigger: Duration,
    /// Shortest time from one frame to the next, by the figures above. The link may be slower.
    pub frame_time: Duration,
    /// Number of frames of a sequence; `None` for a continuous acquisition.
    pub frames: Option<u16>,
    /// Slots of the ring, or frames of the sequence.
    pub ring_slots: u32,
    /// Blocks beside the ring, for copies.
    pub reserve: u32,
    /// Slots of a ring in place that are kept free by moving frames that are held long; 0: none is ever moved.
    pub keep_free: u32,
    /// What happens when nothing can be moved any more.
    pub pressure: Pressure,
    /// How the SDK uses the memory.
    pub ring_mode: RingMode,
    /// How frames reach their readers: in place (`Frozen`, `Locked`; `TimeBound` by consent), by one copy (`Copied`), or not at all
    /// unless they copy (`Raw`).
    pub delivery: StreamMode,
    /// Shape, element type and place of the pixels in a slot; of several regions, the first one's. With extended metadata the place may move from frame to
    /// frame; each lease carries its own.
    pub layout: Layout,
    /// Region on the sensor; of several, the first. [`crate::Armed::regions`] has them all.
    pub region: Region,
    /// Binning.
    pub binning: Binning,
    /// Whether frames carry metadata.
    pub metadata: bool,
    /// Whether the SDK turns, mirrors or sums frames on the host. Their metadata is then no evidence.
    pub host_processing: bool,
}

impl Settings {
    /// Whether readers see the memory that the camera wrote.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        matches!(self.delivery, StreamMode::Frozen | StreamMode::Locked | StreamMode::TimeBound)
    }

    /// How long the ring lasts: after that time, at the earliest, the camera is back at the same slot. For a sequence the time
    /// that all of it takes.
    #[must_use]
    pub fn ring_time(&self) -> Duration {
        self.frame_time.saturating_mul(self.ring_slots)
    }

    /// How long to wait before something is wrong: a few times what a frame takes at the slowest.
    pub(crate) fn patience(&self) -> Duration {
        let one = self.exposure.saturating_add(self.readout).saturating_add(self.frame_time);
        one.saturating_mul(3).saturating_add(Duration::from_millis(100))
    }
}
