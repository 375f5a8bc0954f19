//! Why the test could not start: exit code 2, nothing was exposed.

use pvcam::error::{OpenError, SdkError};

/// Why the test could not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// There is no usable SDK.
    #[error(transparent)]
    Sdk(#[from] SdkError),
    /// The camera cannot be had.
    #[error(transparent)]
    Camera(#[from] OpenError),
    /// A real camera must be named.
    #[error("name the camera with --camera, because it will expose; {}", listed(.names))]
    NotNamed {
        /// The cameras there are.
        names: Vec<String>,
    },
    /// There is nothing to test.
    #[error(
        "the SDK lists no camera: check cable and power (it looks only when a program starts), or use --simulator"
    )]
    NoCamera,
    /// The check's own refusal.
    #[error(transparent)]
    Check(#[from] pvcam::check::CheckError),
}

fn listed(names: &[String]) -> String {
    format!("there {}: {}", if names.len() == 1 { "is" } else { "are" }, names.join(", "))
}
