//! A ring that overwrites is lent in place only by consent, only if it lasts, and what it loses is counted; the raw view needs no
//! consent, lends nothing, and never gives one frame's bytes under another's name.

mod support;

use std::time::Duration;

use pvcam::error::{ArmError, StartError, WaitError};
use pvcam::{
    Camera, Delivery, EndedBy, Evidence, InPlaceConsent, Lease, OpenPolicy, Overrun, Plan, Pressure,
    RingMode, Session, StreamMode,
};
use support::*;

const SLOTS: u32 = 32;
const EXPOSURE: Duration = Duration::from_millis(10);

fn consent() -> Delivery {
    // SAFETY: the clock is stepped by these tests, which read no frame while it is.
    Delivery::InPlace(unsafe { InPlaceConsent::given() })
}

/// A ring of 320 ms, by the camera's own figures; the stepped clock needs no time at all.
fn ring(camera: &Camera, delivery: Delivery) -> Plan {
    continuous(camera).exposure(EXPOSURE).ring(SLOTS).delivery(delivery)
}

fn stepped() -> Rig {
    rig("clock = \"stepped\"\nno_overwrite = \"flag_error\"")
}

#[test]
fn a_ring_that_does_not_last_is_refused_with_the_numbers() {
    let rig = stepped();
    let camera = rig.open();
    let plan = ring(&camera, consent());
    let refused = camera.arm(plan.clone().ring(20)).expect_err("200 ms are too short");
    let ArmError::RingTooShort { slots, frame_time, lasts, least } = refused.why else {
        unreachable!("{:?}", refused.why)
    };
    assert_eq!((slots, lasts, least), (20, 20 * frame_time, Duration::from_millis(250)));
    assert!(frame_time >= EXPOSURE && lasts < least, "{frame_time:?}");
    // The same ring is long enough for copies, and a longer one for the consent.
    let armed = arm(refused.given_back, plan.clone().ring(20).delivery(Delivery::Auto));
    assert_eq!(armed.settings().delivery, StreamMode::Copied);
    let armed = armed.rearm(plan).expect("320 ms are enough");
    let settings = *armed.settings();
    assert_eq!((settings.delivery, settings.ring_mode), (StreamMode::TimeBound, RingMode::Overwrite));
    assert!(settings.is_in_place() && settings.ring_time() == SLOTS * frame_time, "{settings:?}");
}

#[test]
fn where_something_else_holds_the_slot_the_consent_is_not_needed() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let camera = rig.open();
    let (locked, short) =
        (ring(&camera, consent()).ring(8).trust(&trust), sequence(&camera, 4).delivery(consent()));
    let armed = arm(camera, locked);
    assert_eq!(armed.settings().delivery, StreamMode::Locked);
    let armed = armed.rearm(short).expect("a sequence");
    assert_eq!(armed.settings().delivery, StreamMode::Frozen);
}

/// Takes `count` frames, one step each, and holds them.
fn hold(rig: &Rig, frames: &pvcam::Frames, count: u32) -> Vec<Lease> {
    let take = |_| {
        rig.step(1);
        next(frames)
    };
    (0..count).map(take).collect()
}

fn in_place(rig: &Rig, camera: Camera, keep_free: u32) -> (Session, pvcam::Frames) {
    let plan = ring(&camera, consent()).keep_free(keep_free);
    let (session, frames) = start(arm(camera, plan));
    assert_eq!((session.delivery(), rig.stats().params_while_running), (StreamMode::TimeBound, 0));
    (session, frames)
}

#[test]
fn frames_are_lent_where_they_were_written_and_say_by_what_they_are_held_good() {
    let rig = stepped();
    let (session, frames) = in_place(&rig, rig.open(), 2);
    let mut last = 0;
    for lease in hold(&rig, &frames, SLOTS / 2) {
        assert_counter_scene(&lease);
        assert_eq!((lease.record().evidence, lease.verify()), (Evidence::Tag, Ok(Evidence::Tag)));
        last = lease.record().number;
    }
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.copied_bytes, books.lost()), (last, 0, 0), "{books}");
    assert_balanced(&books);
}

#[test]
fn a_frame_that_finds_its_slot_held_is_counted_and_the_other_one_is_torn() {
    let rig = stepped();
    // Nothing is moved out of the way.
    let (session, frames) = in_place(&rig, rig.open(), 0);
    let held = hold(&rig, &frames, SLOTS);
    assert!(held.iter().all(|lease| lease.verify().is_ok()), "the control: nothing is torn yet");
    rig.step(10);
    assert_eq!(frames.unread(), 0, "each slot is held");
    let torn: Vec<u64> =
        held.iter().filter(|lease| lease.verify().is_err()).map(|lease| lease.record().number).collect();
    assert_eq!(torn, (1..=10).collect::<Vec<_>>());
    held[10..].iter().for_each(assert_counter_scene);
    drop(held);
    rig.step(1);
    let after = next(&frames);
    assert_counter_scene(&after);
    assert_eq!((after.record().number, after.record().lost_before), (u64::from(SLOTS) + 11, 10));
    assert_eq!(session.delivery(), StreamMode::TimeBound, "a held slot is no broken promise here");
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.lost_ring_full, books.lost()), (10, 10), "{books}");
    assert_balanced(&books);
}

