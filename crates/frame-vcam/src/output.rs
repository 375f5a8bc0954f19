//! Where frames are shown: what the virtual camera's thread needs of it.

use std::time::Duration;

use crate::device::DeviceError;
use crate::format::Geometry;

/// A place that shows frames, one after the other: a device of the kernel, or something of yours.
///
/// It is opened, used and dropped by one thread, the virtual camera's own, and by no other. It need not be `Send`.
pub trait Output {
    /// By which it is known in messages: `/dev/video0`.
    fn place(&self) -> String;

    /// Memory for the next frame, [`Geometry::frame_bytes`] long; what it holds is of no meaning. Nothing if all of it is with the device
    /// for the moment; then this frame is not shown. Asked again before [`Self::send`], it is the same memory.
    ///
    /// # Errors
    /// [`DeviceError`]: the output is no good any more, and is dropped.
    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError>;

    /// Shows what was written into the memory of the last [`Self::buffer`]. `stamp_ns` is when the frame was taken, in nanoseconds of the
    /// monotonic clock. Answers `false` if the device did not take it.
    ///
    /// # Errors
    /// As [`Self::buffer`].
    fn send(&mut self, stamp_ns: u64) -> Result<bool, DeviceError>;

    /// Shows what was sent last, and taken, once more. Answers `false` where that cannot be done for the moment, as [`Self::buffer`], or
    /// nothing was sent yet. Not called while the memory of [`Self::buffer`] holds what a painter failed to finish.
    ///
    /// # Errors
    /// As [`Self::buffer`].
    fn repeat(&mut self, stamp_ns: u64) -> Result<bool, DeviceError>;

    /// Gives the output time for what it has to do besides pictures, such as an answer to a server, and says for how long it needs none at
    /// most. Called whenever the thread wakes. Nothing: a picture is the only reason to wake, as for a device of the kernel.
    ///
    /// # Errors
    /// As [`Self::buffer`].
    fn attend(&mut self) -> Result<Option<Duration>, DeviceError> {
        Ok(None)
    }
}

/// Opens an [`Output`], on the thread that uses it.
pub trait Opener: Send {
    /// Opens it for pictures of this geometry, `rate` a second. Called again, after the one before was dropped, when the geometry
    /// changes or an error made it useless.
    ///
    /// # Errors
    /// [`DeviceError`] says what to do. It is tried again a little later.
    fn open(&mut self, geometry: Geometry, rate: u32) -> Result<Box<dyn Output>, DeviceError>;
}
