//! Pictures as a stream of bytes that video programs read: YUV4MPEG2 into a file, a pipe or standard output.

mod header;
mod sink;
mod stream;

pub use sink::Y4mSink;
