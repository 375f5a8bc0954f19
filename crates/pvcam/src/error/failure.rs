//! One failed call of the SDK, as data.

use core::fmt;

/// A call of the SDK that returned `PV_FAIL`.
///
/// PVCAM keeps one error code for the whole process, and every call erases it, those of the frame callbacks included.
/// While no session runs anywhere in the process the code belongs to the call that failed; while one runs it is only
/// [advisory](Self::is_advisory), and [`Self::code`] does not offer it to be relied upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub(crate) call: &'static str,
    pub(crate) observed: i16,
    pub(crate) advisory: bool,
    pub(crate) message: String,
}

impl Failure {
    /// The SDK function that failed, for instance `pl_cam_open`.
    #[must_use]
    pub fn call(&self) -> &'static str {
        self.call
    }

    /// The error code, if the SDK gave one and it certainly belongs to this call. Some SDK versions fail with code 0;
    /// that is a failure all the same, and gives `None` here.
    #[must_use]
    pub fn code(&self) -> Option<i16> {
        if self.advisory || self.observed == pvcam_sys::PL_ERR_NONE { None } else { Some(self.observed) }
    }

    /// The code that was read, whether or not it is certain. 0 if there was none.
    #[must_use]
    pub fn observed_code(&self) -> i16 {
        self.observed
    }

    /// The symbolic name of the observed code, for instance `PL_ERR_REGION_INVALID`.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        pvcam_sys::error_name(self.observed)
    }

    /// Whether a session ran while the code was read, so that it may belong to another call.
    #[must_use]
    pub fn is_advisory(&self) -> bool {
        self.advisory
    }

    /// The SDK's own text, for people. Do not match on it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.call)?;
        if self.observed == pvcam_sys::PL_ERR_NONE {
            return f.write_str(" without an error code");
        }
        write!(f, " with {} {}", self.observed, self.name().unwrap_or("(no name)"))?;
        if !self.message.is_empty() {
            write!(f, " ({})", self.message)?;
        }
        if self.advisory {
            f.write_str(" (read while a session ran: it may belong to another call)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(observed: i16, advisory: bool) -> Failure {
        Failure { call: "pl_cam_open", observed, advisory, message: String::new() }
    }

    #[test]
    fn a_code_is_offered_only_if_it_is_certain() {
        assert_eq!(failure(176, false).code(), Some(176));
        assert_eq!(failure(176, true).code(), None);
        assert_eq!(failure(176, true).observed_code(), 176);
        assert_eq!(failure(0, false).code(), None, "PV_FAIL with code 0 is a failure without a code");
    }

    #[test]
    fn the_text_names_call_code_and_symbol() {
        let text = failure(176, false).to_string();
        assert_eq!(text, "pl_cam_open failed with 176 PL_ERR_DEVICE_NAME_UNKNOWN");
        assert!(failure(0, false).to_string().contains("without an error code"));
        assert!(failure(176, true).to_string().contains("may belong to another call"));
    }
}