#[test]
fn under_stop_a_frame_that_finds_its_slot_held_ends_the_stream() {
    let rig = stepped();
    let camera = rig.open();
    let plan = ring(&camera, consent()).keep_free(0).pressure(Pressure::Stop);
    let (session, frames) = start(arm(camera, plan));
    let held = hold(&rig, &frames, SLOTS);
    assert_eq!(session.ended(), None, "the control: each has its slot");
    rig.step(1);
    let ended = frames.next_within(SOON);
    assert!(matches!(ended, Err(WaitError::Ended(EndedBy::Pressure { .. }))), "{ended:?}");
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.delivered, stopped.books.lost_ring_full), (u64::from(SLOTS), 1));
    assert_balanced(&stopped.books);
    drop(held);
}

#[test]
fn without_metadata_only_the_clock_speaks() {
    let rig = stepped();
    let camera = rig.sdk.open(NAME, OpenPolicy::Keep).expect("the camera opens").camera;
    let (session, frames) = in_place(&rig, camera, 2);
    let lease = &hold(&rig, &frames, 1)[0];
    assert_eq!((lease.record().camera_number, lease.record().evidence), (None, Evidence::TimeOnly));
    // Nobody moves what is no longer written.
    assert_balanced(&session.stop().expect("it stops").books);
}

#[test]
fn the_raw_view_copies_what_is_still_there_and_nothing_else() {
    let rig = stepped();
    let camera = rig.open();
    let plan = ring(&camera, Delivery::Raw).ring(8);
    let armed = arm(camera, plan);
    let settings = *armed.settings();
    assert_eq!((settings.delivery, settings.reserve, settings.is_in_place()), (StreamMode::Raw, 0, false));
    let refused = armed.start().expect_err("leases cannot be had");
    assert!(
        matches!(refused.why, StartError::OtherStart { armed: StreamMode::Raw, .. }),
        "{:?}",
        refused.why
    );
    let (session, frames) = refused.given_back.start_raw().expect("it starts");
    let mut bytes = vec![0; settings.frame_bytes as usize];
    let mut old = Vec::new();
    for number in 1..=20 {
        rig.step(1);
        let frame = frames.next_within(SOON).expect("it comes").expect("the stream goes on");
        assert_eq!((frame.record().number, frame.copy_to(&mut bytes)), (number, Ok(Evidence::Tag)));
        let (layout, at) = (frame.record().layout, frame.record().layout.offset as usize);
        for (index, pixel) in
            bytes[at..].chunks_exact(2).take((layout.rows * layout.columns) as usize).enumerate()
        {
            let (row, column) = (index as u32 / layout.columns, index as u32 % layout.columns);
            assert_eq!(
                u16::from_le_bytes([pixel[0], pixel[1]]),
                counter(number, row, column, layout.bit_depth)
            );
        }
        old.push(frame);
    }
    // Those of the last round are still there, those before have been written over, and say so.
    for (number, frame) in (1..).zip(&old) {
        let there = frame.copy_to(&mut bytes);
        assert_eq!(there.is_ok(), number > 12, "frame {number}: {there:?}");
    }
    assert_eq!((frames.unread(), frames.displaced()), (0, 0));
    rig.step(12);
    assert_eq!((frames.unread(), frames.displaced()), (8, 4), "the queue is as long as the ring");
    let stopped = session.stop().expect("it stops");
    assert_eq!((stopped.books.delivered, stopped.books.copied_bytes), (32, 0), "{}", stopped.books);
    assert_balanced(&stopped.books);
    // Another run's frames are not taken for them.
    let newest = frames.try_next().expect("some wait");
    let (_session, _frames) = stopped.armed.start_raw().expect("it starts");
    assert_eq!(newest.copy_to(&mut bytes), Err(Overrun::OtherRun));
}

#[test]
fn a_raw_start_needs_a_raw_plan_and_a_ring() {
    let rig = stepped();
    let camera = rig.open();
    let (copies, raw) = (ring(&camera, Delivery::Auto), sequence(&camera, 4).delivery(Delivery::Raw));
    let refused = arm(camera, copies).start_raw().expect_err("armed for leases");
    assert!(
        matches!(refused.why, StartError::OtherStart { armed: StreamMode::Copied, .. }),
        "{:?}",
        refused.why
    );
    let refused = refused.given_back.rearm(raw).expect_err("a sequence is lent in place");
    assert!(matches!(refused.why, ArmError::RawSequence), "{:?}", refused.why);
}
