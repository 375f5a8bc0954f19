//! V4L2 output devices: the few calls into the kernel that show pictures in one.
//!
//! All `unsafe` of this crate stands in this folder, in `ioctl.rs` and `mapping.rs`. What the drivers really do, against which
//! the comparisons here were made, is in docs/adr/0015.

mod abi;
mod error;
mod holders;
mod ioctl;
mod list;
mod mapping;
mod negotiate;
mod node;
mod opener;
mod stream;

pub use error::DeviceError;
pub use list::{Place, VideoDevice, video_devices};
pub use opener::{DeviceOpener, Transfer};
