//! Parameters: what the camera knows, what it offers, what a client may change.

mod centroids;
mod computed;
mod control;
mod despeckle;
pub(crate) mod facts;
mod host;
pub(crate) mod known;
mod live;
mod scan;
mod set;
mod settings;
mod setup;
mod smart;
pub(crate) mod value;

pub(crate) use control::Control;
pub(crate) use settings::Settings;
pub(crate) use setup::Request;
