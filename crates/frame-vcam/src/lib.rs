//! A live camera shown as a webcam, to any program that can open one.

#![deny(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("frame-vcam needs Linux: a virtual camera is a V4L2 device");

mod convert;
mod device;
mod format;
mod output;
mod paint;
mod sink;

pub use device::{DeviceError, DeviceOpener, Place, Transfer, VideoDevice, video_devices};
pub use convert::{
    ColourMap, ConvertError, Converter, Crop, Debayer, Level, Look, Orientation, Scaling, Window,
};
pub use format::{Geometry, GeometryError, PixelFormat};
pub use output::{Opener, Output};
pub use paint::{PaintError, Painter};
pub use sink::{CameraBooks, Failure, Idle, StartError, State, VirtualCamera, VirtualCameraBuilder};
