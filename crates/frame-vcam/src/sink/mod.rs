//! The virtual camera as a subscriber: a handle that gives orders, and the thread that owns the device.

mod builder;
mod camera;
mod pace;
mod placeholder;
mod screen;
mod shared;
mod state;
mod thread;

pub use builder::{Idle, VirtualCameraBuilder};
pub use camera::{StartError, VirtualCamera};
pub use state::{CameraBooks, Failure, State};
