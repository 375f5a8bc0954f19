//! Controls: what the suite must find. Each wrong expectation, and each fault of a library, has to end in a problem.

use crate::library::{Model, models, start, start_own, start_with};
use crate::parameters::facts;
use crate::{
    Findings, acquisition, centroids_of, controls, modes, parameters_of, processing_of, speed_table,
    staleness_of,
};
use crate::{centroids, processing};

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
fn a_line_time_that_is_wrong_by_a_tenth_is_found() {
    let models = models();
    let kinetix = models.iter().find(|model| model.name == "kinetix-pcie").unwrap();
    let wrong: Vec<_> = modes::Port::all(kinetix).into_iter().map(modes::Port::wrong).collect();
    let (sdk, hcam) = start(kinetix);
    let mut findings = Findings::default();
    modes::walk(&sdk, hcam, &wrong, &mut findings);
    let found = |text: &str| findings.problems.iter().filter(|problem| problem.contains(text)).count();
    let counts = ["ps apart", "exposed", "are told"].map(found);
    assert!(counts.iter().all(|&count| count > 0), "{:?}", findings.problems);
    assert_eq!(counts.iter().sum::<usize>(), findings.problems.len(), "nothing else is wrong");
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
    for (fault, start, problems) in controls::in_modes(&model).into_iter().chain(controls::in_frames(&model))
    {
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
fn a_pixel_that_is_not_of_the_spots_and_centroids_that_are_not_there_are_found() {
    let (model, other) = misread("prime-bsi-usb", "[centroids]", "[centroid]");
    let mut scene = centroids::scene();
    scene[20 * 40 + 11] = 101;
    let problems = centroids_of(&model, &scene).problems;
    let pixels = problems.iter().filter(|problem| problem.contains("pixels of region 0")).count();
    assert_eq!((pixels, problems.len()), (3, 4), "{problems:?}");
    assert_eq!(centroids_of(&other, &centroids::scene()).problems.len(), 1);
}
