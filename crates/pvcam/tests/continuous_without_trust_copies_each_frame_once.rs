//! Nothing is known of the ring: each frame is copied exactly once, validated, and the ring overwrites meanwhile.

mod support;

use pvcam::{Evidence, RingMode, StreamMode};
use support::*;

#[test]
fn a_continuous_run_without_trust_copies_each_frame_once() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = continuous(&camera);
    let armed = arm(camera, plan);
    let settings = *armed.settings();
    assert_eq!((settings.delivery, settings.ring_mode), (StreamMode::Copied, RingMode::Overwrite));
    let (session, frames) = start(armed);
    for number in 1..=50 {
        rig.step(1);
        let lease = next(&frames);
        assert_eq!(lease.record().number, number);
        assert_eq!(lease.record().evidence, Evidence::Tag);
        assert_counter_scene(&lease);
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!(books.delivered, 50);
    assert_eq!(books.copied_bytes, 50 * u64::from(settings.frame_bytes));
    assert_balanced(&books);
    assert!(rest(&frames).is_empty());
}
