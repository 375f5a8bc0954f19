//! A reserve that is too small for what is held: frames are lost by name, or the stream ends and says so; either way who holds
//! the frames is named, nothing that is held changes, and the books balance. With room enough nothing of all that happens.

#![expect(clippy::panic, reason = "what does not work here fails the test")]

mod support;

use std::time::Duration;

use pvcam::error::{StartError, TimeoutCause, WaitError};
use pvcam::{EndedBy, Frames, Held, HeldBy, Holder, Plan, Pressure, RingTrust, Session, StreamMode};
use support::*;

/// The ring of eight and the reserve of two hold so many frames.
const ROOM: u64 = 10;

/// A locked ring of eight, of which two slots are kept free.
fn locked(rig: &Rig, trust: &RingTrust, reserve: u32, pressure: Pressure) -> (Session, Frames, Holder) {
    let camera = rig.open();
    let plan = continuous(&camera).trust(trust).reserve(reserve).pressure(pressure);
    run(rig, camera, plan, StreamMode::Locked)
}

fn run(_rig: &Rig, camera: pvcam::Camera, plan: Plan, mode: StreamMode) -> (Session, Frames, Holder) {
    let (session, frames) = start(arm(camera, plan));
    assert_eq!(session.delivery(), mode);
    let recorder = Holder::new("recorder");
    session.register(&recorder);
    (session, frames, recorder)
}

/// Exposes `number` frames and holds each; the keeper comes to rest after each.
fn hold(rig: &Rig, session: &Session, frames: &Frames, recorder: &Holder, number: u64) -> Vec<Held> {
    let reserve = u64::from(session.settings().reserve);
    let mut held = Vec::new();
    for count in 1..=number {
        rig.step(1);
        held.extend(frames.try_next().map(|lease| recorder.hold(lease)));
        // From the seventh on each frame has the oldest one moved, as long as there is room.
        let moved = count.saturating_sub(6).min(reserve);
        until(|| session.books().rescued == moved);
    }
    held
}

fn assert_recorder_holds(by: &HeldBy, frames: u64, oldest: u64) {
    let [recorder] = &by.named[..] else { panic!("one holder: {by:?}") };
    assert_eq!((recorder.name.as_str(), recorder.frames), ("recorder", frames));
    assert_eq!(recorder.oldest.map(|(number, _)| number), Some(oldest));
    assert_eq!((by.unread, by.anonymous), (0, 0), "{by}");
    assert!(by.to_string().contains("recorder holds"), "{by}");
}

#[test]
fn under_lose_frames_are_lost_and_the_holder_is_named() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let (session, frames, recorder) = locked(&rig, &trust, 2, Pressure::Lose);
    let held = hold(&rig, &session, &frames, &recorder, 20);
    assert_eq!((held.len() as u64, session.ended()), (ROOM, None));
    assert_recorder_holds(&session.holders(), ROOM, 1);
    match frames.next_within(Duration::ZERO) {
        Err(WaitError::Timeout { cause: TimeoutCause::RingFull { by }, .. }) => {
            assert_recorder_holds(&by, ROOM, 1);
        }
        other => panic!("{other:?}"),
    }
    held.iter().for_each(|frame| assert_counter_scene(frame.lease()));
    // The keeper, which has a thread of its own, finds no room.
    until(|| session.books().rescue_refused > 0);
    drop(held);
    // The keeper may have one of them in its hands.
    until(|| session.holders() == HeldBy::default());
    until(|| rig.stats().unlocks > 2);
    rig.step(1);
    assert_eq!(next(&frames).record().lost_before, 20 - ROOM);
    let stopped = session.stop().expect("it stops");
    let books = stopped.books;
    assert_eq!(
        (books.delivered, books.lost_ring_full, books.lost()),
        (ROOM + 1, 20 - ROOM, 20 - ROOM),
        "{books}"
    );
    assert!(books.rescued >= 2 && books.rescue_refused > 0 && stopped.ended.is_none(), "{books:?}");
    assert_balanced(&books);
}

