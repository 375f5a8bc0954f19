//! What a PipeWire source is asked for.

use super::node::Node;
use crate::device::DeviceError;
use crate::format::Geometry;
use crate::output::{Opener, Output};

/// Frames as a PipeWire node of class `Video/Source`, which programs list among the cameras: Firefox, OBS ("PipeWire" capture), GStreamer
/// (`pipewiresrc`), and programs for V4L2 that `pw-v4l2` starts. It needs neither a kernel module nor rights, only a PipeWire server and its
/// session manager (WirePlumber), which each current desktop has. There only with the feature `pipewire`.
///
/// Give it to [`crate::VirtualCameraBuilder::start_on`]; then frames are drawn and paced as for a device, by the same thread, and are the
/// same to the byte. They are painted into memory that readers share; nothing copies them. While nobody looks the newest frame is kept,
/// and who comes later sees it at once.
///
/// Readers may come before or after it, and go, at any time. Each opening is a new node of the same name: a frame of another size
/// ([`crate::VirtualCameraBuilder::size`] prevents it) or [`crate::VirtualCamera::unpublish`] ends the one before, and the session manager
/// links waiting readers with the next. The time stamp of a picture (`pts`) is when its frame arrived, on the monotonic clock.
///
/// Without a server, or when it ends, the state is [`crate::State::Failed`] with what to type, and it is tried again each second.
///
/// ```
/// use std::time::Duration;
/// use frame_vcam::{PipeWireSource, State, VirtualCamera};
///
/// // Where no server listens. Leave `server` out for the one of the desktop.
/// let source = PipeWireSource::new("Microscope").server("/nonexistent/pipewire-0");
/// let camera = VirtualCamera::builder().size(1280, 720).start_on(source)?;
/// camera.publish();
/// let state = camera.await_state(Duration::from_secs(10), |state| matches!(state, State::Failed(_)));
/// let says = state.map_err(|still| still.to_string())?.to_string();
/// assert!(says.contains("systemctl --user start pipewire"), "{says}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PipeWireSource {
    name: String,
    server: Option<String>,
}

impl PipeWireSource {
    /// A node of this name and description, in the server of the desktop.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: without_nul(name), server: None }
    }

    /// In another server: a socket's path, or its name in `XDG_RUNTIME_DIR`. The environment variable `PIPEWIRE_REMOTE` goes before it, as for
    /// each program that uses PipeWire.
    #[must_use]
    pub fn server(self, server: &str) -> Self {
        Self { server: Some(without_nul(server)), ..self }
    }
}

/// Texts go to a library in C, where a zero would end them (and is refused by a panic).
fn without_nul(text: &str) -> String {
    text.replace('\0', " ")
}

impl Opener for PipeWireSource {
    fn open(&mut self, geometry: Geometry, rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        Ok(Box::new(Node::open(&self.name, self.server.as_deref(), geometry, rate)?))
    }
}
