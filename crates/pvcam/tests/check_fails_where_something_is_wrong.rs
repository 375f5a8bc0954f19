//! The check passes on a good camera, and fails, with the step and its reason, on each thing that it looks for.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pvcam::check::{
    self, AllocationCounter, CheckError, Event, Expectation, Options, Report, Simulator, SimulatorStats,
    Step, Verdict,
};
use pvcam::error::OpenError;
use pvcam::{OpenPolicy, Setting};
use support::{NAME, Rig, rig};

const GOOD: &str = "scene = \"stamp\"\ncatch_up = \"burst\"\nno_overwrite = \"lossy\"";

fn options<'a>(steps: &[Step]) -> Options<'a> {
    let mut options = Options::new(NAME);
    options.steps = steps.to_vec();
    options.frames = 24;
    options
}

fn run(rig: &Rig, options: &Options<'_>) -> Result<Report, CheckError> {
    check::run(&rig.sdk, options, &mut |_| ())
}

/// The simulator that is linked in, as the check sees it.
struct Linked(pvcam_sim::Control);

impl Simulator for Linked {
    fn stats(&self, camera: i16) -> Option<SimulatorStats> {
        let stats = self.0.stats(camera).ok()?;
        Some(SimulatorStats {
            max_lag: Duration::from_micros(stats.max_lag_us),
            missed_schedule: stats.missed_schedule,
            params_while_running: stats.params_while_running,
        })
    }

    fn step(&self, camera: i16) -> Option<u32> {
        self.0.step(camera, 1, support::SOON)
    }

    fn set_stepped(&self, camera: i16, stepped: bool) -> Option<bool> {
        self.0.set_stepped(camera, stepped).ok()
    }
}

#[test]
fn every_step_passes_on_a_camera_that_honours_locks_and_it_gets_its_settings_back() {
    let rig = rig(GOOD);
    let before = rig.sdk.open(NAME, OpenPolicy::Keep).unwrap().camera.settings().unwrap();
    assert_eq!(before.get(&Setting::Metadata), Some(0), "as it is at power-up");
    let simulator = Linked(rig.control);
    let mut options = options(&Step::ALL);
    options.probe = true;
    options.expect = Some(Expectation::InPlace);
    options.simulator = Some(&simulator);
    let mut ended = Vec::new();
    let report = check::run(&rig.sdk, &options, &mut |event| {
        if let Event::Ended(row) = event {
            ended.push(row.step);
        }
    });
    let report = report.unwrap();
    assert!(report.passed(), "{:?}", report.failures());
    assert_eq!(ended, Step::ALL);
    assert!(report.about.changes.iter().any(|change| change.contains("DESPECKLE")), "{:?}", report.about);
    assert!(report.ring.unwrap().contains("lent in place"));
    for row in &report.rows[1..] {
        let figures = row.figures.as_ref().unwrap();
        assert!(figures.books.lost() == 0 || row.step == Step::NoRescue, "{}: {}", row.step, figures.books);
        assert!(figures.balanced && figures.books.balanced(), "{}: {}", row.step, figures.books);
        assert_eq!(figures.copied_per_frame(), 0.0, "{}", row.step);
        assert!(figures.callback.is_some() && figures.latency.is_some(), "{}", row.step);
    }
    let after = rig.sdk.open(NAME, OpenPolicy::Keep).unwrap().camera.settings().unwrap();
    assert_eq!(before.changes_to(&after), [], "put back");
}

#[test]
fn without_a_probe_each_frame_is_copied_once_and_that_can_be_refused() {
    let rig = rig(GOOD);
    let simulator = Linked(rig.control);
    let mut options = options(&[Step::Continuous]);
    options.simulator = Some(&simulator);
    let report = run(&rig, &options).unwrap();
    assert!(report.passed(), "{:?}", report.failures());
    let figures = report.rows[1].figures.as_ref().unwrap();
    assert_eq!(figures.books.copied_bytes, figures.books.delivered * figures.frame_bytes);
    assert!(figures.books.copied_bytes > 0);
    options.expect = Some(Expectation::InPlace);
    let failures = run(&rig, &options).unwrap().failures();
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].starts_with("continuous: frames are copied, but in place was expected"),
        "{failures:?}"
    );
}