#[test]
fn under_stop_the_stream_ends_and_the_holder_is_named() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let (session, mut frames, recorder) = locked(&rig, &trust, 2, Pressure::Stop);
    let held = hold(&rig, &session, &frames, &recorder, ROOM);
    let Some(Err(WaitError::Ended(EndedBy::Pressure { held: by }))) = frames.next() else {
        panic!("it has ended: {session:?}")
    };
    // It ended as soon as the last frame was announced: perhaps before the recorder had it, or even the queue.
    let [recorder] = &by.named[..] else { panic!("one holder: {by:?}") };
    assert_eq!(
        (recorder.name.as_str(), recorder.frames + by.unread + by.anonymous),
        ("recorder", ROOM),
        "{by}"
    );
    assert!(recorder.frames >= ROOM - 1 && recorder.oldest.is_some_and(|(number, _)| number == 1), "{by}");
    assert!(frames.next().is_none(), "the end is told once");
    held.iter().for_each(|frame| assert_counter_scene(frame.lease()));
    drop(held);
    // Whoever held them then is still named.
    assert_eq!(session.ended(), Some(EndedBy::Pressure { held: by.clone() }));
    // The camera goes on until it is stopped; nobody gets what comes.
    until(|| rig.stats().unlocks > 2);
    rig.step(2);
    assert_eq!(frames.unread(), 0);
    let stopped = session.stop().expect("it stops");
    let books = stopped.books;
    assert_eq!(stopped.ended, Some(EndedBy::Pressure { held: by }));
    assert_eq!((books.delivered, books.discarded_at_stop, books.lost()), (ROOM, 2, 2), "{books}");
    assert_balanced(&books);
    // And it starts again.
    let (session, frames) = start(stopped.armed);
    rig.step(1);
    assert_counter_scene(&next(&frames));
    assert_eq!(session.ended(), None);
}

#[test]
fn with_room_for_all_that_is_held_nothing_is_lost_and_nothing_ends() {
    let trust = trust("lossy");
    for pressure in [Pressure::Lose, Pressure::Stop] {
        let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
        let (session, frames, recorder) = locked(&rig, &trust, 16, pressure);
        let held = hold(&rig, &session, &frames, &recorder, 20);
        assert_recorder_holds(&session.holders(), 20, 1);
        held.iter().for_each(|frame| assert_counter_scene(frame.lease()));
        let stopped = session.stop().expect("it stops");
        assert_eq!((stopped.books.delivered, stopped.books.lost(), stopped.ended), (20, 0, None));
        assert_eq!((stopped.books.rescued, stopped.books.rescue_refused), (14, 0), "{:?}", stopped.books);
        assert_balanced(&stopped.books);
    }
}

