//! What the benches share: a pool with a camera made of two calls, and a sink that holds a frame until it is taken.

mod rig;

pub use rig::{Rig, Shelf};
