//! What the benches share: a pool with a camera made of two calls, a sink that holds a frame until it is taken, and the yardstick for disks.

mod disk;
mod rig;

pub use disk::write_behind;
pub use rig::{Rig, Shelf};
