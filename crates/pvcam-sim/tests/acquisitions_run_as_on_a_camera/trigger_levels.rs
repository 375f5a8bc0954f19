//! Exposures that last as long as the trigger input is high.

use std::time::Duration;

use crate::run::*;
use crate::support::{SmartStream, loaded};

const MS: u64 = 1_000_000;

#[test]
fn the_level_is_the_exposure_and_the_argument_is_not() {
    let script = "[[camera.trigger]]\nat_ms = [0, 20]\nhigh_ms = 5.003\n[[camera.trigger]]\nat_ms = 40\nhigh_ms = 0.5\n";
    let (sdk, hcam) = kinetix(script);
    for mode in [LEVEL, LEVEL_OVERLAP] {
        let run = Run::start(&sdk, hcam, mode, 1);
        let frames = run.frames(9);
        assert_near(&since_first(&frames), &[0, 20 * MS, 40 * MS]);
        let exposed: Vec<u64> = frames.iter().map(|frame| frame.1).collect();
        assert_near(&exposed, &[5.003, 5.003, 0.5].map(whole_lines_ns));
    }
    let run = Run::start(&sdk, hcam, EDGE, 1);
    let exposed: Vec<u64> = run.frames(9).iter().map(|frame| frame.1).collect();
    assert_near(&exposed, &[whole_lines_ns(1.0); 3]);
}

#[test]
fn overlap_follows_pulses_that_come_during_the_readout() {
    // The readout takes 57 us; the next level comes 30 us after the one before has ended.
    let script = "[[camera.trigger]]\nat_ms = 0\nevery_ms = 1.03\nrounds = 8\nhigh_ms = 1\n";
    for (mode, frames, ignored) in [(LEVEL_OVERLAP, 8, 0), (LEVEL, 4, 4)] {
        let (sdk, hcam) = kinetix(script);
        let run = Run::start(&sdk, hcam, mode, 1);
        assert_eq!(run.frames(99).len(), frames, "in mode {mode}");
        assert_eq!(sdk.control.stats(hcam).unwrap().triggers_ignored, ignored);
    }
}

#[test]
fn overlap_ignores_a_level_that_ends_before_the_readout_does() {
    // 20 us high every 25 us: the readout of 57 us is still on when the next one has ended.
    let (sdk, hcam) =
        kinetix("[[camera.trigger]]\nat_ms = 0\nevery_ms = 0.025\nrounds = 9\nhigh_ms = 0.02\n");
    let run = Run::start(&sdk, hcam, LEVEL_OVERLAP, 1);
    let frames = run.frames(99).len() as u64;
    let ignored = sdk.control.stats(hcam).unwrap().triggers_ignored;
    assert!(frames > 1 && ignored > 0 && frames + ignored == 9, "{frames} frames, {ignored} ignored");
}

#[test]
fn sent_pulses_have_a_length_and_sent_edges_the_shortest() {
    let (sdk, hcam) = kinetix("");
    let run = Run::start(&sdk, hcam, LEVEL, 1);
    sdk.control.pulse(hcam, 2, Duration::from_millis(7)).unwrap();
    sdk.control.trigger(hcam, 1).unwrap();
    sdk.control.pulse(hcam, 1, Duration::from_micros(300)).unwrap();
    let exposed: Vec<u64> = run.frames(9).iter().map(|frame| frame.1).collect();
    assert_near(&exposed, &[7.0, 7.0, 0.0, 0.3].map(whole_lines_ns));
    drop(run);
    assert!(sdk.control.pulse(hcam, 1, Duration::ZERO).is_err(), "nobody listens");
}

#[test]
fn a_list_of_exposures_and_a_level_exclude_each_other() {
    const ENABLED: u32 = 0x0B02_02BC;
    const EXPOSURES: u32 = 0x0E02_02BE;
    let sdk = loaded::start("[[camera]]\nmodel = \"kinetix22-pcie\"\nclock = \"stepped\"\n");
    let hcam = sdk.open(CAMERA);
    let mut values = [5, 20];
    let list = SmartStream { entries: 2, params: values.as_mut_ptr() };
    sdk.set(hcam, EXPOSURES, list);
    sdk.set(hcam, ENABLED, 1_u16);
    let set_up = |mode: i16| {
        let mut bytes = 0;
        // SAFETY: one region and a place for the bytes.
        unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const REGION, mode, 1, &raw mut bytes) }
    };
    sdk.fails(185, set_up(LEVEL));
    sdk.ok(set_up(EDGE));
}
