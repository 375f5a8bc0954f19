//! What a setup prepares and a start needs.

use crate::abi::constants::*;
use crate::abi::types::Region;
use crate::model::Timing;
use crate::scene::Painter;

/// How the camera fills the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// So many frames, one behind the other.
    Sequence(u16),
    /// Round and round; the `PL_CIRC_MODES` value.
    Continuous(i16),
}

/// What starts an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    Internal,
    /// One external edge starts the whole acquisition.
    EdgeFirst,
    /// One external edge per frame.
    Edge,
    /// The external level is the exposure.
    Level,
    /// The same, while the frame before may still be read out.
    LevelOverlap,
    SoftwareFirst,
    SoftwareEdge,
}

impl Trigger {
    /// The trigger of a `PL_EXPOSURE_MODES` value without its expose-out part; `None` for a mode that is not simulated.
    pub(crate) fn from_mode(mode: i32) -> Option<Self> {
        Some(match mode {
            TIMED_MODE | VARIABLE_TIMED_MODE | EXT_TRIG_INTERNAL => Self::Internal,
            TRIGGER_FIRST_MODE | EXT_TRIG_TRIG_FIRST => Self::EdgeFirst,
            STROBED_MODE | EXT_TRIG_EDGE_RISING => Self::Edge,
            BULB_MODE | EXT_TRIG_LEVEL => Self::Level,
            EXT_TRIG_LEVEL_OVERLAP => Self::LevelOverlap,
            EXT_TRIG_SOFTWARE_FIRST => Self::SoftwareFirst,
            EXT_TRIG_SOFTWARE_EDGE => Self::SoftwareEdge,
            _ => return None,
        })
    }

    /// True if exposures last as long as the trigger input is high.
    pub(crate) fn exposes_by_level(self) -> bool {
        matches!(self, Self::Level | Self::LevelOverlap)
    }

    /// True if the trigger input matters.
    pub(crate) fn takes_edges(self) -> bool {
        self == Self::EdgeFirst || self == Self::Edge || self.exposes_by_level()
    }

    /// True if every frame wants its own trigger.
    pub(crate) fn per_frame(self) -> bool {
        matches!(self, Self::Edge | Self::SoftwareEdge) || self.exposes_by_level()
    }
}

/// A prepared acquisition.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) trigger: Trigger,
    /// Each start takes its exposure from `PARAM_EXP_TIME`.
    pub(crate) variable: bool,
    pub(crate) regions: Vec<Region>,
    pub(crate) timing: Timing,
    /// The timings that frames take in turn, where the exposures are a list; else empty.
    pub(crate) turns: Box<[Timing]>,
    /// Bytes from one frame to the next.
    pub(crate) frame_bytes: u32,
    pub(crate) painter: Painter,
}

/// The client's buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    /// First byte.
    pub(crate) start: *mut u8,
    /// Whole frames that fit.
    pub(crate) slots: u32,
}

// SAFETY: the pointer is only ever written through, by the writer thread between a start and the stop that
// waits for it; the client promises the memory to the library for that time and on any thread.
unsafe impl Send for Buffer {}
// SAFETY: as above; sharing the value hands out the address, nothing else.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// First byte of a slot.
    pub(crate) fn slot(&self, slot: u32, frame_bytes: u32) -> *mut u8 {
        self.start.wrapping_add(slot as usize * frame_bytes as usize)
    }
}
