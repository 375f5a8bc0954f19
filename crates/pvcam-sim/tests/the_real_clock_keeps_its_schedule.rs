//! On the real clock frames come at the model's rate, starvation is reported, and nothing is numbered that was
//! not produced.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use std::time::{Duration, Instant};

use support::buffer::Buffer;
use support::{FrameInfo, OVERWRITE, Region, Sdk, eventually};

static REGION: Region = Region::new(0, 0, 64, 512);

#[derive(Default)]
struct Times(std::sync::Mutex<Vec<FrameInfo>>);

unsafe extern "C" fn keep(info: *mut FrameInfo, times: *mut Times) {
    // SAFETY: the library's information and our context.
    unsafe { (*times).0.lock().unwrap().push(*info) };
}

fn run(keys: &str, frames: usize) -> (Duration, Vec<FrameInfo>, pvcam_sim::Stats) {
    let sdk = Sdk::start(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\n{keys}"));
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    let times = Times::default();
    sdk.on_eof(hcam, keep, &times);
    let bytes = sdk.setup_cont(hcam, REGION, OVERWRITE);
    let buffer = Buffer::new(64 * bytes);
    let began = Instant::now();
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    eventually("the frames come", || times.0.lock().unwrap().len() >= frames);
    let took = began.elapsed();
    sdk.abort(hcam);
    let infos = times.0.lock().unwrap().clone();
    (took, infos, sdk.control.stats(0).unwrap())
}

/// Readout of 512 rows and one line more, in ns.
const PERIOD_NS: u64 = 513 * 10_270;

#[test]
fn frames_are_a_period_apart() {
    let (took, infos, stats) = run("", 40);
    assert!(took >= Duration::from_nanos(39 * PERIOD_NS), "faster than the camera: {took:?}");
    for (frame, info) in infos.iter().enumerate() {
        assert_eq!(info.frame_nr, i32::try_from(frame).unwrap() + 1, "without a starved callback");
        assert_eq!(info.readout_time, i32::try_from(info.time_stamp - info.time_stamp_bof).unwrap());
    }
    // Time stamps are those of the schedule, missed periods included, in units of 0.1 ms.
    let span = infos[39].time_stamp - infos[0].time_stamp;
    let periods = 39 + i64::try_from(stats.missed_schedule).unwrap();
    let most = (periods * i64::try_from(PERIOD_NS).unwrap()) / 100_000 + 1;
    let least = (39 * i64::try_from(PERIOD_NS).unwrap()) / 100_000 - 1;
    assert!((least..=most).contains(&span), "{span} for 39 periods, {} missed", stats.missed_schedule);
}

#[test]
fn a_factor_speeds_it_up_and_max_does_not_wait() {
    let (took, ..) = run("speed = 10.0\n", 40);
    assert!(took >= Duration::from_nanos(39 * PERIOD_NS / 10));
    let (_, infos, stats) = run("speed = \"max\"\n", 40);
    assert!(infos.windows(2).all(|pair| pair[0].frame_nr < pair[1].frame_nr));
    assert_eq!((stats.missed_schedule, stats.max_lag_us), (0, 0), "no schedule, no lag");
}

#[test]
fn a_writer_that_cannot_keep_up_says_so() {
    // A period of half a microsecond is beyond any machine.
    let (_, infos, stats) = run("speed = 10000.0\n", 20);
    assert!(stats.missed_schedule > 0 && stats.max_lag_us > 0, "{stats:?}");
    // The stop may have discarded the frame that was being written.
    assert!(stats.produced >= 20 && stats.produced - stats.written <= 1, "{stats:?}");
    let newest = infos.iter().map(|info| info.frame_nr).max().unwrap();
    assert!(u64::try_from(newest).unwrap() <= stats.produced, "missed periods are not numbered");
    let (_, _, burst) = run("speed = 10000.0\ncatch_up = \"burst\"\n", 20);
    assert_eq!(burst.missed_schedule, 0);
    assert!(burst.max_lag_us > 0);
}

#[test]
fn a_long_exposure_is_interrupted_at_once() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\n");
    let hcam = sdk.open_first();
    let mut bytes = 0;
    // SAFETY: a region and a place for the bytes; a buffer of whole frames, stopped before it goes.
    unsafe {
        let mode = support::INTERNAL;
        sdk.ok((sdk.f.pl_exp_setup_cont)(
            hcam,
            1,
            &raw const REGION,
            mode,
            10_000,
            &raw mut bytes,
            OVERWRITE,
        ));
        let buffer = Buffer::new(bytes);
        sdk.ok((sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()));
        let began = Instant::now();
        sdk.abort(hcam);
        assert!(began.elapsed() < Duration::from_secs(5), "10 s of exposure were waited for");
    }
}

#[test]
fn an_idle_camera_can_be_put_onto_the_stepped_clock_and_back() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\n");
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    let bytes = sdk.setup_cont(hcam, REGION, OVERWRITE);
    let buffer = Buffer::new(8 * bytes);
    let start = || {
        // SAFETY: a buffer of whole frames, stopped before it goes.
        sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    };
    assert_eq!(sdk.control.set_stepped(hcam, true), Ok(false));
    start();
    assert!(sdk.control.set_stepped(hcam, false).is_err(), "not while it acquires");
    assert_eq!(sdk.control.step(hcam, 3, Duration::from_secs(20)), Some(3));
    std::thread::sleep(Duration::from_nanos(5 * PERIOD_NS));
    assert_eq!(sdk.control.stats(hcam).unwrap().written, 3, "none by itself");
    sdk.abort(hcam);
    assert_eq!(sdk.control.set_stepped(hcam, false), Ok(true));
    start();
    assert_eq!(sdk.control.step(hcam, 1, Duration::from_secs(20)), None, "not stepped any more");
    eventually("frames come by themselves", || sdk.control.stats(hcam).unwrap().written >= 5);
    sdk.abort(hcam);
    assert!(sdk.control.set_stepped(7, true).is_err(), "there is no such camera");
}
