//! Simulated PVCAM cameras behind the C interface of `libpvcam.so.2`.
//!
//! Built as a shared library, it lets any PVCAM program run without a camera; linked into a test, [`lookup`]
//! gives the same functions without a loader. [`Control`] configures the cameras, steps their clock, injects
//! faults and reads their counters. The README beside this crate lists the configuration keys.

mod abi;
mod api;
mod config;
mod control;
mod engine;
mod library;
mod loaded;
mod metadata;
mod model;
mod param;
mod scene;

pub use api::lookup;
pub use control::{Control, ControlError, NoOverwrite};
pub use engine::PvcamSimStats as Stats;
