//! What a virtual camera is asked for.

use std::path::Path;
use std::time::Duration;

use super::camera::{StartError, VirtualCamera};
use super::thread::Wanted;
use crate::convert::Look;
use crate::device::{DeviceOpener, Place, Transfer};
use crate::format::{Geometry, PixelFormat};
use crate::output::Opener;
use crate::paint::{LookPainter, Painter};

/// What is shown while no frame comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Idle {
    /// The last frame, again and again. Before the first one since it was published a dark chequerboard, if a size was asked for.
    #[default]
    LastFrame,
    /// The last frame for so long, then the chequerboard.
    Placeholder {
        /// How long the last frame stays.
        after: Duration,
    },
}

/// What a virtual camera is asked for; see [`VirtualCamera::builder`].
#[must_use = "it does nothing before it is started"]
pub struct VirtualCameraBuilder {
    name: String,
    place: Place,
    transfer: Transfer,
    size: Option<(u32, u32)>,
    format: PixelFormat,
    rate: u32,
    idle: Idle,
    painter: Box<dyn Painter>,
}

impl core::fmt::Debug for VirtualCameraBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { name, place, size, format, rate, .. } = self;
        write!(f, "VirtualCameraBuilder({name}: {place:?}, {size:?}, {format}, {rate} frames a second)")
    }
}

impl VirtualCameraBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: "virtual camera".to_owned(),
            place: Place::FirstFree,
            transfer: Transfer::Auto,
            size: None,
            format: PixelFormat::Yuyv,
            rate: 30,
            idle: Idle::LastFrame,
            painter: Box::new(LookPainter::new(Look::default())),
        }
    }

    /// The name under which it stands in the books of a bus. Else `virtual camera`.
    pub fn name(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Shows pictures in the device of this path. Else in the first that is free.
    pub fn device(self, path: impl AsRef<Path>) -> Self {
        Self { place: Place::Path(path.as_ref().to_owned()), ..self }
    }

    /// Shows pictures in the device that calls itself so (the module's `card_label`). Else in the first that is free.
    pub fn label(self, label: &str) -> Self {
        Self { place: Place::Label(label.to_owned()), ..self }
    }

    /// How frames get into the device. Else [`Transfer::Auto`].
    pub fn transfer(self, transfer: Transfer) -> Self {
        Self { transfer, ..self }
    }

    /// Width and height of what is shown, in pixels, whatever the camera sends. Else the size of the frames, and the device is opened
    /// anew when that changes; programs that show it have to be closed for that.
    pub fn size(self, width: u32, height: u32) -> Self {
        Self { size: Some((width, height)), ..self }
    }

    /// Pictures a second, 1 to 1000. Else 30. A faster camera's frames are left out, a slower one's shown repeatedly.
    pub fn frames_per_second(self, rate: u32) -> Self {
        Self { rate, ..self }
    }

    /// How pixels are coded for readers. Else [`PixelFormat::Yuyv`], which all of them take.
    pub fn format(self, format: PixelFormat) -> Self {
        Self { format, ..self }
    }

    /// What is shown while no frame comes. Else [`Idle::LastFrame`].
    pub fn idle(self, idle: Idle) -> Self {
        Self { idle, ..self }
    }

    /// How frames are drawn: window of brightness, colours, orientation, scaling. Else [`Look::default`].
    pub fn look(self, look: Look) -> Self {
        self.painter(LookPainter::new(look))
    }

    /// Draws frames by something of yours; then there is no [`Self::look`].
    pub fn painter(self, painter: impl Painter + 'static) -> Self {
        Self { painter: Box::new(painter), ..self }
    }

    /// Starts the thread. Nothing is opened before [`VirtualCamera::publish`].
    ///
    /// # Errors
    /// [`StartError`]: a size or rate that cannot be, or no thread to be had.
    pub fn start(self) -> Result<VirtualCamera, StartError> {
        let opener = DeviceOpener::new(self.place.clone(), self.transfer);
        self.start_on(opener)
    }

    /// The same with an output of yours instead of a V4L2 device. Path, label and transfer have no meaning then.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on(self, opener: impl Opener + 'static) -> Result<VirtualCamera, StartError> {
        if !(1..=1000).contains(&self.rate) {
            return Err(StartError::Rate { rate: self.rate });
        }
        let fixed = self.size.map(|(width, height)| Geometry::new(width, height, self.format)).transpose()?;
        let wanted = Wanted { fixed, format: self.format, rate: self.rate, idle: self.idle };
        VirtualCamera::start(self.name, wanted, Box::new(opener), self.painter)
    }
}
