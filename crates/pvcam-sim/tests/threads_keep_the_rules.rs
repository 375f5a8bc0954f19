//! Stops wait for the writer and never for a callback; deregistering and closing wait for the callback.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, mpsc};
use std::time::Duration;

use support::buffer::Buffer;
use support::{EOF, FrameInfo, OVERWRITE, Region, Sdk, Seen, eventually, note};

const REGION: Region = Region::new(0, 0, 256, 256);

/// A camera at a few thousand frames per second.
fn fast() -> Sdk {
    Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 20.0\n")
}

fn ring(sdk: &Sdk, hcam: i16, slots: u32) -> Buffer {
    sdk.switch_despeckling_off(hcam);
    let bytes = sdk.setup_cont(hcam, REGION, OVERWRITE);
    Buffer::new(slots * bytes)
}

fn go(sdk: &Sdk, hcam: i16, buffer: &Buffer) {
    // SAFETY: a buffer of whole frames, which each test stops before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
}

/// A callback that blocks until the test opens the gate.
#[derive(Default)]
struct Gate {
    entered: AtomicUsize,
    left: AtomicUsize,
    open: Mutex<bool>,
    moved: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.moved.notify_all();
    }
}

unsafe extern "C" fn wait_at_gate(_info: *mut FrameInfo, gate: *mut Gate) {
    // SAFETY: our context, which outlives the registration.
    let gate = unsafe { &*gate };
    gate.entered.fetch_add(1, Ordering::SeqCst);
    let mut open = gate.open.lock().unwrap();
    while !*open {
        open = gate.moved.wait(open).unwrap();
    }
    gate.left.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn abort_returns_while_a_callback_blocks() {
    let sdk = fast();
    let hcam = sdk.open_first();
    let gate = Gate::default();
    sdk.on_eof(hcam, wait_at_gate, &gate);
    let buffer = ring(&sdk, hcam, 4);
    go(&sdk, hcam, &buffer);
    eventually("a callback begins", || gate.entered.load(Ordering::SeqCst) == 1);
    sdk.abort(hcam);
    // SAFETY: plain numbers.
    sdk.ok(unsafe { (sdk.f.pl_exp_finish_seq)(hcam, std::ptr::null_mut(), 0) });
    assert_eq!(gate.left.load(Ordering::SeqCst), 0, "both returned although the callback has not");
    // The same camera starts again under the blocked callback, whose generation is over.
    go(&sdk, hcam, &buffer);
    sdk.abort(hcam);
    assert_eq!(gate.entered.load(Ordering::SeqCst), 1);
    gate.open();
    eventually("the callback ends", || gate.left.load(Ordering::SeqCst) == 1);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(gate.entered.load(Ordering::SeqCst), 1, "nothing of the stopped acquisitions is delivered");
}

/// Context of a callback that calls the library back.
struct Inside {
    sdk: *const Sdk,
    hcam: i16,
    at: i32,
    result: AtomicU16,
    calls: AtomicI32,
    done: AtomicBool,
}

impl Inside {
    fn new(sdk: &Sdk, hcam: i16, at: i32) -> Self {
        Self {
            sdk,
            hcam,
            at,
            result: AtomicU16::new(u16::MAX),
            calls: AtomicI32::new(0),
            done: AtomicBool::new(false),
        }
    }
}

unsafe extern "C" fn abort_inside(info: *mut FrameInfo, inside: *mut Inside) {
    // SAFETY: the library's information and our context.
    let (info, inside) = unsafe { (&*info, &*inside) };
    inside.calls.fetch_add(1, Ordering::SeqCst);
    if info.frame_nr == inside.at {
        // SAFETY: the test keeps the library until the callback is over; plain numbers.
        inside.result.store(unsafe { ((*inside.sdk).f.pl_exp_abort)(inside.hcam, 1) }, Ordering::SeqCst);
        inside.done.store(true, Ordering::SeqCst);
    }
}

#[test]
fn abort_inside_a_callback() {
    let sdk = fast();
    let hcam = sdk.open_first();
    let inside = Inside::new(&sdk, hcam, 3);
    sdk.on_eof(hcam, abort_inside, &inside);
    let buffer = ring(&sdk, hcam, 8);
    go(&sdk, hcam, &buffer);
    eventually("the callback aborts", || inside.done.load(Ordering::SeqCst));
    assert_eq!(inside.result.load(Ordering::SeqCst), 1);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(inside.calls.load(Ordering::SeqCst), 3, "no callback after the abort");
    assert_eq!(sdk.status(hcam), support::NOT_ACTIVE);
}

unsafe extern "C" fn close_inside(_info: *mut FrameInfo, inside: *mut Inside) {
    // SAFETY: our context.
    let inside = unsafe { &*inside };
    // SAFETY: the test keeps the library until the callback is over; plain numbers.
    unsafe {
        let f = &(*inside.sdk).f;
        (f.pl_cam_deregister_callback)(inside.hcam, EOF);
        inside.result.store((f.pl_cam_close)(inside.hcam), Ordering::SeqCst);
    }
    inside.done.store(true, Ordering::SeqCst);
}

#[test]
fn deregister_and_close_inside_a_callback() {
    let sdk = fast();
    let hcam = sdk.open_first();
    let inside = Inside::new(&sdk, hcam, 0);
    sdk.on_eof(hcam, close_inside, &inside);
    let buffer = ring(&sdk, hcam, 8);
    go(&sdk, hcam, &buffer);
    eventually("the callback closes", || inside.done.load(Ordering::SeqCst));
    assert_eq!(inside.result.load(Ordering::SeqCst), 1);
    assert_eq!(sdk.open_first(), hcam, "it can be opened again");
}

#[test]
fn nothing_is_written_after_a_stop() {
    let sdk = fast();
    let hcam = sdk.open_first();
    let buffer = ring(&sdk, hcam, 4);
    for _ in 0..200 {
        go(&sdk, hcam, &buffer);
        std::thread::sleep(Duration::from_micros(300));
        sdk.abort(hcam);
        buffer.fill(0xEE);
        std::thread::sleep(Duration::from_micros(200));
        let untouched = (0..buffer.len() as usize).step_by(251).all(|at| buffer.u8(at) == 0xEE);
        assert!(untouched);
    }
    assert!(sdk.control.stats(0).unwrap().produced > 0, "the camera was at it at all");
}

#[test]
fn deregister_and_close_wait_for_the_callback() {
    for close in [false, true] {
        let sdk = fast();
        let hcam = sdk.open_first();
        let gate = Gate::default();
        sdk.on_eof(hcam, wait_at_gate, &gate);
        let buffer = ring(&sdk, hcam, 4);
        go(&sdk, hcam, &buffer);
        eventually("a callback begins", || gate.entered.load(Ordering::SeqCst) == 1);
        std::thread::scope(|scope| {
            let (gone, returned) = mpsc::channel();
            let (sdk, gate) = (&sdk, &gate);
            scope.spawn(move || {
                // SAFETY: plain numbers.
                let result = unsafe {
                    if close {
                        (sdk.f.pl_cam_close)(hcam)
                    } else {
                        (sdk.f.pl_cam_deregister_callback)(hcam, EOF)
                    }
                };
                gone.send((result, gate.left.load(Ordering::SeqCst))).unwrap();
            });
            assert!(returned.recv_timeout(Duration::from_millis(50)).is_err(), "it waits");
            gate.open();
            let (result, left) = returned.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!((result, left), (1, gate.entered.load(Ordering::SeqCst)), "after the callback");
        });
        if !close {
            sdk.abort(hcam);
        }
    }
}

unsafe extern "C" fn latest_inside(info: *mut FrameInfo, inside: *mut Inside) {
    // SAFETY: the library's information and our context.
    let (info, inside) = unsafe { (&*info, &*inside) };
    // All frames are in the ring before the first callback asks for the latest.
    while !inside.done.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    let (mut frame, mut latest) = (std::ptr::null_mut(), FrameInfo::default());
    // SAFETY: the test keeps the library; places for the results.
    let result =
        unsafe { ((*inside.sdk).f.pl_exp_get_latest_frame_ex)(inside.hcam, &raw mut frame, &raw mut latest) };
    if result == 1 && latest == *info {
        inside.calls.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_latest_frame_inside_a_callback_is_the_callbacks_own() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let inside = Inside::new(&sdk, hcam, 0);
    sdk.on_eof(hcam, latest_inside, &inside);
    let buffer = ring(&sdk, hcam, 16);
    go(&sdk, hcam, &buffer);
    assert_eq!(sdk.control.step(0, 8, Duration::ZERO), Some(8));
    assert_eq!(sdk.latest(hcam).1.frame_nr, 8, "outside it is the newest");
    inside.done.store(true, Ordering::SeqCst);
    eventually("all callbacks are over", || sdk.control.stats(0).unwrap().callbacks == 8);
    sdk.abort(hcam);
    assert_eq!(inside.calls.load(Ordering::SeqCst), 8, "each callback got its own frame");
}

#[test]
fn the_notification_queue_holds_as_many_as_the_ring_has_slots() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let gate = Gate::default();
    sdk.on_eof(hcam, wait_at_gate, &gate);
    let buffer = ring(&sdk, hcam, 4);
    go(&sdk, hcam, &buffer);
    assert_eq!(sdk.control.step(0, 1, Duration::from_millis(20)), Some(1), "the step does not wait for ever");
    eventually("a callback begins", || gate.entered.load(Ordering::SeqCst) == 1);
    assert_eq!(sdk.control.step(0, 9, Duration::ZERO), Some(9));
    // One callback runs, four wait, five found the queue full.
    assert_eq!(sdk.control.stats(0).unwrap().notifications_dropped, 5);
    gate.open();
    eventually("the queue drains", || sdk.control.stats(0).unwrap().callbacks == 5);
    sdk.abort(hcam);
}

#[test]
fn a_step_ends_when_the_acquisition_is_stopped() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let gate = Gate::default();
    sdk.on_eof(hcam, wait_at_gate, &gate);
    let buffer = ring(&sdk, hcam, 4);
    go(&sdk, hcam, &buffer);
    std::thread::scope(|scope| {
        let step = scope.spawn(|| sdk.control.step(0, 100, Duration::from_secs(60)));
        eventually("a callback begins", || gate.entered.load(Ordering::SeqCst) == 1);
        sdk.abort(hcam);
        assert_eq!(step.join().unwrap(), Some(1));
    });
    gate.open();
}

#[test]
fn steps_of_several_threads_add_up() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let seen = Seen::default();
    sdk.on_eof(hcam, note, &seen);
    let buffer = ring(&sdk, hcam, 3);
    go(&sdk, hcam, &buffer);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(sdk.control.step(0, 50, Duration::from_secs(60)), Some(50)));
        }
    });
    assert_eq!(seen.take(), (1..=200).collect::<Vec<_>>());
    sdk.abort(hcam);
}

#[test]
fn closing_and_leaving_the_library_stop_a_live_camera() {
    for uninit in [false, true] {
        let sdk = fast();
        let hcam = sdk.open_first();
        let seen = Seen::default();
        sdk.on_eof(hcam, note, &seen);
        let buffer = ring(&sdk, hcam, 4);
        go(&sdk, hcam, &buffer);
        eventually("frames come", || !seen.0.lock().unwrap().is_empty());
        // SAFETY: plain numbers.
        sdk.ok(unsafe { if uninit { (sdk.f.pl_pvcam_uninit)() } else { (sdk.f.pl_cam_close)(hcam) } });
        buffer.fill(0);
        seen.take();
        std::thread::sleep(Duration::from_millis(20));
        assert!(seen.take().is_empty() && buffer.u64(0) == 0);
    }
}
