//! A PipeWire node that gives video: a virtual camera for desktops without the kernel module.
//!
//! Everything of PipeWire's is made, used and dropped on the virtual camera's own thread, which also turns its main loop; the library has a
//! thread of its own below, which hands buffers on to readers. All `unsafe` stands in `buffers.rs` (docs/adr/0021).

mod buffers;
mod connection;
mod node;
mod params;
mod source;

pub use source::PipeWireSource;
