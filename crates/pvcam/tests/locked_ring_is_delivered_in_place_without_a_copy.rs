//! Where locks hold, frames are lent where the camera wrote them, and no byte is copied.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use pvcam::{Evidence, RingMode, StreamMode};
use support::*;

fn in_place_under(story: &str) {
    let trust = trust(story);
    let rig = rig(&format!("clock = \"stepped\"\nno_overwrite = \"{story}\""));
    let camera = rig.open();
    let plan = continuous(&camera).trust(&trust);
    let armed = arm(camera, plan);
    let settings = *armed.settings();
    assert_eq!((settings.delivery, settings.ring_mode), (StreamMode::Locked, RingMode::NoOverwrite));
    let (session, frames) = start(armed);
    let mut held = std::collections::VecDeque::new();
    for number in 1..=100 {
        rig.step(1);
        let lease = next(&frames);
        assert_eq!((lease.record().number, lease.record().evidence), (number, Evidence::Locked));
        held.push_back(lease);
        // So few that no slot gets scarce: nothing has to be moved out of the way either.
        if held.len() > 3 {
            let oldest = held.pop_front().expect("there are four");
            assert_counter_scene(&oldest);
        }
    }
    held.iter().for_each(assert_counter_scene);
    assert_eq!(session.delivery(), StreamMode::Locked, "nothing spoke against the ring");
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.delivered, stopped.books.copied_bytes), (100, 0));
    assert_eq!((stopped.books.unlock_refused, stopped.books.rescued), (0, 0));
    assert_balanced(&stopped.books);
    held.iter().for_each(assert_counter_scene);
}

#[test]
fn a_lossy_ring_is_lent_in_place() {
    in_place_under("lossy");
}

#[test]
fn a_halting_ring_is_lent_in_place() {
    in_place_under("halt");
}
