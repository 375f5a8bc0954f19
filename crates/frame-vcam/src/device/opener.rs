//! From a wish (which device, which geometry) to a device that takes frames.

use std::path::{Path, PathBuf};

use super::error::DeviceError;
use super::list::{Place, first_that};
use super::negotiate::agree;
use super::node::Node;
use super::stream::{Mapped, Written};
use crate::format::Geometry;
use crate::output::{Opener, Output};

/// How frames get into the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Transfer {
    /// Through the device's buffers; by `write` where it has none.
    #[default]
    Auto,
    /// Through the device's buffers or not at all.
    Buffers,
    /// By `write`: the kernel copies each frame, and readers get the time of writing as its time.
    Write,
}

/// Opens a V4L2 output device.
///
/// ```no_run
/// use frame_vcam::{DeviceOpener, Geometry, Opener, PixelFormat, Place, Transfer};
/// let mut opener = DeviceOpener::new(Place::FirstFree, Transfer::Auto);
/// let mut device = opener.open(Geometry::new(640, 480, PixelFormat::Grey)?, 30)?;
/// if let Some(pixels) = device.buffer()? {
///     pixels.fill(128);
///     device.send(frame_pool::monotonic_ns())?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct DeviceOpener {
    place: Place,
    transfer: Transfer,
    /// The device of the last time.
    last: Option<PathBuf>,
}

impl DeviceOpener {
    /// Opens the device that `place` says.
    #[must_use]
    pub fn new(place: Place, transfer: Transfer) -> Self {
        Self { place, transfer, last: None }
    }

    fn open_at(
        path: &Path,
        geometry: Geometry,
        rate: u32,
        transfer: Transfer,
    ) -> Result<Box<dyn Output>, DeviceError> {
        let node = Node::open(path)?;
        agree(&node, geometry, rate)?;
        let node = match transfer {
            Transfer::Write => node,
            Transfer::Auto | Transfer::Buffers => match Mapped::start(node, geometry) {
                Ok(mapped) => return Ok(Box::new(mapped)),
                Err((node, DeviceError::Call { .. })) if transfer == Transfer::Auto => node,
                Err((_, why)) => return Err(why),
            },
        };
        Ok(Box::new(Written::start(node, geometry)?))
    }
}

impl Opener for DeviceOpener {
    fn open(&mut self, geometry: Geometry, rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        let (output, path) = first_that(&self.place, self.last.as_deref(), |path| {
            Self::open_at(path, geometry, rate, self.transfer).map(|output| (output, path.to_owned()))
        })?;
        self.last = Some(path);
        Ok(output)
    }
}
