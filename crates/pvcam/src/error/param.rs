//! Errors of reading and writing settings.

use super::Failure;

/// Why a setting could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// This camera has no such setting.
    #[error("this camera has no {parameter}")]
    NotAvailable {
        /// The SDK's name of the parameter.
        parameter: &'static str,
    },
    /// The SDK refused to tell.
    #[error("{parameter} ({attribute}) could not be read: {failure}")]
    Sdk {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// What was asked of it.
        attribute: &'static str,
        /// What the SDK says.
        failure: Failure,
    },
    /// The camera refused to be set.
    #[error("{parameter} could not be set to {value}: {failure}")]
    NotSet {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// What it was to be set to.
        value: i128,
        /// What the SDK says.
        failure: Failure,
    },
    /// The camera accepted a value but reads back another one.
    #[error("{parameter} was set to {asked} without complaint, but reads back {found}")]
    NotKept {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// What it was set to.
        asked: i128,
        /// What it is.
        found: i128,
    },
    /// The parameter has a type that makes no sense for it.
    #[error("{parameter} has type code {type_code}, which is not what such a parameter has")]
    Type {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// The SDK's type code.
        type_code: u16,
    },
    /// The value does not fit where it has to go.
    #[error("{parameter}: the value {value} is out of any range that makes sense for it")]
    Value {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// The value.
        value: i128,
    },
    /// The value is not among those that the camera offers.
    #[error("{parameter}: {asked} is not offered; choose from {allowed:?}")]
    NotOffered {
        /// The SDK's name of the parameter.
        parameter: &'static str,
        /// The value asked for.
        asked: i64,
        /// The values that are offered.
        allowed: Vec<i64>,
    },
    /// The setting depends on another one that the snapshot does not know.
    #[error("the settings are those of camera {theirs}, this is {ours}")]
    OtherCamera {
        /// Serial number of this camera.
        ours: String,
        /// Serial number that the settings were taken from.
        theirs: String,
    },
}
