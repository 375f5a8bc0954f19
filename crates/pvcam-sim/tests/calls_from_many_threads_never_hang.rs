//! Whatever several threads call at the same time, every call returns, and the library works afterwards.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use support::buffer::Buffer;
use support::{EOF, FrameInfo, INTERNAL, NO_OVERWRITE, OVERWRITE, PARAM_TEMP, Region, Sdk, Seen, note};

static REGION: Region = Region::new(0, 0, 64, 64);
const BYTES: u32 = 64 * 64 * 2;

/// A cheap sequence that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

unsafe extern "C" fn sometimes_abort(info: *mut FrameInfo, calls: *mut AtomicU64) {
    // SAFETY: the library's information and our context.
    let (info, calls) = unsafe { (&*info, &*calls) };
    if calls.fetch_add(1, Ordering::Relaxed) % 16 == 0 {
        let f = support::Functions::load();
        // SAFETY: a plain number.
        unsafe { (f.pl_exp_abort)(info.hcam, 1) };
    }
}

/// One call picked by the dice; its result does not matter, that it returns does.
fn call(sdk: &Sdk, dice: &mut Dice, buffer: &Buffer, calls: &AtomicU64) {
    let f = &sdk.f;
    let mode = if dice.throw(2) == 0 { OVERWRITE } else { NO_OVERWRITE };
    let (mut bytes, mut handle, mut value) = (0, 0, 0_i16);
    let (mut frame, mut info) = (std::ptr::null_mut(), FrameInfo::default());
    // SAFETY: places for all results; the buffer and the context outlive the library's use of them.
    unsafe {
        match dice.throw(14) {
            0 | 1 => (f.pl_cam_open)(c"pvcamUSB_0".as_ptr(), &raw mut handle, 0),
            2 if dice.throw(4) == 0 => (f.pl_cam_close)(0),
            3 | 4 => (f.pl_exp_setup_cont)(0, 1, &raw const REGION, INTERNAL, 0, &raw mut bytes, mode),
            5 => (f.pl_exp_setup_seq)(0, 4, 1, &raw const REGION, INTERNAL, 0, &raw mut bytes),
            6 | 7 => (f.pl_exp_start_cont)(0, buffer.pointer(), 4 * BYTES),
            8 => (f.pl_exp_start_seq)(0, buffer.pointer()),
            9 => (f.pl_exp_abort)(0, 1),
            10 => (f.pl_cam_register_callback_ex3)(
                0,
                EOF,
                sometimes_abort as *const _,
                std::ptr::from_ref(calls).cast_mut().cast(),
            ),
            11 => (f.pl_cam_deregister_callback)(0, EOF),
            12 => {
                (f.pl_exp_get_oldest_frame_ex)(0, &raw mut frame, &raw mut info)
                    + (f.pl_exp_unlock_oldest_frame)(0)
            }
            _ => (f.pl_get_param)(0, PARAM_TEMP, 0, (&raw mut value).cast()),
        };
    }
}

#[test]
fn hammer() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 100.0\nno_overwrite = \"lossy\"\n");
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    let (buffer, calls) = (Buffer::new(4 * BYTES), AtomicU64::new(0));
    let (done, over) = mpsc::channel();
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            let (sdk, buffer, calls, done) = (&sdk, &buffer, &calls, done.clone());
            scope.spawn(move || {
                let (mut dice, began, mut made) = (Dice(seed), Instant::now(), 0_u64);
                while began.elapsed() < Duration::from_secs(2) {
                    call(sdk, &mut dice, buffer, calls);
                    made += 1;
                }
                done.send(made).unwrap();
            });
        }
        for _ in 0..4 {
            let made = over.recv_timeout(Duration::from_secs(60));
            if made.is_err() {
                // A hung thread cannot be joined: end the process, which is a failure.
                eprintln!("a call hangs");
                std::process::abort();
            }
            assert!(made.unwrap() > 100);
        }
    });
    assert!(calls.load(Ordering::Relaxed) > 0, "frames came");
    // SAFETY: plain numbers.
    unsafe {
        (sdk.f.pl_cam_close)(hcam);
    }
    let seen = Seen::default();
    let hcam = sdk.open_first();
    sdk.on_eof(hcam, note, &seen);
    sdk.setup_seq(hcam, 4, REGION);
    // SAFETY: a buffer of the asked size, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    support::eventually("the sequence completes", || seen.0.lock().unwrap().len() == 4);
    assert_eq!(seen.take(), [1, 2, 3, 4]);
    sdk.abort(hcam);
}
