//! A PipeWire server of a test's own, and readers of its nodes.

mod reader;
mod server;

pub use reader::{NodeReader, Seen};
pub use server::PipeWire;
