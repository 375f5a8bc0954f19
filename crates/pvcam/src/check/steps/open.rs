//! Whether the camera is in the state that opening promises, and what its ring does.

use crate::camera::{Camera, Setting};
use crate::check::bench::Bench;
use crate::check::tally::Tally;
use crate::check::{Report, Step};
use crate::error::ParamError;
use crate::probe::{FullRing, RingTrust};

/// Steps for which it matters what the ring does.
const CONTINUOUS: [Step; 6] =
    [Step::Continuous, Step::SlowReader, Step::NoRescue, Step::Readers, Step::Rearm, Step::LeasesOut];

pub(super) fn run(bench: &mut Bench<'_>, report: &mut Report, tally: &mut Tally) -> Result<(), String> {
    if !report.about.changes.is_empty() {
        tally.remark(format!("opening changed {}", report.about.changes.join(", ")));
    }
    let options = bench.options;
    let Some(camera) = bench.camera() else { return Ok(()) };
    tally.wrong.extend(not_raw(camera).map_err(|why| why.to_string())?);
    if !options.probe || !options.steps.iter().any(|step| CONTINUOUS.contains(step)) {
        return Ok(());
    }
    match camera.probe_ring() {
        Ok(found) => {
            let text = meaning(&found.trust);
            tally.remark(format!("ring: {text}"));
            report.ring = Some(text.to_owned());
            bench.trust = Some(found.trust);
            Ok(())
        }
        Err(why) => Err(format!("probing the ring: {why}")),
    }
}

/// What the probe's finding means for who reads frames.
fn meaning(trust: &RingTrust) -> &'static str {
    match trust.full_ring() {
        FullRing::Overwrites => {
            "a full ring is written over although its slots are locked: frames are copied"
        }
        FullRing::Drops => {
            "a full ring keeps its frames and loses new ones until a slot is unlocked: frames are lent in place"
        }
        FullRing::Halts => "a full ring keeps its frames and the stream ends: frames are lent in place",
    }
}

/// What is not as [`crate::OpenPolicy::Raw`] promises, read back from the camera.
fn not_raw(camera: &mut Camera) -> Result<Vec<String>, ParamError> {
    let settings = camera.settings()?;
    // Where all is off already, switching it off changes nothing.
    camera.switch_off_features()?;
    let changed = settings.changes_to(&camera.settings()?);
    let mut wrong: Vec<String> = changed.iter().map(|change| format!("was not off: {change}")).collect();
    let off = [
        Setting::Centroids,
        Setting::SmartStreaming,
        Setting::HostRotation,
        Setting::HostMirroring,
        Setting::HostSumming,
    ];
    let on = off.iter().filter(|setting| settings.get(setting).is_some_and(|value| value != 0));
    wrong.extend(on.map(|setting| format!("{setting} is on")));
    if settings.get(&Setting::Metadata) == Some(0) {
        wrong.push("metadata is off".to_owned());
    }
    Ok(wrong)
}
