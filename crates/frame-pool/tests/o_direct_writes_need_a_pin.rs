//! A direct write reads the frame's pages, not the lease: a pin keeps the keeper from moving the frame meanwhile. Without it files
//! are torn on disk, though the lease shows what it always did. `cargo xtask soak o-direct` does this at length.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/direct.rs"]
mod direct;
mod support;

use std::path::Path;
use std::time::Duration;

use direct::DirectRig;

/// Longest for each half.
const TIME: Duration = Duration::from_secs(10);

#[test]
fn a_pinned_frame_is_whole_on_disk_and_one_that_was_moved_need_not_be() {
    let mut rig = match DirectRig::new(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(rig) => rig,
        Err(why) => return eprintln!("NOT RUN: {why}"),
    };
    let pinned = rig.rounds(true, 100, 1, TIME).unwrap();
    assert!(pinned.files > 0);
    assert_eq!(pinned.torn, 0, "{pinned:?}");
    // Whether a transfer is slow enough to be caught is the disk's affair: not a failure, but no proof either.
    let control = rig.rounds(false, 2000, 1, TIME).unwrap();
    match control.torn {
        0 => eprintln!(
            "NOT SHOWN: without a pin none of {} files was torn: the disk was too quick",
            control.files
        ),
        _ => eprintln!("shown: without a pin file {} was torn", control.files),
    }
}