#[test]
fn a_stepped_clock_is_stepped() {
    let rig = rig("scene = \"stamp\"\nclock = \"stepped\"");
    let simulator = Linked(rig.control);
    let mut options = options(&[Step::Snap, Step::Sequence, Step::Continuous, Step::Rearm]);
    options.simulator = Some(&simulator);
    let report = run(&rig, &options).unwrap();
    assert!(report.passed(), "{:?}", report.failures());
    let seen = report.rows.iter().filter_map(|row| row.figures.as_ref()).map(|figures| figures.books.highest);
    assert_eq!(seen.collect::<Vec<_>>(), [2, 24, 24, 80], "not a frame more than was read");
}

#[test]
fn a_stream_that_dies_fails_its_step_with_the_cause() {
    let rig = rig("scene = \"stamp\"\n[camera.faults]\nsilent_stop_after = 10");
    let report = run(&rig, &options(&[Step::Continuous])).unwrap();
    let failures = report.failures();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(
        failures[0].starts_with("continuous: ") && failures[0].contains("stopped by itself"),
        "{failures:?}"
    );
    assert!(failures[0].contains("only 10 of 24 frames came"), "{failures:?}");
    assert_eq!(report.not_restored, None, "also on failure");
}

#[test]
fn losses_before_us_are_reported_by_cause_and_the_books_balance() {
    let faults =
        "[camera.faults]\ndrop_notification = [11]\nlose_before_host = [13, 14]\nlose_in_camera = [18]";
    let rig = rig(&format!("{GOOD}\n{faults}"));
    let simulator = Linked(rig.control);
    let mut options = options(&[Step::Continuous]);
    options.simulator = Some(&simulator);
    let report = run(&rig, &options).unwrap();
    assert!(report.passed(), "{:?}", report.failures());
    let row = &report.rows[1];
    let figures = row.figures.as_ref().unwrap();
    assert!(figures.balanced);
    let books = figures.books;
    assert_eq!((books.lost_notification, books.lost_before_host, books.lost_in_camera), (1, 2, 1), "{books}");
    assert!(
        row.remarks.iter().any(|remark| remark.starts_with("2 frames lost between")),
        "{:?}",
        row.remarks
    );
}

#[test]
fn a_camera_that_cannot_be_had_is_refused_before_anything_is_exposed() {
    let rig = rig(GOOD);
    let mut unknown = options(&[Step::Snap]);
    unknown.camera = "nobody".to_owned();
    let why = run(&rig, &unknown).unwrap_err();
    assert!(why.to_string().contains(NAME), "names what there is: {why}");
    assert!(matches!(why, CheckError::Open(OpenError::Unknown { .. })));
    let _held = rig.open();
    let why = run(&rig, &options(&[Step::Snap])).unwrap_err();
    assert!(matches!(why, CheckError::Open(OpenError::AlreadyOpen { .. })), "{why}");
    assert_eq!(rig.stats().acquisitions, 0);
}

/// Counts one more each time it is asked.
#[derive(Default)]
struct Restless(AtomicU64);

