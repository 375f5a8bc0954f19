//! The virtual camera behind a camera on the stepped clock and a bus, on an output that remembers everything and ends the process if
//! another thread than its opener touches it.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use frame_bus::{Closing, Policy, Request};
use frame_vcam::{
    DeviceError, Failure, Geometry, Idle, Opener, Output, PixelFormat, State, VirtualCamera,
    VirtualCameraBuilder,
};
use pvcam::Lease;
use pvcam_tests::{Behaviour, BusRig, LowBytes, Ring, SOON, Scene, Stage, balanced, child, frame, scene_of};

/// As fast as can be: what is shown when is judged by `sink/pace.rs` and its tests.
fn quick(painter: LowBytes) -> VirtualCameraBuilder {
    VirtualCamera::builder().painter(painter).format(PixelFormat::Grey).frames_per_second(1000)
}

fn showing(state: &State) -> bool {
    matches!(state, State::Showing { .. })
}

fn low_bytes(lease: &Lease) -> Vec<u8> {
    scene_of(lease.record().number, lease.layout()).iter().map(|value| *value as u8).collect()
}

/// A run whose frames a recorder sees as well.
fn start() -> BusRig {
    BusRig::start(&Ring::copied())
}

#[test]
fn each_frame_is_shown_in_every_pixel_with_its_time() {
    let (run, stage) = (start(), Stage::default());
    let mut recorder =
        run.bus.subscribe(&Request::new("recorder", Policy::Every { depth: 3 })).expect("room");
    let camera = quick(LowBytes::default()).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    let mut arrivals = Vec::new();
    for n in 1..=20 {
        run.step(1);
        let lease = frame(&mut recorder);
        let (pixels, _) = stage.picture(n);
        assert!(pixels == low_bytes(&lease), "frame {n}");
        arrivals.push(lease.record().arrived_ns);
    }
    assert_stamps(&stage.all_scenes(), &arrivals);
    let state = camera.await_state(SOON, showing).expect("it shows");
    assert_eq!(state.to_string(), "showing 64 x 48 GREY at stage");
    let books = camera.close();
    assert!(books.balance(), "{books}");
    assert_eq!((books.taken, books.shown, books.opened, books.last_shown), (20, 20, 1, Some(20)), "{books}");
    assert_eq!(stage.scenes().last(), Some(&Scene::Closed));
    assert!(balanced(recorder.leave()).lost() == 0 && run.bus.books().balance());
}

/// Each frame has the time at which it arrived, but where an older one was shown again since: then it is the next that is later.
fn assert_stamps(scenes: &[Scene], arrivals: &[u64]) {
    let (mut last, mut arrivals) = (0, arrivals.iter());
    for scene in scenes {
        match scene {
            Scene::Shown(_, stamp) => {
                let arrived = arrivals.next().expect("it arrived before it was shown");
                assert_eq!(*stamp, (*arrived).max(last + 1000));
                last = *stamp;
            }
            Scene::Repeated(stamp) => {
                assert!(*stamp > last);
                last = *stamp;
            }
            _ => {}
        }
    }
    assert_eq!(arrivals.next(), None, "all were shown");
}

#[test]
fn to_publish_twice_is_to_publish_once() {
    let stage = Stage::default();
    let camera = quick(LowBytes::default()).size(8, 8).start_on(stage.clone()).expect("a thread");
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
    for round in 1..=2 {
        (0..3).for_each(|_| camera.publish());
        camera.await_state(SOON, showing).expect("it shows");
        camera.publish();
        camera.await_state(SOON, showing).expect("it shows on");
        (0..3).for_each(|_| camera.unpublish());
        assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
        let opened = stage.scenes().iter().filter(|scene| matches!(scene, Scene::Opened(_))).count();
        assert_eq!(opened, round);
        stage.await_closing(round);
    }
    drop(camera);
    assert_eq!(stage.scenes().iter().filter(|scene| **scene == Scene::Closed).count(), 2);
}

