//! A stream that is ended by who takes its frames.

use std::sync::{Arc, Weak};

use crate::stream::Stream;

/// Lets a sink end the stream that delivers into it; [`crate::Sink::attached`] is given one.
#[derive(Debug, Clone)]
pub struct StreamEnder(Weak<Stream>);

/// A reader that wanted every frame or an end, and had no room for one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderOverrun {
    /// Who, as it calls itself.
    pub reader: String,
    /// Number of the first frame that it did not get (the camera's number where it sends one).
    pub frame: u64,
}

impl ReaderOverrun {
    /// `reader` had no room for frame `frame`.
    #[must_use]
    pub fn new(reader: String, frame: u64) -> Self {
        Self { reader, frame }
    }
}

impl StreamEnder {
    pub(crate) fn new(stream: &Arc<Stream>) -> Self {
        Self(Arc::downgrade(stream))
    }

    /// Ends the stream with [`crate::StreamEnd::Sink`], unless it has ended: frames that the camera sends from now on are discarded, which
    /// the books count. Who runs the camera is still to stop it. Not to be called on the way of a frame: the caller may be the last
    /// to hold the stream.
    pub fn end(&self) {
        if let Some(stream) = self.0.upgrade() {
            stream.end_by_sink();
        }
    }
}
