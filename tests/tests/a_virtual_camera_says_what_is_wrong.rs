//! What a virtual camera does with devices, frames and callers that give it trouble: its state says it, viewers keep what they can keep,
//! and it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use frame_bus::Bus;
use frame_vcam::{
    DeviceError, Failure, Geometry, Idle, Opener, Output, PaintError, Painter, PixelFormat, StartError,
    State, VirtualCamera, VirtualCameraBuilder,
};
use pvcam::{Layout, Lease};
use pvcam_tests::{Behaviour, BusRig, LowBytes, Ring, SOON, Scene, Stage, child};

fn quick() -> VirtualCameraBuilder {
    VirtualCamera::builder().painter(LowBytes::default()).format(PixelFormat::Grey).frames_per_second(1000)
}

fn showing(state: &State) -> bool {
    matches!(state, State::Showing { .. })
}

fn failed(state: &State) -> bool {
    matches!(state, State::Failed(_))
}

fn is_placeholder(pixels: &[u8]) -> bool {
    pixels.iter().all(|pixel| [19, 37].contains(pixel))
}

#[test]
fn a_device_that_was_busy_for_the_only_frame_is_opened_in_its_size() {
    let (run, stage) = (BusRig::start(&Ring::copied()), Stage::default());
    stage.behave(Behaviour { refusals: 1, ..Behaviour::default() });
    let camera = quick().start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    run.step(1);
    camera.await_state(SOON, failed).expect("it cannot be opened");
    let next = camera.await_state(SOON, |state| !failed(state)).expect("it is tried again");
    assert_eq!(
        next.to_string(),
        "showing 64 x 48 GREY at stage",
        "and nothing forgets that it is to be shown"
    );
    assert!(is_placeholder(&stage.picture(1).0));
    let books = camera.close();
    assert_eq!((books.taken, books.failed, books.shown), (1, 1, 0), "{books}");
}

/// Paints as [`LowBytes`], but not every frame, and not every size.
struct Picky {
    refuses: u64,
    knows_sizes: bool,
}

impl Painter for Picky {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        if self.knows_sizes {
            LowBytes::default().geometry(source, format)
        } else {
            Err("no size is good".into())
        }
    }

    fn prepare(&mut self, _source: &Layout, _target: Geometry) -> Result<(), PaintError> {
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        LowBytes::default().paint(frame, out)?;
        if frame.record().number == self.refuses { Err("half a picture".into()) } else { Ok(()) }
    }
}

#[test]
fn a_frame_that_cannot_be_painted_takes_the_device_from_nobody() {
    let (run, stage) = (BusRig::start(&Ring::copied()), Stage::default());
    let camera = quick().painter(Picky { refuses: 2, knows_sizes: true });
    let camera = camera.size(64, 48).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    run.step(1);
    camera.publish();
    let _ = stage.picture(1);
    run.step(1);
    let state = camera.await_state(SOON, failed).expect("it cannot be painted");
    assert_eq!(state, State::Failed(Failure::Paint("half a picture".to_owned())));
    // Neither half a picture nor the one before, in the same device; and what is shown meanwhile hides nothing.
    let pixels = stage.await_scene("the placeholder", |scenes| {
        let repeats = scenes.iter().rev().take_while(|scene| matches!(scene, Scene::Repeated(_))).count();
        match &scenes[scenes.len() - 1 - repeats.min(scenes.len() - 1)] {
            Scene::Shown(pixels, _) if repeats > 2 && is_placeholder(pixels) => Some(pixels.len()),
            _ => None,
        }
    });
    assert_eq!(pixels, 64 * 48);
    assert_eq!(camera.state(), state);
    run.step(1);
    camera.await_state(SOON, showing).expect("the next one is shown");
    let books = camera.close();
    assert_eq!((books.opened, books.failures, books.failed, books.shown), (1, 1, 1, 2), "{books}");
    assert!(books.balance(), "{books}");
}

#[test]
fn why_frames_have_no_size_is_said_for_as_long_as_it_is_true() {
    let (run, stage) = (BusRig::start(&Ring::copied()), Stage::default());
    let camera = quick().painter(Picky { refuses: 0, knows_sizes: false }).start_on(stage.clone());
    let camera = camera.expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::WaitingForFrame));
    run.step(1);
    let state = camera.await_state(SOON, failed).expect("it cannot be shown");
    for _ in 0..3 {
        camera.publish();
        assert_eq!(camera.await_state(SOON, |_| true), Ok(state.clone()));
    }
    camera.unpublish();
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
    assert_eq!(stage.scenes(), []);
}

