//! Centroids: settings, answers, and what a setup wants with them.
//!
//! Locating is simulated. Tracking and blobs are not, and so the parameters that only they need are not there.

use super::computed::View;
use super::facts::{Facts, Item};
use super::settings::Settings;
use super::value::Kind;
use crate::abi::constants::*;
use crate::abi::error::{Failure, Outcome};
use crate::abi::types::Region;
use crate::model::Model;
use crate::scene::{Composition, Cutouts};

/// What the camera looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CentroidSettings {
    on: bool,
    cutouts: Cutouts,
}

impl CentroidSettings {
    /// Off, with a small radius and a handful of spots; the real figures are not known to us.
    pub(super) fn power_up(model: &Model) -> Self {
        let (radius, count) =
            model.centroids.as_ref().map_or((1, 1), |most| (most.max_radius, most.max_count));
        Self { on: false, cutouts: Cutouts { radius: radius.min(5), count: count.min(50) } }
    }

    /// Stores a value that is within its range; false if the parameter is none of these.
    pub(super) fn apply(&mut self, id: u32, number: i64) -> bool {
        let value = u16::try_from(number).unwrap_or(1);
        match id {
            PARAM_CENTROIDS_ENABLED => self.on = number != 0,
            PARAM_CENTROIDS_RADIUS => self.cutouts.radius = value,
            PARAM_CENTROIDS_COUNT => self.cutouts.count = value,
            // There is one mode.
            PARAM_CENTROIDS_MODE => {}
            _ => return false,
        }
        true
    }
}

impl View<'_> {
    /// The answers of a parameter of centroids.
    pub(super) fn centroids(&self, id: u32) -> Option<Facts> {
        let most = self.model.centroids.as_ref()?;
        let now = &self.settings.centroids;
        let power_up = CentroidSettings::power_up(self.model).cutouts;
        let number = |value: u16, most: u16, power_up: u16| {
            let facts = Facts::number(Kind::U16, value.into(), (1, most.into()), 1);
            facts.default_number(power_up.into()).writable()
        };
        Some(match id {
            PARAM_CENTROIDS_ENABLED => Facts::flag(now.on).default_number(0).writable(),
            PARAM_CENTROIDS_RADIUS => number(now.cutouts.radius, most.max_radius, power_up.radius),
            PARAM_CENTROIDS_COUNT => number(now.cutouts.count, most.max_count, power_up.count),
            PARAM_CENTROIDS_MODE => {
                let items = vec![Item::new(PL_CENTROIDS_MODE_LOCATE, "Locate")];
                Facts::enumeration(items, PL_CENTROIDS_MODE_LOCATE).writable()
            }
            _ => return None,
        })
    }
}

impl Settings {
    /// What a setup of these regions cuts out, if centroids are on: they want metadata (185), one region (181) that is large
    /// enough (181) and not binned (182), and a picture that nothing else is made of (185).
    pub(super) fn cutouts(&self, regions: &[Region], composition: &Composition) -> Outcome<Option<Cutouts>> {
        let CentroidSettings { on, cutouts } = self.centroids;
        if !on {
            return Ok(None);
        }
        if !self.metadata {
            let detail = "centroids are told by metadata: enable them";
            return Err(Failure::with_detail(PL_ERR_CONFIGURATION_INVALID, detail));
        }
        let [region] = regions else { return Err(PL_ERR_REGION_INVALID.into()) };
        if (region.sbin, region.pbin) != (1, 1) {
            return Err(PL_ERR_BINNING_INVALID.into());
        }
        let side = cutouts.side();
        if region.s2 - region.s1 + 1 < side || region.p2 - region.p1 + 1 < side {
            let detail = format!("a cut-out is {side} x {side} pixels, the region is smaller");
            return Err(Failure::with_detail(PL_ERR_REGION_INVALID, detail));
        }
        if !composition.is_plain() {
            let detail = "centroids are simulated without averaging and without post-processing on the host";
            return Err(Failure::with_detail(PL_ERR_CONFIGURATION_INVALID, detail));
        }
        Ok(Some(cutouts))
    }
}