#[test]
fn readers_see_a_chequerboard_before_the_first_frame_and_the_last_one_after_it() {
    let (run, stage) = (start(), Stage::default());
    let camera = quick(LowBytes::default()).size(64, 48).start_on(stage.clone()).expect("a thread");
    camera.publish();
    let (placeholder, _) = stage.picture(1);
    assert!(placeholder.iter().all(|pixel| [19, 37].contains(pixel)));
    camera.follow(&run.bus).expect("room");
    run.step(1);
    let (first, _) = stage.picture(2);
    assert!(first == scene_of(1, run_layout()).iter().map(|v| *v as u8).collect::<Vec<_>>());
    run.bus.close(Closing::Stopped);
    // The stream is over; what readers get goes on.
    let repeats = |scenes: &[Scene]| scenes.iter().filter(|s| matches!(s, Scene::Repeated(_))).count();
    let before = stage.await_scene("repeats", |scenes| Some(repeats(scenes)));
    stage.await_scene("more repeats", |scenes| (repeats(scenes) > before + 3).then_some(()));
    assert_eq!(stage.scenes().len(), 3, "nothing else was shown");
    assert!(camera.close().balance());
}

fn run_layout() -> &'static frame_pool::Layout {
    const LAYOUT: &frame_pool::Layout = &frame_pool::Layout::mono(frame_pool::Element::U16, 11, 48, 64);
    LAYOUT
}

#[test]
fn the_chequerboard_comes_back_where_that_is_asked_for() {
    let (run, stage) = (start(), Stage::default());
    let idle = Idle::Placeholder { after: Duration::from_millis(50) };
    let camera = quick(LowBytes::default()).idle(idle).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    run.step(1);
    let ((frame, _), (placeholder, _)) = (stage.picture(1), stage.picture(2));
    assert!(frame.iter().any(|pixel| ![19, 37].contains(pixel)));
    assert!(placeholder.iter().all(|pixel| [19, 37].contains(pixel)));
    run.step(1);
    assert!(stage.picture(3).0.iter().any(|pixel| ![19, 37].contains(pixel)), "frames come again");
    let books = camera.close();
    assert!(books.balance() && books.placeholders >= 1, "{books}");
}

#[test]
fn another_size_closes_the_device_and_opens_it_anew() {
    let stage = Stage::default();
    let camera = quick(LowBytes::default()).start_on(stage.clone()).expect("a thread");
    camera.publish();
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::WaitingForFrame));
    let geometry = |width, height| Geometry::new(width, height, PixelFormat::Grey).expect("a good size");
    for (n, (columns, rows)) in [(64, 48), (32, 16)].into_iter().enumerate() {
        let run = BusRig::start_region(&Ring::copied(), columns, rows);
        camera.follow(&run.bus).expect("room");
        run.step(1);
        let (pixels, _) = stage.picture(n + 1);
        assert_eq!(pixels.len(), usize::from(columns) * usize::from(rows));
    }
    let scenes: Vec<_> =
        stage.scenes().into_iter().filter(|scene| !matches!(scene, Scene::Shown(..))).collect();
    assert_eq!(scenes, [Scene::Opened(geometry(64, 48)), Scene::Closed, Scene::Opened(geometry(32, 16))]);
    assert_eq!(camera.close().opened, 2);
}

#[test]
fn a_device_that_hangs_costs_the_camera_nothing_and_then_the_newest_is_shown() {
    let (run, stage) = (start(), Stage::default());
    let mut recorder =
        run.bus.subscribe(&Request::new("recorder", Policy::Every { depth: 2 })).expect("room");
    let camera = quick(LowBytes::default()).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    stage.behave(Behaviour { hangs: true, ..Behaviour::default() });
    for n in 1..=100 {
        run.step(1);
        assert_eq!(frame(&mut recorder).record().number, n);
    }
    assert_eq!(run.session.books().lost(), 0);
    assert!(stage.scenes().iter().all(|scene| !matches!(scene, Scene::Shown(..))));
    stage.behave(Behaviour::default());
    let last = |scenes: &[Scene]| match scenes.iter().rfind(|scene| matches!(scene, Scene::Shown(..))) {
        Some(Scene::Shown(pixels, _)) => Some(pixels.clone()),
        _ => None,
    };
    let newest: Vec<u8> = scene_of(100, run_layout()).iter().map(|value| *value as u8).collect();
    stage.await_scene("the newest frame", |scenes| last(scenes).filter(|pixels| *pixels == newest));
    let books = camera.close();
    assert!(books.balance() && books.shown <= 2, "what came meanwhile was not queued: {books}");
    assert!(run.bus.books().balance());
}