/// No frame is ever moved, so the ring itself is all the room there is.
#[test]
fn a_ring_in_which_nothing_is_moved() {
    let trust = trust("lossy");
    for pressure in [Pressure::Lose, Pressure::Stop] {
        let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
        let camera = rig.open();
        let plan = continuous(&camera).trust(&trust).keep_free(0).pressure(pressure);
        let (session, frames, recorder) = run(&rig, camera, plan, StreamMode::Locked);
        let mut held = Vec::new();
        for number in 1..=8 {
            assert_eq!(session.ended(), None, "before frame {number}");
            rig.step(1);
            held.push(recorder.hold(next(&frames)));
        }
        match (pressure, frames.next_within(Duration::from_millis(50))) {
            (Pressure::Lose, Err(WaitError::Timeout { cause: TimeoutCause::RingFull { by }, .. })) => {
                assert_recorder_holds(&by, 8, 1);
            }
            (Pressure::Stop, Err(WaitError::Ended(EndedBy::Pressure { .. }))) => {}
            (Pressure::Stop, Err(WaitError::Timeout { .. })) => {
                // The service thread is slow.
                let ended = frames.next_within(SOON);
                assert!(matches!(ended, Err(WaitError::Ended(EndedBy::Pressure { .. }))), "{ended:?}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(session.ended().is_some(), pressure == Pressure::Stop);
        held.iter().for_each(|frame| assert_counter_scene(frame.lease()));
        assert_balanced(&session.stop().expect("it stops").books);
    }
}

/// A copied ring whose reserve of three is held.
#[test]
fn a_reserve_of_copies_that_is_used_up() {
    for (pressure, delivered) in [(Pressure::Lose, 4), (Pressure::Stop, 3)] {
        let rig = rig("clock = \"stepped\"");
        let camera = rig.open();
        let plan = continuous(&camera).reserve(3).pressure(pressure);
        let (session, frames, recorder) = run(&rig, camera, plan, StreamMode::Copied);
        let mut held = Vec::new();
        for _ in 0..5 {
            rig.step(1);
            until(|| session.books().in_flight == 0);
            held.extend(frames.try_next().map(|lease| recorder.hold(lease)));
        }
        assert_recorder_holds(&session.holders(), 3, 1);
        let ended = session.ended();
        drop(held);
        rig.step(1);
        let after = frames.next_within(SOON);
        match (pressure, &ended, after) {
            (Pressure::Lose, None, Ok(Some(lease))) => assert_counter_scene(&lease),
            (_, Some(EndedBy::Pressure { held }), Err(WaitError::Ended(told))) => {
                assert_eq!(told, EndedBy::Pressure { held: held.clone() });
                assert_recorder_holds(held, 3, 1);
            }
            other => panic!("{other:?}"),
        }
        let stopped = session.stop().expect("it stops");
        assert_eq!((stopped.books.delivered, stopped.books.highest), (delivered, 6), "{}", stopped.books);
        assert!(stopped.books.lost_reserve > 0 && stopped.ended == ended, "{}", stopped.books);
        assert_balanced(&stopped.books);
    }
}

#[test]
fn a_reader_that_does_not_read_is_told_from_one_that_holds() {
    let trust = trust("lossy");
    let rig = rig("clock = \"stepped\"\nno_overwrite = \"lossy\"");
    let (session, frames, _recorder) = locked(&rig, &trust, 0, Pressure::Lose);
    rig.step(8);
    let by = session.holders();
    assert_eq!((by.named.len(), by.unread, by.anonymous), (0, 8, 0), "{by}");
    let held = [next(&frames), next(&frames)];
    let by = session.holders();
    assert_eq!((by.named.len(), by.unread, by.anonymous), (0, 6, 2), "{by}");
    drop(held);
}

#[test]
fn a_start_that_leases_forbid_says_who_has_them() {
    let rig = rig("clock = \"stepped\"");
    let camera = rig.open();
    let plan = sequence(&camera, 4).budget(40_000);
    let (session, frames, recorder) = run(&rig, camera, plan, StreamMode::Frozen);
    rig.step(4);
    let named: Vec<Held> = (0..3).map(|_| recorder.hold(next(&frames))).collect();
    let nameless = next(&frames);
    let armed = session.stop().expect("it stops").armed;
    let refused = armed.start().expect_err("the camera would write over leased frames");
    assert!(refused.why.to_string().contains("recorder holds 3 frames"), "{}", refused.why);
    let StartError::LeasesOut { held, by, .. } = refused.why else { panic!("{:?}", refused.why) };
    assert_eq!((held, by.named.len(), by.named[0].frames, by.anonymous), (4, 1, 3, 1), "{by}");
    let refused = refused.given_back.rearm(Plan::sequence(5).budget(40_000)).expect_err("nor arms");
    assert!(!refused.why.to_string().is_empty());
    named.iter().for_each(|frame| assert_counter_scene(frame.lease()));
    drop((named, nameless));
    let (session, frames) = start(refused.given_back);
    rig.step(1);
    assert_counter_scene(&next(&frames));
    drop(session);
}
