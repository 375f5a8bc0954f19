//! Which despeckling the post-processing settings ask for.

use super::settings::Settings;
use crate::abi::constants::*;
use crate::model::Model;
use crate::scene::Despeckle;

/// The features that are switched on, in the model's order.
pub(super) fn switched_on(model: &Model, settings: &Settings) -> Vec<Despeckle> {
    let features = model.features.iter().zip(&settings.features);
    features
        .filter_map(|(feature, values)| {
            let (bright, low) = match i32::try_from(feature.id).ok()? {
                PP_FEATURE_DESPECKLE_BRIGHT_LOW => (true, true),
                PP_FEATURE_DESPECKLE_BRIGHT_HIGH => (true, false),
                PP_FEATURE_DESPECKLE_DARK_LOW => (false, true),
                PP_FEATURE_DESPECKLE_DARK_HIGH => (false, false),
                _ => return None,
            };
            let &[enabled, threshold, adu] = values.as_slice() else { return None };
            (enabled != 0).then_some(Despeckle { bright, low, threshold, adu })
        })
        .collect()
}