#[test]
fn a_device_without_room_loses_the_frame_and_nothing_else() {
    let (run, stage) = (start(), Stage::default());
    let camera = quick(LowBytes::default()).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    stage.behave(Behaviour { full: true, ..Behaviour::default() });
    run.step(1);
    let begun = std::time::Instant::now();
    while camera.books().no_room == 0 {
        assert!(begun.elapsed() < SOON, "{}", camera.books());
        std::thread::yield_now();
    }
    assert!(showing(&camera.state()), "{}", camera.state());
    stage.behave(Behaviour::default());
    run.step(1);
    assert!(stage.await_scene("the next", |scenes| {
        scenes.iter().any(|scene| matches!(scene, Scene::Shown(pixels, _) if pixels[0] == 62)).then_some(true)
    }));
    let books = camera.close();
    assert_eq!((books.taken, books.shown, books.no_room), (2, 1, 1), "{books}");
}

#[test]
fn an_error_of_the_device_is_a_state_that_ends_when_the_device_is_back() {
    let (run, stage) = (start(), Stage::default());
    stage.behave(Behaviour { refusals: 1, ..Behaviour::default() });
    let camera = quick(LowBytes::default()).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    run.step(1);
    let failed = |state: &State| matches!(state, State::Failed(_));
    let state = camera.await_state(SOON, failed).expect("it cannot be opened");
    assert!(matches!(&state, State::Failed(Failure::Device(DeviceError::Busy { .. }))), "{state}");
    assert!(state.to_string().contains("stage is in use by a test: end that program"), "{state}");
    // It tries again by itself; and a device that fails later is opened again.
    run.step(1);
    camera.await_state(SOON, showing).expect("it is back");
    stage.behave(Behaviour { failures: 1, ..Behaviour::default() });
    run.step(1);
    let gone = camera.await_state(SOON, failed).expect("it fails");
    assert!(matches!(gone, State::Failed(Failure::Device(DeviceError::Gone { .. }))), "{gone}");
    stage.await_closing(1);
    run.step(1);
    camera.await_state(SOON, showing).expect("it is back again");
    let books = camera.close();
    assert!(books.balance() && books.failures == 2 && books.failed == 2, "{books}");
}

#[test]
fn an_output_is_touched_by_its_opener_alone_whoever_calls_and_panics() {
    let (run, stage) = (start(), Stage::default());
    let painter = LowBytes { panics_at: Some(3) };
    let camera = quick(painter).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    let bad_reader =
        run.bus.subscribe_callback(&Request::new("bad", Policy::Latest), |_| panic!("as it does"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    camera.publish();
                    camera.unpublish();
                    let _ = camera.state();
                }
            });
        }
    });
    camera.publish();
    run.step(2);
    camera.await_state(SOON, showing).expect("it shows");
    run.step(1);
    let panicked =
        camera.await_state(SOON, |state| matches!(state, State::Failed(_))).expect("it falls down");
    assert!(panicked.to_string().contains("a painter that falls down"), "{panicked}");
    run.step(1);
    camera.await_state(SOON, showing).expect("and gets up");
    stage.behave(Behaviour { panics: 1, ..Behaviour::default() });
    run.step(1);
    let panicked =
        camera.await_state(SOON, |state| matches!(state, State::Failed(_))).expect("it falls apart");
    assert!(panicked.to_string().contains("a stage that falls apart"), "{panicked}");
    run.step(1);
    camera.await_state(SOON, showing).expect("and is whole again");
    bad_reader.expect("room").wait().expect_err("the bad reader has gone");
    let books = camera.books();
    // Dropped while it shows, by a thread that never saw it before.
    std::thread::spawn(move || drop(camera)).join().expect("nobody aborts");
    assert!(books.balance() && books.failures == 2, "{books}");
    let count = |what: fn(&Scene) -> bool| stage.scenes().iter().filter(|scene| what(scene)).count();
    let opened = count(|scene| matches!(scene, Scene::Opened(_)));
    assert_eq!(opened, count(|scene| *scene == Scene::Closed), "each was closed");
}