impl AllocationCounter for Restless {
    fn allocations(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Simulator for Restless {
    fn stats(&self, _camera: i16) -> Option<SimulatorStats> {
        Some(SimulatorStats { missed_schedule: self.allocations(), ..SimulatorStats::default() })
    }
}

#[test]
fn an_allocation_fails_the_step() {
    let rig = rig(GOOD);
    let counter = Restless::default();
    let mut options = options(&[Step::Snap]);
    options.allocations = Some(&counter);
    let report = run(&rig, &options).unwrap();
    assert_eq!(report.failures(), ["snap: 1 allocations on the way of 1 frames"]);
    assert_eq!(report.rows[1].figures.as_ref().unwrap().allocations_per_frame(), Some(1.0));
}

#[test]
fn a_starved_simulator_is_tried_again_and_never_passed() {
    let rig = rig(GOOD);
    let starved = Restless::default();
    let mut options = options(&[Step::Snap]);
    options.simulator = Some(&starved);
    let mut attempts = Vec::new();
    let report = check::run(&rig.sdk, &options, &mut |event| {
        if let Event::Repeated { attempt, .. } = event {
            attempts.push(attempt);
        }
    });
    let row = &report.unwrap().rows[1];
    assert_eq!((attempts, row.tries), (vec![2, 3], 3));
    let Verdict::Failed(why) = &row.verdict else { panic!("{row:?}") };
    assert!(why.contains("too busy for a simulated camera"), "{why}");
}

#[test]
fn a_parameter_accessed_while_frames_stream_fails_the_step() {
    struct Touched(Restless);
    impl Simulator for Touched {
        fn stats(&self, _camera: i16) -> Option<SimulatorStats> {
            Some(SimulatorStats { params_while_running: self.0.allocations(), ..SimulatorStats::default() })
        }
    }
    let rig = rig(GOOD);
    let touched = Touched(Restless::default());
    let mut options = options(&[Step::Snap]);
    options.simulator = Some(&touched);
    let failures = run(&rig, &options).unwrap().failures();
    assert!(failures[0].contains("1 parameters were accessed while frames streamed"), "{failures:?}");
}

/// The figures of the slow reader and of its control on a camera whose full ring behaves like `story`.
fn held_long(story: &str, reserve: Option<u32>) -> Report {
    let rig = rig(&format!("scene = \"stamp\"\ncatch_up = \"burst\"\nno_overwrite = \"{story}\""));
    let simulator = Linked(rig.control);
    let mut options = options(&[Step::SlowReader, Step::NoRescue]);
    options.simulator = Some(&simulator);
    (options.probe, options.reserve) = (true, reserve);
    let report = run(&rig, &options).expect("the check begins");
    assert_eq!(rig.control.set_stepped(0, false), Ok(false), "the clock is the machine's again");
    report
}

#[test]
fn a_slow_reader_costs_nobody_a_frame_and_without_room_for_it_frames_are_lost() {
    for (story, moved) in [("lossy", 22), ("halt", 22), ("flag_error", 0)] {
        let report = held_long(story, None);
        assert!(report.passed(), "{story}: {:?}", report.failures());
        let [slow, control] = [1, 2].map(|row| report.rows[row].figures.as_ref().unwrap());
        let books = slow.books;
        assert_eq!((books.highest, books.delivered, books.lost()), (256, 256, 0), "{story}: {books}");
        assert!(books.rescued >= moved, "{story}: {books:?}");
        assert_eq!(books.copied_bytes, if moved > 0 { 0 } else { 256 * slow.frame_bytes }, "{story}");
        let books = control.books;
        assert!(control.balanced && books.delivered < 256 && books.rescued == 0, "{story}: {books}");
        let lost = [books.lost_ring_full > 0, books.lost_reserve > 0];
        assert_eq!(lost, [story == "lossy", story == "flag_error"], "{story}: {books}");
    }
}

#[test]
fn a_reserve_too_small_for_what_is_held_fails_the_step() {
    for (story, why) in [
        ("lossy", "lost because readers held the whole ring"),
        ("flag_error", "lost because readers held the whole reserve"),
    ] {
        let report = held_long(story, Some(4));
        let failures = report.failures();
        assert!(failures.len() == 1 && failures[0].starts_with("slow-reader: "), "{story}: {failures:?}");
        assert!(failures[0].contains(why), "{story}: {failures:?}");
    }
}

#[test]
fn a_camera_that_cannot_be_stepped_holds_frames_at_its_own_pace_and_has_no_control() {
    let rig = rig(GOOD);
    let mut options = options(&[Step::SlowReader, Step::NoRescue]);
    options.probe = true;
    let report = run(&rig, &options).unwrap();
    // A machine that lets the keeper wait for long costs frames, and that is told.
    let told = |why: &String| why.starts_with("slow-reader: ") && why.contains("held the whole ring");
    assert!(report.failures().iter().all(told), "{:?}", report.failures());
    let figures = report.rows[1].figures.as_ref().unwrap();
    assert!(figures.balanced && figures.fps_got.is_some(), "{:?}", figures.books);
    assert!(figures.books.rescued > 0 && figures.books.delivered >= 256, "{:?}", figures.books);
    let Verdict::Skipped(why) = &report.rows[2].verdict else { panic!("{:?}", report.rows[2]) };
    assert!(why.contains("on simulated cameras only"), "{why}");
}
