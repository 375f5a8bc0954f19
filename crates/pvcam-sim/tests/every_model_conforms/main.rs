//! Every camera model goes through one suite, over the C interface of the shared library that programs load.
//!
//! What is expected comes from the fact tables and from the model's own file, read here once more, so that the suite shares
//! nothing with the code that it looks at. Each part has a control: a wrong expectation that it must find.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod acquisition;
mod centroids;
mod controls;
mod dependencies;
mod found;
mod guide;
mod library;
mod modes;
mod parameters;
mod processing;
mod remembering;
mod speed_table;
#[path = "../support/mod.rs"]
mod support;

use library::{Model, models, start, start_own};
use parameters::{Fact, facts};
use support::Sdk;

/// Models in the folder, and parameters that each of them must answer for.
const MODELS: usize = 19;
const PARAMETERS: usize = 121;

/// What a part of the suite looked at, and what it found wrong.
#[derive(Default)]
pub(crate) struct Findings {
    checks: usize,
    problems: Vec<String>,
}

impl Findings {
    /// Notes a problem unless `right`.
    pub(crate) fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.checks += 1;
        if !right {
            self.problems.push(what());
        }
    }

    /// The same for two values that must be equal.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(&mut self, found: T, wanted: T, what: &str) {
        let right = found == wanted;
        self.check(right, || format!("{what}: {found:?}, wanted {wanted:?}"));
    }
}

/// Runs a part on every model, and returns how many checks there were.
fn on_every_model(part: impl Fn(&Model) -> Findings) -> usize {
    let models = models();
    assert_eq!(models.len(), MODELS);
    let (mut checks, mut problems) = (0, Vec::new());
    for model in &models {
        let findings = part(model);
        checks += findings.checks;
        problems.extend(findings.problems.into_iter().map(|problem| format!("{}: {problem}", model.name)));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    checks
}

/// All parameters before a setup, and once more after one.
fn parameters_of(model: &Model, facts: &[Fact]) -> Findings {
    let mut findings = Findings::default();
    assert_eq!(facts.len(), PARAMETERS);
    let (sdk, hcam) = start(model);
    parameters::walk(&sdk, hcam, facts, false, &mut findings);
    acquisition::plain_setup(&sdk, hcam);
    parameters::walk(&sdk, hcam, facts, true, &mut findings);
    parameters::set_all(&sdk, hcam, facts, &mut findings);
    findings
}

#[test]
fn all_121_parameters_answer_every_attribute_and_keep_what_they_take() {
    let facts = facts();
    let checks = on_every_model(|model| parameters_of(model, &facts));
    // Type, access and presence alone, before and after a setup.
    assert!(checks > MODELS * PARAMETERS * 3 * 2, "{checks}");
}

#[test]
fn every_port_speed_and_gain_is_what_the_file_says() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        speed_table::walk(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks > MODELS * 8, "{checks}");
}

#[test]
fn every_exposure_mode_is_taken_in_every_unit() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        acquisition::modes(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks > MODELS * 12, "{checks}");
}

#[test]
fn every_mode_keeps_its_times_and_brings_the_pixels_of_every_region() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        modes::walk(&sdk, hcam, &modes::Port::all(model), &mut findings);
        findings
    });
    // Four triggers at the least, in sequences and rings, with four frames each.
    assert!(checks > MODELS * 4 * 2 * 4 * 5, "{checks}");
}

#[test]
fn wrong_setups_are_refused_with_the_code_for_it() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        acquisition::refusals(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks >= MODELS * 6, "{checks}");
}

#[test]
fn every_gain_delivers_the_pixels_of_the_scene() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        acquisition::pixels(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks > MODELS * 2, "{checks}");
}

#[test]
fn a_camera_under_power_keeps_its_settings_but_not_its_setup() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        acquisition::kept(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks >= MODELS * 4, "{checks}");
}

#[test]
fn what_depends_on_a_change_is_what_the_file_says_after_it() {
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        dependencies::walk(&sdk, hcam, model, &mut findings);
        findings
    });
    assert!(checks > MODELS * 40, "{checks}");
}