#[test]
fn a_stage_does_end_the_process_if_another_thread_touches_it() {
    let Some(ended) = child("a_stage_does_end_the_process_if_another_thread_touches_it", &[]) else {
        let geometry = Geometry::new(4, 4, PixelFormat::Grey).expect("a good size");
        let mut output = Stage::default().output(geometry);
        assert!(output.buffer().expect("it is mine").is_some());
        let _ = std::thread::spawn(move || output.send(1)).join();
        return;
    };
    assert_eq!(ended.code, None, "a signal ended it: {}", ended.output);
    assert!(ended.output.contains("by a thread that did not open it"), "{}", ended.output);
}

/// How often a stage gets attention in the time of two pictures, one each second.
fn attention(wanted: Option<Duration>) -> u64 {
    let stage = Stage::default();
    stage.behave(Behaviour { attention: wanted, ..Behaviour::default() });
    let slow = quick(LowBytes::default()).frames_per_second(1).size(8, 8);
    let camera = slow.start_on(stage.clone()).expect("a thread");
    camera.publish();
    stage.await_scene("a picture again", |scenes| {
        scenes.iter().any(|scene| matches!(scene, Scene::Repeated(_))).then_some(())
    });
    assert!(camera.close().balance());
    stage.attended()
}

#[test]
fn an_output_gets_attention_between_pictures_as_often_as_it_wants() {
    let (often, never) = (attention(Some(Duration::from_millis(5))), attention(None));
    assert!(often >= 10 && never < 10, "{often} times and {never} times");
}

#[test]
fn an_output_that_fails_between_pictures_is_told() {
    let stage = Stage::default();
    stage.behave(Behaviour { attention: Some(Duration::from_millis(5)), ..Behaviour::default() });
    let slow = quick(LowBytes::default()).frames_per_second(1).size(8, 8);
    let camera = slow.start_on(stage.clone()).expect("a thread");
    camera.publish();
    camera.await_state(SOON, showing).expect("it shows");
    stage.behave(Behaviour { server_is_gone: true, ..Behaviour::default() });
    let gone = camera.await_state(SOON, |state| matches!(state, State::Failed(_))).expect("it is noticed");
    assert!(matches!(gone, State::Failed(Failure::Device(DeviceError::Gone { .. }))), "{gone}");
    stage.await_closing(1);
    stage.behave(Behaviour::default());
    camera.await_state(SOON, showing).expect("it is back");
    let books = camera.close();
    assert!(books.balance() && (books.failures, books.opened) == (1, 2), "{books}");
}

#[test]
fn a_stage_does_end_the_process_if_it_is_opened_on_two_threads() {
    let Some(ended) = child("a_stage_does_end_the_process_if_it_is_opened_on_two_threads", &[]) else {
        let geometry = Geometry::new(4, 4, PixelFormat::Grey).expect("a good size");
        let mut stage = Stage::default();
        drop(stage.open(geometry, 30).expect("it opens"));
        drop(stage.open(geometry, 30).expect("it opens again"));
        let _ = std::thread::spawn(move || stage.open(geometry, 30).is_ok()).join();
        return;
    };
    assert_eq!(ended.code, None, "a signal ended it: {}", ended.output);
    assert!(ended.output.contains("by a thread that is not the one of before"), "{}", ended.output);
}

#[test]
fn what_cannot_be_shown_is_refused_before_it_starts() {
    let refused = |builder: VirtualCameraBuilder| builder.start_on(Stage::default()).unwrap_err().to_string();
    assert!(refused(quick(LowBytes::default()).frames_per_second(0)).contains("1 to 1000 can be shown"));
    let odd = quick(LowBytes::default()).format(PixelFormat::Nv12).size(63, 48);
    assert!(refused(odd).contains("take 62 x 48"));
    let run = start();
    run.bus.close(Closing::Stopped);
    let camera = quick(LowBytes::default()).start_on(Stage::default()).expect("a thread");
    assert!(camera.follow(&run.bus).is_err());
}
