//! How a frame becomes the pixels that are shown: what the virtual camera's thread needs of it.

use frame_pool::{Layout, Lease};

use crate::convert::{Converter, Look};
use crate::format::{Geometry, PixelFormat};

/// Why a frame cannot be painted; what it says is shown as it is.
pub type PaintError = Box<dyn core::error::Error + Send + Sync>;

/// Turns frames into pixels of a [`Geometry`]. It is called on the virtual camera's thread. A panic in it ends nothing but the showing:
/// it becomes a [`crate::State::Failed`].
pub trait Painter: Send {
    /// The geometry in which frames of this layout are shown where nobody asked for a size.
    ///
    /// # Errors
    /// If such frames cannot be shown at all.
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError>;

    /// Called before the first frame of a layout (its offset does not count) and after the target changed. Here memory may be allocated.
    ///
    /// # Errors
    /// If the one cannot become the other.
    fn prepare(&mut self, source: &Layout, target: Geometry) -> Result<(), PaintError>;

    /// Writes the frame, which is of the layout last prepared for, into `out`: all of its bytes, [`Geometry::frame_bytes`] of the target.
    /// What `out` holds before has no meaning. Readers may look while it is written: short is good.
    ///
    /// # Errors
    /// If the frame cannot be painted.
    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError>;
}

/// The painter of who brings none: a converter for each layout.
pub(crate) struct LookPainter {
    look: Look,
    converter: Option<Converter>,
}

impl LookPainter {
    pub(crate) fn new(look: Look) -> Self {
        Self { look, converter: None }
    }
}

impl Painter for LookPainter {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        Ok(self.look.geometry(source, format)?)
    }

    fn prepare(&mut self, source: &Layout, target: Geometry) -> Result<(), PaintError> {
        self.converter = Some(Converter::new(source, target, &self.look)?);
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        match &mut self.converter {
            Some(converter) => Ok(converter.convert(frame, out)?),
            None => Err("it was not prepared".into()),
        }
    }
}
