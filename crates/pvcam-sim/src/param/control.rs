//! Settings and prepared acquisition of one camera.

use std::sync::Arc;

use super::settings::Settings;
use super::setup::Request;
use crate::engine::Plan;
use crate::model::Model;

/// What a camera is set to, and what it is set up for.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) settings: Settings,
    /// The last setup; `None` before the first one after opening.
    pub(crate) plan: Option<Arc<Plan>>,
    /// What that setup was asked for.
    pub(crate) request: Option<Request>,
    /// A parameter changed since: starting wants a new setup.
    pub(crate) stale: bool,
}

impl Control {
    /// A camera with these settings that is not set up.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, plan: None, request: None, stale: false }
    }

    /// A camera just switched on.
    pub(crate) fn power_up(model: &Model) -> Self {
        Self::new(Settings::power_up(model))
    }
}
