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
    /// One external edge per frame. Level modes count as this: the simulated input has no length.
    Edge,
    SoftwareFirst,
    SoftwareEdge,
}

impl Trigger {
    /// The trigger of a `PL_EXPOSURE_MODES` value without its expose-out part.
    pub(crate) fn from_mode(mode: i32) -> Self {
        match mode {
            TIMED_MODE | EXT_TRIG_INTERNAL => Self::Internal,
            TRIGGER_FIRST_MODE | EXT_TRIG_TRIG_FIRST => Self::EdgeFirst,
            EXT_TRIG_SOFTWARE_FIRST => Self::SoftwareFirst,
            EXT_TRIG_SOFTWARE_EDGE => Self::SoftwareEdge,
            _ => Self::Edge,
        }
    }

    /// True if the trigger input matters.
    pub(crate) fn takes_edges(self) -> bool {
        matches!(self, Self::Edge | Self::EdgeFirst)
    }

    /// True if every frame wants its own trigger.
    pub(crate) fn per_frame(self) -> bool {
        matches!(self, Self::Edge | Self::SoftwareEdge)
    }
}

/// A prepared acquisition.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) trigger: Trigger,
    pub(crate) regions: Vec<Region>,
    pub(crate) timing: Timing,
    /// The timings that frames take in turn, where the exposures are a list; else empty.
    pub(crate) turns: Box<[Timing]>,
    /// Bytes from one frame to the next.
    pub(crate) frame_bytes: u32,
    pub(crate) painter: Painter,
}

impl Plan {
    /// The times of a frame, by how many were exposed before it.
    pub(crate) fn timing_of(&self, exposed_before: u32) -> Timing {
        match u32::try_from(self.turns.len()) {
            Ok(turns) if turns > 0 => self.turns[(exposed_before % turns) as usize],
            _ => self.timing,
        }
    }
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
