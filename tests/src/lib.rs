//! What crosses the crates: end to end, faults, real clients, compile-fail.
//!
//! This library is what the tests beside it share. They see what a user sees: the driver on the simulator's *shared library*,
//! loaded as the vendor's would be. Only the clock is theirs ([`Rig::step`]), so that nothing depends on how busy the
//! machine is.
//!
//! A simulator serves one test at a time: a [`Rig`] holds the turn, and what needs an environment of its own runs in a
//! [`child`] process.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of tests that fails is a failed test")]

mod arrow;
mod bus;
mod c_programs;
mod child;
mod memory;
mod microscope;
mod pictures;
#[cfg(feature = "pipewire")]
mod pipewire;
mod rig;
mod rings;
mod sim_library;
mod soak;
mod stage;
mod videos;

#[cfg(feature = "pipewire")]
pub use self::pipewire::{NodeReader, PipeWire, Seen};
pub use arrow::{camera_times, schema_plan, source};
pub use bus::{BusRig, balanced, frame, lag};
pub use c_programs::{Compiler, on_simulator};
pub use child::{Ended, child};
pub use memory::{Sample, growth};
pub use microscope::{Microscope, Pages};
pub use pictures::{assert_counter_scene, counter, pages, scene_of};
pub use rig::{Rig, SOON, next, rest, small, trust};
pub use rings::{Ring, Taker};
pub use sim_library::{control, scratch, shared_library};
pub use soak::soak_main;
pub use stage::{Behaviour, LowBytes, Scene, Stage, StageOutput};
pub use videos::{Program, VideoReader, video_device, vivid_loop};
