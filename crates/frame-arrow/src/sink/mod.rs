//! Frames written as Arrow IPC: streams, files, and a thread that does it.

mod disk;
mod error;
mod recorder;
mod recording;
mod tail;
mod writer;

pub use error::{Failed, WriteError};
pub use recorder::Recorder;
pub use recording::Recording;
pub use writer::{Codec, FrameWriter, WriterOptions};