#[test]
fn publishing_again_shows_at_once_however_slow_the_rate_is() {
    let stage = Stage::default();
    let camera = quick().frames_per_second(1).size(8, 8).start_on(stage.clone()).expect("a thread");
    for round in 1..=5 {
        camera.publish();
        let state = camera.await_state(SOON, |_| true).expect("it is carried out");
        assert!(showing(&state), "round {round}: {state}");
        camera.unpublish();
        assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
    }
}

#[test]
fn to_ask_again_and_again_does_not_open_again_and_again() {
    let stage = Stage::default();
    stage.behave(Behaviour { refusals: u32::MAX, ..Behaviour::default() });
    let camera = quick().size(8, 8).start_on(stage.clone()).expect("a thread");
    let begun = Instant::now();
    for _ in 0..100 {
        camera.publish();
        camera.await_state(SOON, failed).expect("it is refused");
    }
    let refused = stage.scenes().iter().filter(|scene| **scene == Scene::Refused).count() as u64;
    assert!(
        (1..=2 + begun.elapsed().as_secs()).contains(&refused),
        "{refused} tries in {:?}",
        begun.elapsed()
    );
    // Who unpublishes in between wants it now.
    camera.unpublish();
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
    stage.behave(Behaviour::default());
    camera.publish();
    assert!(camera.await_state(SOON, |_| true).is_ok_and(|state| showing(&state)));
}

/// An output that falls apart when it is closed, so many times.
struct Fragile(Arc<AtomicU32>);

struct FragileOutput(Arc<AtomicU32>, Vec<u8>);

impl Opener for Fragile {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        Ok(Box::new(FragileOutput(Arc::clone(&self.0), vec![0; geometry.frame_bytes()])))
    }
}

impl Output for FragileOutput {
    fn place(&self) -> String {
        "something fragile".to_owned()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        Ok(Some(&mut self.1))
    }

    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }
}

impl Drop for FragileOutput {
    fn drop(&mut self) {
        let less = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        assert!(less.is_err(), "an output that cannot be closed");
    }
}

#[test]
fn a_panic_while_the_device_is_closed_ends_nothing() {
    let panics = Arc::new(AtomicU32::new(0));
    let camera = quick().start_on(Fragile(Arc::clone(&panics))).expect("a thread");
    let first = BusRig::start(&Ring::copied());
    camera.follow(&first.bus).expect("room");
    camera.publish();
    first.step(1);
    camera.await_state(SOON, showing).expect("it shows");
    drop(first);
    // While it is published: another size has it closed.
    panics.store(1, Ordering::Relaxed);
    let second = BusRig::start_region(&Ring::copied(), 32, 16);
    camera.follow(&second.bus).expect("room");
    second.step(1);
    let state = camera.await_state(SOON, failed).expect("it is said");
    assert!(state.to_string().contains("an output that cannot be closed"), "{state}");
    camera.await_state(SOON, showing).expect("it is tried again");
    panics.store(1, Ordering::Relaxed);
    camera.unpublish();
    assert_eq!(camera.await_state(SOON, |_| true), Ok(State::Hidden));
    camera.publish();
    second.step(1);
    camera.await_state(SOON, showing).expect("the thread is there");
    panics.store(1, Ordering::Relaxed);
    let books = camera.close();
    assert_eq!(panics.load(Ordering::Relaxed), 0, "each was closed");
    assert!(books.balance() && books.failures == 3, "{books}: {}", books.failures);
}

/// An output that fails, so many times, while a frame has come and is not shown yet.
struct Watching {
    bus: Arc<Bus>,
    failures: Arc<AtomicU32>,
}

struct WatchingOutput {
    bus: Arc<Bus>,
    failures: Arc<AtomicU32>,
    pixels: Vec<u8>,
    /// Frames taken by the camera when the last picture was asked for.
    seen: u64,
}

fn taken(bus: &Bus) -> u64 {
    bus.books().subscribers.iter().map(|subscriber| subscriber.taken).sum()
}

