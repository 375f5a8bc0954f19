//! The live region: `PARAM_ROI` set while frames come, on the models that have it.

use std::sync::Arc;

use super::control::Control;
use super::setup::Request;
use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::abi::types::Region;
use crate::config::CameraConfig;
use crate::engine::Plan;

impl Control {
    /// The region that is set up: what `PARAM_ROI` answers.
    pub(crate) fn region(&self, config: &CameraConfig) -> Region {
        let (columns, rows) = self.settings.host.seen_size(&config.model);
        let whole = Region { s1: 0, s2: columns - 1, sbin: 1, p1: 0, p2: rows - 1, pbin: 1 };
        self.plan.as_ref().and_then(|plan| plan.regions.first()).copied().unwrap_or(whole)
    }

    /// Moves the one region of the acquisition. Its binning stays (182), it must fit into the frame that was set up (181), and
    /// there is none to move among several (185).
    pub(crate) fn move_region(&mut self, config: &CameraConfig, region: Region) -> Outcome<Arc<Plan>> {
        let (Some(request), Some(plan)) = (self.request.clone(), self.plan.clone()) else {
            return Err(PL_ERR_ACQUISITION_SETUP_REQUIRED.into());
        };
        let [before] = plan.regions[..] else { return Err(PL_ERR_CONFIGURATION_INVALID.into()) };
        if (region.sbin, region.pbin) != (before.sbin, before.pbin) {
            return Err(PL_ERR_BINNING_INVALID.into());
        }
        let moved = self.prepare(config, Request { regions: vec![region], ..request })?;
        if moved.frame_bytes > plan.frame_bytes {
            return Err(PL_ERR_REGION_INVALID.into());
        }
        let moved = Arc::new(Plan { frame_bytes: plan.frame_bytes, ..moved });
        self.plan = Some(Arc::clone(&moved));
        Ok(moved)
    }
}
