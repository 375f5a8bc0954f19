//! A probe finds out what a full ring does, whichever of the three known behaviours it is, and leaves the camera as it was.

mod support;

use pvcam::FullRing;
use support::*;

#[test]
fn a_probe_tells_the_three_stories_apart() {
    let stories =
        [("flag_error", FullRing::Overwrites), ("lossy", FullRing::Drops), ("halt", FullRing::Halts)];
    for (story, expected) in stories {
        let rig = rig(&format!("no_overwrite = \"{story}\""));
        let mut camera = rig.open();
        let before = camera.settings().expect("settings");
        let report = camera.probe_ring().expect("the probe finds an answer");
        assert_eq!(report.trust.full_ring(), expected, "{story}");
        assert_eq!(report.trust.locks_hold(), expected != FullRing::Overwrites);
        assert!(!report.trust.unlock_needs_get(), "the simulator unlocks without being asked for the frame");
        assert_eq!(report.resumes, expected == FullRing::Drops);
        assert_eq!(report.numbers_count_lost, (expected == FullRing::Drops).then_some(true));
        assert_eq!(camera.settings().expect("settings"), before, "nothing was changed");
        assert_eq!(report.trust.serial(), camera.identity().serial);
    }
}

#[test]
fn numbers_that_do_not_count_lost_frames_are_told() {
    let rig = rig("no_overwrite = \"lossy\"\nframe_nr_counts_lost = false");
    let report = rig.open().probe_ring().expect("the probe finds an answer");
    assert_eq!(report.numbers_count_lost, Some(false));
}
