//! What the library on the host can do with frames of a camera.

use serde::Deserialize;

/// A step between the transfer of a frame and the client's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HostFeature {
    /// Turning by a multiple of 90 degrees.
    Rotate,
    /// Mirroring.
    Flip,
    /// Adding up several frames to one.
    Summing,
}

impl super::Model {
    /// True if the host offers this for frames of the camera.
    pub(crate) fn host_can(&self, feature: HostFeature) -> bool {
        self.host_processing.contains(&feature)
    }
}
