//! A live camera shown as a webcam, to any program that can open one.
//!
//! A [`VirtualCamera`] follows a `frame_bus::Bus` as one subscriber of many, turns its frames into a video format and shows them in a V4L2
//! output device, which browsers, OBS or ffmpeg open like a webcam. How to make such a device is in `docs/virtual-camera.md`.
//!
//! # The parts
//!
//! * [`VirtualCamera`]: the handle. [`VirtualCamera::builder`] asks for device, size, rate and format; [`State`] says how things are, an
//!   error of the device among them; [`CameraBooks`] where each frame went.
//! * [`Look`]: how frames are drawn (window of brightness, colours, orientation, scaling). [`Converter`] does it, by itself as well;
//!   [`Painter`] is the place for something of yours.
//! * [`video_devices`], [`Place`], [`DeviceOpener`]: the devices of this machine. [`DeviceError`] says what to type.
//! * [`Output`]: where pictures go, if not into a device. [`Y4mSink`] is one: a stream into a file, a pipe or standard output.
//!   `PipeWireSource`, with the feature `pipewire`, is another: a node for desktops without the kernel module.
//! * [`PixelFormat`], [`Geometry`]: what a reader is promised, to the byte.
//!
//! # Threads
//!
//! Each virtual camera has one thread, which opens, uses and closes its device; no other touches it. Nothing queues on the way:
//! the newest frame is shown, and a device that hangs costs the camera nothing.

#![deny(unsafe_code)]

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!(
    "frame-vcam needs 64-bit Linux: a virtual camera is a V4L2 device, whose structures are others on 32 bits"
);

mod convert;
mod device;
mod format;
mod output;
mod paint;
#[cfg(feature = "pipewire")]
mod pipewire;
mod sink;
mod y4m;

#[cfg(feature = "pipewire")]
pub use self::pipewire::PipeWireSource;
pub use convert::{
    ColourMap, ConvertError, Converter, Crop, Debayer, Level, Look, Orientation, Overlay, Scaling, Window,
};
pub use device::{DeviceError, DeviceOpener, Place, Transfer, VideoDevice, video_devices};
pub use format::{Geometry, GeometryError, PixelFormat};
pub use output::{Opener, Output};
pub use paint::{PaintError, Painter};
pub use sink::{CameraBooks, Failure, Idle, StartError, State, VirtualCamera, VirtualCameraBuilder};
pub use y4m::Y4mSink;
