//! What the camera's post-processing is set to.

use super::settings::Settings;
use crate::abi::constants::*;
use crate::model::Model;
use crate::scene::Despeckle;

/// The features that are switched on, in the model's order.
pub(super) fn switched_on(model: &Model, settings: &Settings) -> Vec<Despeckle> {
    let features = model.features.iter().zip(settings.features());
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

/// How many exposures the camera averages to one frame; 1 when it does not.
pub(super) fn averaged(model: &Model, settings: &Settings) -> u32 {
    let mut features = model.features.iter().zip(settings.features());
    let averaging =
        features.find(|(feature, _)| i64::from(feature.id) == i64::from(PP_FEATURE_FRAME_AVERAGING));
    match averaging.map(|(_, values)| values.as_slice()) {
        Some(&[enabled, count]) if enabled != 0 => count.max(1),
        _ => 1,
    }
}
