//! Pulses at times of their own, at a rate, in bursts; and what becomes of those that the camera cannot follow.

use std::time::Duration;

use crate::run::*;
use crate::support::{PARAM_METADATA_ENABLED, Sdk, eventually, loaded};

const MS: u64 = 1_000_000;

fn played(script: &str, mode: i16, exposure: u32, most: u32) -> (Vec<u64>, u64) {
    let (sdk, hcam) = kinetix(script);
    let run = Run::start(&sdk, hcam, mode, exposure);
    let frames = run.frames(most);
    (since_first(&frames), sdk.control.stats(hcam).unwrap().triggers_ignored)
}

#[test]
fn frames_begin_when_the_script_says() {
    let script = "[[camera.trigger]]\nat_ms = [5.0, 17.5, 40]\n";
    let (begun, ignored) = played(script, EDGE, 1, 9);
    assert_near(&begun, &[0, 12_500_000, 35 * MS]);
    assert_eq!(ignored, 0);
    let (free, _) = played(script, INTERNAL, 1, 9);
    assert_eq!(free.len(), 9, "the control: without a trigger mode the script is not looked at");
}

#[test]
fn a_rate_goes_on_for_ever_and_rounds_end() {
    let (begun, _) = played("[[camera.trigger]]\nat_ms = 0\nrate_hz = 250\n", EDGE, 1, 30);
    let wanted: Vec<u64> = (0..30).map(|pulse| pulse * 4 * MS).collect();
    assert_near(&begun, &wanted);
    let (begun, _) = played("[[camera.trigger]]\nat_ms = 0\nevery_ms = 4\nrounds = 7\n", EDGE, 1, 30);
    assert_near(&begun, &wanted[..7]);
}

#[test]
fn of_a_burst_that_is_too_fast_the_camera_follows_what_it_can() {
    // 3 ms of exposure, a readout of 57 us and one line: each fourth pulse of a millisecond finds the camera free.
    let burst = "[[camera.trigger]]\nat_ms = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\nevery_ms = 100\nrounds = 2\n";
    let (begun, ignored) = played(burst, EDGE, 3, 99);
    assert_near(&begun, &[0, 4 * MS, 8 * MS, 100 * MS, 104 * MS, 108 * MS]);
    assert_eq!(ignored, 20 - 6);
    let (slow, ignored) = played(&burst.replace("every_ms = 100", "every_ms = 10"), EDGE, 0, 99);
    assert_eq!((slow.len(), ignored), (20, 0), "the control: with a short exposure it follows all");
}

#[test]
fn the_first_pulse_alone_counts_where_it_starts_the_acquisition() {
    let (sdk, hcam) = kinetix("[[camera.trigger]]\nat_ms = 8\n");
    for _ in 0..2 {
        let run = Run::start(&sdk, hcam, TRIGGER_FIRST, 1);
        let began = run.frames(1)[0].0;
        let frames = run.frames(5);
        let period = whole_lines_ns(1.0) + LINE_PS / 1000;
        let wanted: Vec<u64> = (1..=5).map(|frame| began + frame * period).collect();
        assert_near(&frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), &wanted);
    }
    assert_eq!(sdk.control.stats(hcam).unwrap().triggers_ignored, 0);
}

#[test]
fn a_script_can_be_replaced_and_counts_from_each_start() {
    let (sdk, hcam) = kinetix("");
    let run = Run::start(&sdk, hcam, EDGE, 1);
    sdk.control.trigger_script(hcam, "[[trigger]]\nat_ms = [1, 11]\n").unwrap();
    assert_eq!(run.step(1), 0, "from the next start on");
    drop(run);
    for _ in 0..2 {
        let run = Run::start(&sdk, hcam, EDGE, 1);
        assert_near(&since_first(&run.frames(9)), &[0, 10 * MS]);
    }
    sdk.control.trigger_script(hcam, "").unwrap();
    assert_eq!(Run::start(&sdk, hcam, EDGE, 1).step(1), 0, "an empty script ends it");
}

#[test]
fn a_script_that_makes_no_sense_is_refused_by_line() {
    let (sdk, hcam) = kinetix("");
    let wrong = [
        ("at_ms = []", "times"),
        ("at_ms = [2, 1]", "after the one before"),
        ("at_ms = -1", "-1 ms"),
        ("at_ms = 0\nrounds = 3", "`every_ms` or `rate_hz`"),
        ("at_ms = 0\nevery_ms = 5\nrounds = 0", "at least 1"),
        ("at_ms = 0\nevery_ms = 5\nrate_hz = 5", "exclude"),
        ("at_ms = 0\nrate_hz = 0", "not above 0"),
        ("at_ms = 0\nrate_hz = 2_000_000", "1000 ns"),
        ("at_ms = [0, 5]\nevery_ms = 5", "longer"),
        ("at_ms = 0\nlow_ms = 5", "low_ms"),
        ("high_ms = 5", "at_ms"),
    ];
    for (keys, what) in wrong {
        let told =
            sdk.control.trigger_script(hcam, &format!("[[trigger]]\n{keys}\n")).unwrap_err().to_string();
        assert!(told.contains(what) && told.starts_with("line "), "{keys}: {told}");
    }
    sdk.control.trigger_script(hcam, "[[trigger]]\nat_ms = 0\nevery_ms = 5\n").unwrap();
    drop(sdk);
    let (sdk, hcam) = kinetix("[[camera.trigger]]\nat_ms = 3\n");
    assert_eq!(Run::start(&sdk, hcam, EDGE, 1).step(1), 1, "the control: a good one in a configuration");
}

/// Frames of a script on the machine's clock: their end times by the camera's schedule, in units of 0.1 ms.
fn on_the_real_clock(sdk: &Sdk, hcam: i16, frames: usize) -> Vec<i64> {
    let run = Run::start(sdk, hcam, EDGE, 1);
    let mut ends = Vec::new();
    let mut newest = 0;
    while ends.len() < frames {
        eventually("a frame comes", || sdk.control.stats(hcam).unwrap().written > newest);
        newest = sdk.control.stats(hcam).unwrap().written;
        let info = sdk.latest(hcam).1;
        ends.push(info.time_stamp - i64::from(info.frame_nr) * 100);
    }
    drop(run);
    ends
}

#[test]
fn on_the_real_clock_the_asked_rate_holds_on_average() {
    let keys = "[[camera.trigger]]\nat_ms = 0\nrate_hz = 100\n";
    let sdk = loaded::start(&format!("[[camera]]\nmodel = \"kinetix-pcie\"\n{keys}"));
    let hcam = sdk.open(CAMERA);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    // However late the machine is, frame n belongs to pulse n, and its stamp says so.
    let ends = on_the_real_clock(&sdk, hcam, 12);
    let (first, last) = (ends.iter().min().unwrap(), ends.iter().max().unwrap());
    assert!(last - first <= 1, "10 ms a frame, and no drift: {ends:?}");
    assert_eq!(sdk.control.step(hcam, 1, Duration::ZERO), None, "it was not the stepped clock");
}