impl Opener for Watching {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        let (bus, failures, pixels) =
            (Arc::clone(&self.bus), Arc::clone(&self.failures), vec![0; geometry.frame_bytes()]);
        Ok(Box::new(WatchingOutput { bus, failures, pixels, seen: u64::MAX }))
    }
}

impl Output for WatchingOutput {
    fn place(&self) -> String {
        "a watching one".to_owned()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        self.seen = taken(&self.bus);
        Ok(Some(&mut self.pixels))
    }

    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }

    fn attend(&mut self) -> Result<Option<Duration>, DeviceError> {
        let fails = taken(&self.bus) > self.seen
            && self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
        if fails { Err(DeviceError::Gone { path: "it".into() }) } else { Ok(None) }
    }
}

#[test]
fn a_frame_that_came_as_the_device_failed_is_counted_and_not_shown_later() {
    let BusRig { session, bus, rig } = BusRig::start(&Ring::copied());
    let bus = Arc::new(bus);
    let step = |number: u64| {
        rig.step(0, 1);
        let begun = Instant::now();
        while bus.books().published < number {
            assert!(begun.elapsed() < SOON, "frame {number} does not come");
            std::thread::yield_now();
        }
    };
    let opener = Watching { bus: Arc::clone(&bus), failures: Arc::new(AtomicU32::new(1)) };
    // Slow, so that frames are waited for.
    let camera = quick().frames_per_second(20).start_on(opener).expect("a thread");
    camera.follow(&bus).expect("room");
    camera.publish();
    let (begun, mut newest) = (Instant::now(), 0);
    while camera.books().failures == 0 {
        assert!(begun.elapsed() < SOON, "no frame is waited for: {}", camera.books());
        newest += 1;
        step(newest);
        std::thread::sleep(Duration::from_millis(61));
    }
    assert_eq!(camera.books().failed, 1, "{}", camera.books());
    newest += 3;
    (newest - 2..=newest).for_each(step);
    camera.await_state(SOON, |_| camera.books().last_shown == Some(newest)).expect("it goes on");
    let books = camera.close();
    assert!(books.balance() && books.failed == 1, "{books}");
    assert_eq!(books.taken, taken(&bus), "as the bus has it: {books}");
    drop(session);
}

#[test]
fn who_drops_a_camera_whose_device_hangs_does_not_wait_for_ever() {
    let stage = Stage::default();
    stage.behave(Behaviour { hangs: true, ..Behaviour::default() });
    let camera = quick().size(8, 8).start_on(stage.clone()).expect("a thread");
    camera.publish();
    stage.await_scene("it is opened", |scenes| (!scenes.is_empty()).then_some(()));
    let (dropped, was_dropped) = mpsc::channel();
    std::thread::spawn(move || {
        drop(camera);
        let _ = dropped.send(());
    });
    was_dropped.recv_timeout(SOON).expect("dropping ends");
    // The thread has everything that it needs, and ends when it can.
    assert!(!stage.scenes().contains(&Scene::Closed), "it does hang");
    stage.behave(Behaviour::default());
    stage.await_closing(1);
}

#[test]
fn a_chequerboard_that_finds_no_room_is_still_due() {
    let (run, stage) = (BusRig::start(&Ring::copied()), Stage::default());
    let after = Duration::from_millis(300);
    let camera = quick().idle(Idle::Placeholder { after }).start_on(stage.clone()).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    run.step(1);
    let _ = stage.picture(1);
    stage.behave(Behaviour { full: true, ..Behaviour::default() });
    std::thread::sleep(after * 2);
    stage.behave(Behaviour::default());
    assert!(is_placeholder(&stage.picture(2).0));
}

#[test]
fn a_system_that_has_no_thread_to_give_is_an_error() {
    // A stack of 64 TiB: more than a process may have addresses for.
    let environment = [("RUST_MIN_STACK", "70368744177664")];
    let Some(ended) = child("a_system_that_has_no_thread_to_give_is_an_error", &environment) else {
        let why = quick().start_on(Stage::default()).expect_err("no thread can be had");
        assert!(matches!(why, StartError::Thread(_)), "{why}");
        assert!(why.to_string().contains("ulimit -u"), "{why}");
        return;
    };
    ended.assert_clean();
}
