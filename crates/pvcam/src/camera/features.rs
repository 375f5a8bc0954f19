//! Post-processing inside the camera: features that alter pixels before they reach the host.

use crate::error::ParamError;
use crate::param::{self, Attribute, Link};

/// A post-processing feature of the camera.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// `PP_FEATURE_IDS` code: the same in every camera.
    pub id: u32,
    /// The camera's name for it.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<FeatureParameter>,
}

/// A parameter of a post-processing feature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeatureParameter {
    /// `PP_PARAMETER_IDS` code: ten times the feature's, plus 0 for its switch.
    pub id: u32,
    /// The camera's name for it.
    pub name: String,
    /// Its present value.
    pub value: u32,
}

impl Feature {
    /// Whether the feature is on; `None` if it has no switch.
    #[must_use]
    pub fn is_on(&self) -> Option<bool> {
        self.parameters
            .iter()
            .find(|parameter| parameter.id == switch_of(self.id))
            .map(|switch| switch.value != 0)
    }
}

/// Number of the parameter that switches a feature on and off.
pub(super) const fn switch_of(feature: u32) -> u32 {
    feature.saturating_mul(pvcam_sys::PP_MAX_PARAMETERS_PER_FEATURE)
}

/// Whether a feature changes the values of pixels after they were read. Those that are ways of reading the sensor, or none
/// of the pixels' business, are left alone.
const fn alters_pixels(feature: u32) -> bool {
    const LEFT_ALONE: [i32; 5] = [
        pvcam_sys::PP_FEATURE_RING_FUNCTION,
        pvcam_sys::PP_FEATURE_BIAS,
        pvcam_sys::PP_FEATURE_VARI_BIT,
        pvcam_sys::PP_FEATURE_HIGH_DYNAMIC_RANGE,
        pvcam_sys::PP_FEATURE_ENHANCED_DYNAMIC_RANGE,
    ];
    let mut at = 0;
    while at < LEFT_ALONE.len() {
        if LEFT_ALONE[at] as u32 == feature {
            return false;
        }
        at += 1;
    }
    true
}

/// All features with the values of all their parameters.
pub(super) fn read_features(link: &Link) -> Result<Vec<Feature>, ParamError> {
    let mut features = Vec::new();
    for index in 0..count(link, param::PARAM_PP_INDEX)? {
        link.set(param::PARAM_PP_INDEX, index)?;
        let mut feature = Feature {
            id: link.current(param::PARAM_PP_FEAT_ID)?,
            name: link.optional_text(param::PARAM_PP_FEAT_NAME).unwrap_or_default(),
            parameters: Vec::new(),
        };
        for parameter in 0..count(link, param::PARAM_PP_PARAM_INDEX)? {
            link.set(param::PARAM_PP_PARAM_INDEX, parameter)?;
            feature.parameters.push(FeatureParameter {
                id: link.current(param::PARAM_PP_PARAM_ID)?,
                name: link.optional_text(param::PARAM_PP_PARAM_NAME).unwrap_or_default(),
                value: link.current(param::PARAM_PP_PARAM)?,
            });
        }
        features.push(feature);
    }
    Ok(features)
}

/// How many there are to choose from; none if the camera lacks it.
fn count(link: &Link, id: param::ParamId) -> Result<i128, ParamError> {
    if link.has(id) { link.integer(id, Attribute::Count) } else { Ok(0) }
}

/// Writes parameters of features, named by their numbers, and reads each back. Numbers that the camera does not have are skipped.
pub(super) fn write_features(link: &Link, wanted: &[(u32, u32)]) -> Result<(), ParamError> {
    if wanted.is_empty() {
        return Ok(());
    }
    for index in 0..count(link, param::PARAM_PP_INDEX)? {
        link.set(param::PARAM_PP_INDEX, index)?;
        for parameter in 0..count(link, param::PARAM_PP_PARAM_INDEX)? {
            link.set(param::PARAM_PP_PARAM_INDEX, parameter)?;
            let id: u32 = link.current(param::PARAM_PP_PARAM_ID)?;
            if let Some((_, value)) = wanted.iter().find(|(wanted, _)| *wanted == id) {
                write_and_read_back(link, *value)?;
            }
        }
    }
    Ok(())
}

fn write_and_read_back(link: &Link, value: u32) -> Result<(), ParamError> {
    if link.current::<u32>(param::PARAM_PP_PARAM)? == value {
        return Ok(());
    }
    link.set(param::PARAM_PP_PARAM, value.into())?;
    let found: u32 = link.current(param::PARAM_PP_PARAM)?;
    if found == value {
        return Ok(());
    }
    let (asked, found) = (value.into(), found.into());
    Err(ParamError::NotKept { parameter: param::PARAM_PP_PARAM.name, asked, found })
}

/// Resets all features to their power-up state, then switches off those that alter pixels: the power-up state has
/// some of them on.
pub(super) fn switch_off(link: &Link) -> Result<(), ParamError> {
    if !link.has(param::PARAM_PP_INDEX) {
        return Ok(());
    }
    // SAFETY: a plain number.
    let reset = link.call("pl_pp_reset", |api, handle| unsafe { (api.pl_pp_reset)(handle) });
    if let Err(failure) = reset {
        // Switching each feature off does what matters; a camera may lack the reset.
        tracing::debug!(%failure, "post-processing was not reset");
    }
    let on: Vec<(u32, u32)> = read_features(link)?
        .iter()
        .filter(|feature| alters_pixels(feature.id) && feature.is_on() == Some(true))
        .map(|feature| (switch_of(feature.id), 0))
        .collect();
    write_features(link, &on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn despeckling_alters_pixels_and_ways_of_reading_do_not() {
        assert!(alters_pixels(pvcam_sys::PP_FEATURE_DESPECKLE_BRIGHT_HIGH as u32));
        assert!(alters_pixels(999), "an unknown feature is switched off: raw means raw");
        assert!(!alters_pixels(pvcam_sys::PP_FEATURE_HIGH_DYNAMIC_RANGE as u32));
        assert_eq!(switch_of(8), 80);
    }
}
