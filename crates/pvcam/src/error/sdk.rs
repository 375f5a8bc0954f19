//! Errors of the library as a whole and of opening a camera.

use pvcam_sys::{
    LoadError, PL_ERR_DDI_DEVICE_OPEN_FAILED, PL_ERR_DEVICE_ALREADY_OPEN, PL_ERR_INSTALLATION_CORRUPTED,
};

use super::{Failure, ParamError};

/// Why there is no usable library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdkError {
    /// This process has loaded the library already.
    #[error(
        "this process has loaded the library already: clone that `Sdk`, or drop it and all its cameras first"
    )]
    AlreadyLoaded,
    /// The library was not found, or is not one.
    #[error(transparent)]
    NotLoaded(#[from] LoadError),
    /// The library misses something in its surroundings (error 151).
    #[error("{failure}\n{hint}")]
    Installation {
        /// The call that failed.
        failure: Failure,
        /// What the library is known to want, piece by piece, and what of it is missing here.
        hint: String,
    },
    /// The library did not start.
    #[error("the library did not start: {0}")]
    Init(Failure),
    /// The library does not tell its version.
    #[error("the library does not tell its version: {0}")]
    Version(Failure),
    /// The library does not list its cameras.
    #[error("the cameras could not be listed: {0}")]
    List(Failure),
}

impl SdkError {
    pub(crate) fn from_init(failure: Failure) -> Self {
        Self::installation(failure).unwrap_or_else(Self::Init)
    }

    pub(crate) fn from_version(failure: Failure) -> Self {
        Self::installation(failure).unwrap_or_else(Self::Version)
    }

    fn installation(failure: Failure) -> Result<Self, Failure> {
        if failure.code() == Some(PL_ERR_INSTALLATION_CORRUPTED) {
            return Ok(Self::Installation { failure, hint: pvcam_sys::installation_hint() });
        }
        Err(failure)
    }
}

/// Why a camera could not be opened. Nothing is left open then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No camera has this name.
    #[error("no camera is called {asked:?}; {}", listed(available))]
    Unknown {
        /// The name asked for.
        asked: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// This process has the camera open.
    #[error("{name} is open in this process already")]
    AlreadyOpen {
        /// Its name.
        name: String,
    },
    /// This process has the same body open by its other cable.
    #[error("{name} is the camera with serial number {serial}, which is open in this process as {open_as}")]
    SameCamera {
        /// The name asked for.
        name: String,
        /// The serial number of the body.
        serial: String,
        /// The name under which it is open.
        open_as: String,
    },
    /// The driver does not let it be opened: most often another process has it.
    #[error(
        "{name} cannot be opened, most likely because another program uses it: {failure}. Close that program; if there is none, power-cycle the camera"
    )]
    Busy {
        /// Its name.
        name: String,
        /// What the SDK says.
        failure: Failure,
    },
    /// The SDK refused for another reason.
    #[error("{name} cannot be opened: {failure}")]
    Refused {
        /// Its name.
        name: String,
        /// What the SDK says.
        failure: Failure,
    },
    /// The SDK does not take our frame callback, without which nothing is delivered.
    #[error("{name} does not accept a frame callback: {failure}")]
    Callback {
        /// Its name.
        name: String,
        /// What the SDK says.
        failure: Failure,
    },
    /// The cameras could not be listed.
    #[error("the cameras could not be listed: {0}")]
    List(Failure),
    /// A parameter that every camera has could not be read, or the known state could not be reached.
    #[error("the camera was opened, but it could not be brought into a known state: {0}")]
    State(#[from] ParamError),
}

impl OpenError {
    /// Names what the SDK's refusal most likely means.
    pub(crate) fn refused(name: &str, failure: Failure) -> Self {
        let name = name.to_owned();
        match failure.observed_code() {
            PL_ERR_DEVICE_ALREADY_OPEN => Self::AlreadyOpen { name },
            PL_ERR_DDI_DEVICE_OPEN_FAILED => Self::Busy { name, failure },
            _ => Self::Refused { name, failure },
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "there is none: check cable and power, and load the library again (cameras are listed only then)".into();
    }
    format!("there are: {}", names.join(", "))
}
