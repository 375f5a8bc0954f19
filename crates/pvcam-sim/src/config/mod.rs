//! The configuration: which cameras there are and how they behave. See the crate's README for the keys.

mod error;
mod load;
mod trigger;
mod types;

pub(crate) use error::ConfigError;
pub(crate) use load::{from_environment, from_text, parse_faults, parse_script};
pub(crate) use trigger::Train;
pub(crate) use types::{
    CameraConfig, CatchUp, Clock, Config, Faults, RunningAccess, SceneKind, Speed, Story,
};
