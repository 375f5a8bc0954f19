//! A ring that overwrites is never taken for one that honours locks, not even if the frames pause at the very moment when it
//! is full and would give itself away; and a probe bears with a machine that is slow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pvcam::FullRing;
use pvcam::error::ProbeError;
use pvcam_tests::Rig;

/// Longer than a probe waits for frames that may not come.
const PAUSE: Duration = Duration::from_millis(700);
/// As fast as the camera would send them.
const FRAME: Duration = Duration::from_millis(10);

/// Probes a camera that pauses once, after `frames` frames of a run.
fn probe(story: &str, frames: u32) -> Result<FullRing, ProbeError> {
    let rig = Rig::stepped(&format!("no_overwrite = \"{story}\""));
    let (mut camera, over) = (rig.open("pvcamUSB_0"), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut sent = 0;
            while !over.load(Ordering::Relaxed) {
                let step = rig.step_at_most(0, 1);
                sent += step;
                thread::sleep(if sent == frames && step == 1 { PAUSE } else { FRAME });
            }
        });
        let report = camera.probe_ring();
        over.store(true, Ordering::Relaxed);
        report.map(|report| report.trust.full_ring())
    })
}

#[test]
fn when_the_ring_is_full() {
    match probe("flag_error", 8) {
        Ok(FullRing::Overwrites) | Err(ProbeError::Unclear(_)) => {}
        other => unreachable!("it overwrites, but the probe found {other:?}"),
    }
}

#[test]
fn at_any_other_time() {
    let cases = [
        ("flag_error", 5, FullRing::Overwrites),
        ("lossy", 8, FullRing::Drops),
        ("lossy", 12, FullRing::Drops),
        ("halt", 20, FullRing::Halts),
    ];
    for (story, frames, expected) in cases {
        let found = probe(story, frames).expect("a pause is no reason to give up");
        assert_eq!(found, expected, "{story}, paused after {frames}");
    }
}