#[test]
fn each_dependency_holds_on_a_camera_that_has_them_all_and_a_wrong_one_is_found() {
    let model = dependencies::rich(&models());
    let (sdk, hcam) = start_own(&model);
    for dependency in &dependencies::DEPENDENCIES {
        let mut findings = Findings::default();
        (dependency.proof)(&sdk, hcam, &model, &mut findings);
        assert!(
            findings.problems.is_empty() && findings.checks > 0,
            "{dependency:?}: {:?}",
            findings.problems
        );
        let (right, wrong) = dependency.control;
        assert!(model.file.contains(right), "{dependency:?}");
        let other = Model::new(&model.name, model.file.replace(right, wrong));
        let mut findings = Findings::default();
        (dependency.proof)(&sdk, hcam, &other, &mut findings);
        assert!(!findings.problems.is_empty(), "{dependency:?} finds nothing wrong in `{wrong}`");
    }
}

/// All post-processing of a model, on camera and host.
fn processing_of(model: &Model, scene: &[processing::Picture; 3]) -> Findings {
    let (sdk, hcam) = processing::start(model);
    let mut findings = Findings::default();
    processing::despeckling(&sdk, hcam, scene, &mut findings);
    processing::averaging(&sdk, hcam, scene, &mut findings);
    processing::summing(&sdk, hcam, scene, &mut findings);
    processing::orientations(&sdk, hcam, scene, &mut findings);
    processing::headers(&sdk, hcam, &mut findings);
    findings
}

#[test]
fn post_processing_alters_pixels_as_it_says_and_not_at_all_when_it_is_off() {
    let checks = on_every_model(|model| processing_of(model, &processing::pages()));
    assert!(checks > MODELS * 20, "{checks}");
}

/// How long a setup holds on a model.
fn staleness_of(model: &Model, facts: &[Fact], independent: &[&str]) -> Findings {
    let (sdk, hcam) = start(model);
    let mut findings = Findings::default();
    remembering::staleness(&sdk, hcam, facts, independent, &mut findings);
    findings
}

#[test]
fn a_setup_holds_until_a_parameter_of_the_frames_changes() {
    let facts = facts();
    let checks = on_every_model(|model| staleness_of(model, &facts, &remembering::INDEPENDENT));
    assert!(checks > MODELS * 60, "{checks}");
}

#[test]
fn every_setting_outlives_closing_and_the_library() {
    let facts = facts();
    let checks = on_every_model(|model| {
        let (sdk, hcam) = start(model);
        let mut findings = Findings::default();
        remembering::persistence(&sdk, hcam, model, &facts, &mut findings);
        findings
    });
    assert!(checks > MODELS * 12, "{checks}");
}

#[test]
fn the_guide_names_every_key_of_a_model_file() {
    let keys = guide::keys();
    assert!(keys.len() > 60, "{keys:?}");
    assert_eq!(guide::missing(guide::guide(), &keys), Vec::<String>::new());
    assert_eq!(guide::missing(&guide::without("line_time_unit"), &keys), ["line_time_unit"]);
}

#[test]
fn the_camera_of_the_guide_passes_the_suite() {
    let (model, facts) = (guide::example(), facts());
    let parts: [fn(&Sdk, i16, &Model, &mut Findings); 6] = [
        speed_table::walk,
        acquisition::modes,
        acquisition::refusals,
        acquisition::pixels,
        acquisition::kept,
        dependencies::walk,
    ];
    for part in parts {
        let (sdk, hcam) = start_own(&model);
        let mut findings = Findings::default();
        part(&sdk, hcam, &model, &mut findings);
        assert!(findings.problems.is_empty() && findings.checks > 0, "{:?}", findings.problems);
    }
    let (sdk, hcam) = start_own(&model);
    let mut findings = Findings::default();
    parameters::walk(&sdk, hcam, &facts, false, &mut findings);
    parameters::set_all(&sdk, hcam, &facts, &mut findings);
    remembering::staleness(&sdk, hcam, &facts, &remembering::INDEPENDENT, &mut findings);
    remembering::persistence(&sdk, hcam, &model, &facts, &mut findings);
    assert!(findings.problems.is_empty() && findings.checks > 0, "{:?}", findings.problems);
}

/// Centroids of a model, which looks at the spots.
fn centroids_of(model: &Model, scene: &[u16]) -> Findings {
    let (sdk, hcam) = centroids::start(model);
    let mut findings = Findings::default();
    centroids::look(&sdk, hcam, model, scene, &mut findings);
    findings
}

#[test]
fn centroids_are_cut_out_around_the_brightest_spots() {
    let checks = on_every_model(|model| centroids_of(model, &centroids::scene()));
    assert!(checks > MODELS * 2 + 5 * 40, "{checks}");
}
