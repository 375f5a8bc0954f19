//! What a caller can know of a virtual camera.

use core::fmt;

use crate::device::DeviceError;
use crate::format::Geometry;

/// What a virtual camera does at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum State {
    /// Nothing is shown, no device is open.
    #[default]
    Hidden,
    /// It is to be shown; no size was asked for, so the device is opened with the first frame.
    WaitingForFrame,
    /// A device is open and gets pictures.
    Showing {
        /// The device.
        place: String,
        /// What it is shown in.
        geometry: Geometry,
    },
    /// It could not be shown. The device is closed and tried again each second, until [`crate::VirtualCamera::unpublish`]. But where a
    /// frame could not be painted ([`Failure::Paint`]) it stays open and shows the placeholder until one can be.
    Failed(Failure),
    /// The virtual camera was closed or dropped, and its thread has ended.
    Ended,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("hidden"),
            Self::WaitingForFrame => f.write_str("waiting for the first frame"),
            Self::Showing { place, geometry } => write!(f, "showing {geometry} at {place}"),
            Self::Failed(why) => write!(f, "failed, and tried again: {why}"),
            Self::Ended => f.write_str("ended"),
        }
    }
}

/// Why a virtual camera does not show anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Frames cannot be painted.
    #[error("the frames cannot be shown: {0}")]
    Paint(String),
    /// A painter or an output panicked.
    #[error("a part that draws or shows frames panicked: {0}")]
    Panicked(String),
}

/// Where the frames went that were taken from the bus, and what else was shown. What was not taken stands in the subscriber's books
/// (`frame_bus::Bus::books`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CameraBooks {
    /// Frames taken from the bus.
    pub taken: u64,
    /// Of them, sent to the device.
    pub shown: u64,
    /// Of them, not shown because the device had all of its buffers.
    pub no_room: u64,
    /// Of them, not shown because of a failure ([`State::Failed`]).
    pub failed: u64,
    /// Of them, not shown because the camera was unpublished meanwhile.
    pub hidden: u64,
    /// Times that the picture before was shown again, because no frame came in time.
    pub repeated: u64,
    /// Times that the placeholder was painted.
    pub placeholders: u64,
    /// Times that a device was opened.
    pub opened: u64,
    /// Times that showing failed.
    pub failures: u64,
    /// Number of the frame shown last, as the host counts.
    pub last_shown: Option<u64>,
}

impl CameraBooks {
    /// Whether each frame taken stands in one column.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.taken == self.shown + self.no_room + self.failed + self.hidden
    }
}

impl fmt::Display for CameraBooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, shown, no_room, failed, hidden, repeated, placeholders, .. } = self;
        write!(
            f,
            "{taken} taken = {shown} shown + {no_room} without room + {failed} failed + {hidden} hidden; {repeated} repeated, {placeholders} placeholders"
        )
    }
}
