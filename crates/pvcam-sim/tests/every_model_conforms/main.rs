//! Every camera model goes through one suite, over the C interface of the shared library that programs load.
//!
//! What is expected comes from the fact tables and from the model's own file, read here once more, so that the suite shares
//! nothing with the code that it looks at. Each part has a control: a wrong expectation that it must find.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod acquisition;
mod controls;
mod dependencies;
mod guide;
mod library;
mod modes;
mod parameters;
mod processing;
mod remembering;
mod speed_table;
#[path = "../support/mod.rs"]
mod support;

use library::{Model, models, start, start_own, start_with};
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
fn a_parameter_that_is_not_what_the_table_says_is_found() {
    let models = models();
    let mut facts = facts();
    let id = facts.iter_mut().find(|fact| fact.name == "PARAM_READOUT_TIME").unwrap();
    id.type_code = 4;
    let problems = parameters_of(&models[0], &facts).problems;
    assert!(problems.iter().any(|problem| problem.starts_with("PARAM_READOUT_TIME ")), "{problems:?}");
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
fn a_gain_of_another_bit_depth_is_found() {
    let models = models();
    let file = models[0].file.replacen("bit_depth = 16", "bit_depth = 13", 1);
    let wrong = Model::new(&models[0].name, file);
    let (sdk, hcam) = start(&models[0]);
    let mut findings = Findings::default();
    speed_table::walk(&sdk, hcam, &wrong, &mut findings);
    assert!(findings.problems.iter().any(|problem| problem.contains("bit depth")), "{:?}", findings.problems);
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
fn a_line_time_that_is_wrong_by_a_tenth_is_found() {
    let models = models();
    let kinetix = models.iter().find(|model| model.name == "kinetix-pcie").unwrap();
    let wrong: Vec<_> = modes::Port::all(kinetix).into_iter().map(modes::Port::wrong).collect();
    let (sdk, hcam) = start(kinetix);
    let mut findings = Findings::default();
    modes::walk(&sdk, hcam, &wrong, &mut findings);
    let found = |text: &str| findings.problems.iter().filter(|problem| problem.contains(text)).count();
    assert!(found("ps apart") > 0 && found("exposed") > 0, "{:?}", findings.problems);
    assert_eq!(found("ps apart") + found("exposed"), findings.problems.len(), "nothing else is wrong");
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

#[test]
fn a_pixel_that_is_not_of_the_scene_is_found_by_each_kind_of_post_processing() {
    let models = models();
    let model = models.iter().find(|model| model.name == "kinetix22-pcie").unwrap();
    let mut scene = processing::pages();
    scene[0][2][3] += 2;
    let problems = processing_of(model, &scene).problems;
    for kind in
        ["all off", "feature 13, other counts", "mean 0 of two", "sum 0 of four", "rotation 3, mirroring 1:"]
    {
        assert!(problems.iter().any(|problem| problem.starts_with(kind)), "{kind}: {problems:?}");
    }
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
fn a_setup_that_holds_too_long_or_not_long_enough_is_found() {
    let (models, facts) = (models(), facts());
    let problems = staleness_of(&models[0], &facts, &["PARAM_READOUT_PORT", "PARAM_CLEAR_MODE"]).problems;
    for name in ["PARAM_READOUT_PORT", "PARAM_TEMP_SETPOINT"] {
        let what = format!("a start after {name} changed");
        assert!(problems.iter().any(|problem| problem.starts_with(&what)), "{name}: {problems:?}");
    }
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
fn each_fault_of_a_library_is_found_by_the_walk_over_all_parameters() {
    let models = models();
    let model = models.iter().find(|model| model.name == "kinetix22-pcie").unwrap();
    for (fault, start, problems) in controls::in_parameters(model, &facts()) {
        assert!(problems.iter().any(|problem| problem.starts_with(start)), "{fault}: {problems:?}");
    }
}

/// A model whose file says something else than its camera does.
fn misread(name: &str, right: &str, wrong: &str) -> (Model, Model) {
    let models = models();
    let model = models.into_iter().find(|model| model.name == name).unwrap();
    assert!(model.file.contains(right), "{right}");
    let other = Model::new(name, model.file.replacen(right, wrong, 1));
    (model, other)
}

#[test]
fn each_fault_in_trigger_modes_is_found() {
    let line = "  { value = 2560, text = \"Level Trigger\" },\n";
    let (model, other) = misread("prime-bsi-usb", line, "");
    for (fault, start, problems) in controls::in_modes(&model) {
        assert!(problems.iter().any(|problem| problem.starts_with(start)), "{fault}: {problems:?}");
    }
    let (sdk, hcam) = start(&model);
    let mut findings = Findings::default();
    acquisition::modes(&sdk, hcam, &other, &mut findings);
    assert_eq!(findings.problems, ["trigger modes: 6, wanted 5"]);
}

#[test]
fn a_setup_that_should_have_been_refused_is_found() {
    for (right, wrong, what) in [
        ("columns = 2048", "columns = 2000", "a region beside the sensor"),
        ("binning = [[1, 1], [2, 2], [4, 4], [8, 8]]", "binning = []", "binning by 3"),
    ] {
        let (model, other) = misread("prime-bsi-usb", right, wrong);
        let (sdk, hcam) = start(&model);
        let mut findings = Findings::default();
        acquisition::refusals(&sdk, hcam, &other, &mut findings);
        assert!(findings.problems.iter().any(|p| p.starts_with(what)), "{:?}", findings.problems);
    }
}

#[test]
fn pixels_of_another_scene_are_found() {
    let (model, _) = misread("prime-bsi-usb", "", "");
    let (sdk, hcam) = start_with("model = \"prime-bsi-usb\"\nscene = \"stamp\"\n", &model);
    let mut findings = Findings::default();
    acquisition::pixels(&sdk, hcam, &model, &mut findings);
    // Five gains, without metadata and with them.
    assert_eq!(findings.problems.len(), 10, "{:?}", findings.problems);
}

#[test]
fn a_camera_that_forgot_its_settings_is_found() {
    let (model, _) = misread("kinetix22-pcie", "", "");
    let (sdk, hcam) = start(&model);
    let choice = acquisition::choose(&sdk, hcam, &model);
    drop(sdk);
    // Configured anew, so switched on anew; and set up, which it should not be.
    let (sdk, hcam) = start(&model);
    acquisition::plain_setup(&sdk, hcam);
    let mut findings = Findings::default();
    acquisition::still_chosen(&sdk, hcam, &choice, &mut findings);
    for what in ["the port", "metadata", "the setup is gone"] {
        assert!(findings.problems.iter().any(|p| p.starts_with(what)), "{what}: {:?}", findings.problems);
    }
}

#[test]
fn two_speeds_that_clients_cannot_tell_apart_are_found() {
    let (_, alike) = misread("prime-bsi-usb", "pixel_time_ns = 5 ", "pixel_time_ns = 10 ");
    let alike = Model::new("alike", alike.file.replace("bit_depth = 11", "bit_depth = 16"));
    let (sdk, hcam) = start_own(&alike);
    let mut findings = Findings::default();
    speed_table::walk(&sdk, hcam, &alike, &mut findings);
    assert_eq!(findings.problems, ["two speeds alike: (10, 16)"]);
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
