//! Who holds frames, how many and since when, is seen by name.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use std::time::Duration;

use frame_pool::{Holder, StreamMode};
use support::Rig;

#[test]
fn the_slowest_holder_is_named_with_its_oldest_frame() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 8, 0);
    let (recorder, preview) = (Holder::new("recorder"), Holder::new("preview"));
    rig.pool.register(&preview);
    rig.pool.register(&recorder);
    for _ in 0..5 {
        assert!(rig.frame());
    }
    let mut held: Vec<_> = (0..4).map(|_| recorder.hold(rig.tray.take().unwrap())).collect();
    let shown = preview.hold(rig.tray.take().unwrap());
    std::thread::sleep(Duration::from_millis(5));
    let seen = rig.pool.holders();
    assert_eq!(
        seen.iter().map(|h| (h.name.as_str(), h.frames)).collect::<Vec<_>>(),
        [("recorder", 4), ("preview", 1)]
    );
    let (number, since) = seen[0].oldest.unwrap();
    assert_eq!(number, 1);
    assert!(since >= Duration::from_millis(5));
    assert!(seen[0].to_string().starts_with("recorder holds 4 frames, frame 1 for "));
    drop(held.remove(0));
    assert_eq!(recorder.holding().oldest.unwrap().0, 2);
    assert_eq!(shown.record().number, 5);
    drop((held, shown));
    assert!(rig.pool.holders().iter().all(|h| h.frames == 0 && h.oldest.is_none()));
}

#[test]
fn more_frames_than_are_timed_are_still_counted() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 4, 0);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    let holder = Holder::new("hoarder");
    let held: Vec<_> = (0..100).map(|_| holder.hold(lease.clone())).collect();
    assert_eq!(holder.holding().frames, 100);
    drop(held);
    assert_eq!(holder.holding().frames, 0);
}
