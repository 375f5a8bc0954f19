//! A sequence comes whole, in order, in place, and every pixel is the camera's.

mod support;

use pvcam::{Evidence, StreamMode};
use support::*;

#[test]
fn a_sequence_is_delivered_in_place_with_exact_pixels() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = sequence(&camera, 20);
    let armed = arm(camera, plan);
    assert_eq!(armed.settings().delivery, StreamMode::Frozen);
    let (session, frames) = start(armed);
    rig.step(20);
    let leases = rest(&frames);
    assert_eq!(numbers(&leases), (1..=20).collect::<Vec<_>>());
    for lease in &leases {
        assert_counter_scene(lease);
        assert_eq!(lease.record().evidence, Evidence::Frozen);
        assert_eq!(lease.verify(), Ok(Evidence::Frozen));
    }
    assert!(session.is_complete());
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.delivered, stopped.books.copied_bytes), (20, 0));
    assert_balanced(&stopped.books);
    leases.iter().for_each(assert_counter_scene);
    assert_eq!(stopped.oddities, pvcam::Oddities::default());
}
