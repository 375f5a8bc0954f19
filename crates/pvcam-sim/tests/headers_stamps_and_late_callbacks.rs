//! Headers of every version, the stamp scene, the resettable clock, and callbacks that come after a stop.
mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use support::buffer::Buffer;
use support::{
    FrameInfo, OVERWRITE, PARAM_METADATA_ENABLED, PARAM_READOUT_PORT, Region, Sdk, Seen, eventually,
};

const RESET_TIMESTAMP: u32 = 0x0B03_00B0;
const REGION: Region = Region::new(8, 4, 64, 32);

fn go(sdk: &Sdk, hcam: i16, slots: u32) -> (Buffer, usize) {
    let bytes = sdk.setup_cont(hcam, REGION, OVERWRITE);
    let buffer = Buffer::new(slots * bytes);
    // SAFETY: a buffer of whole frames, which each test stops before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    (buffer, bytes as usize)
}

#[test]
fn version_2_counts_in_microseconds_and_can_be_reset() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let (buffer, bytes) = go(&sdk, hcam, 4);
    sdk.step(2);
    let stamps = |slot: usize| (buffer.u32(slot * bytes + 11), buffer.u32(slot * bytes + 15));
    // 1 ms of exposure is 97 lines of 10.27 us, and the period one line more.
    let (first, period) = ((97 + 32) * 10_270, (97 + 1) * 10_270);
    assert_eq!((stamps(0).1, stamps(1).1), (first / 1000, (first + period) / 1000));
    assert_eq!(stamps(0).1 - stamps(0).0, 32 * 10_270 / 1000, "readout of 32 rows");
    assert_eq!((buffer.u32(19), buffer.u32(23), buffer.u32(27)), (1000, 996, 1000));
    assert_eq!(buffer.u8(35), 16, "bit depth");
    assert_eq!(buffer.u16(48), 1, "region number");
    let corners: Vec<u16> = (0..6).map(|at| buffer.u16(48 + 10 + 2 * at)).collect();
    assert_eq!(corners, [8, 71, 1, 4, 35, 1]);
    sdk.abort(hcam);
    sdk.set(hcam, RESET_TIMESTAMP, 1_u16);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    sdk.step(1);
    assert_eq!(stamps(0).1, first / 1000, "counted from the reset");
    sdk.abort(hcam);
}

#[test]
fn version_3_counts_in_picoseconds_and_frames_are_padded() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"kinetix-pcie\"\nclock = \"stepped\"\n");
    let hcam = sdk.open("pvcamPCIE_0");
    sdk.switch_despeckling_off(hcam);
    sdk.set(hcam, PARAM_READOUT_PORT, 1_i32);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let (buffer, bytes) = go(&sdk, hcam, 2);
    assert_eq!(bytes, (80 + 64 * 32_usize).next_multiple_of(32));
    sdk.step(2);
    assert_eq!((buffer.u8(4), buffer.u8(35), buffer.u8(40)), (3, 8, 2), "version, bits, MONO8");
    assert_eq!(buffer.u32(bytes + 5), 2);
    let eof = |slot: usize| buffer.u64(slot * bytes + 19);
    // 1 ms is 800 lines of 1.25 us, and the period one line more.
    assert_eq!(eof(1) - eof(0), 801 * 1_250_000);
    assert_eq!(buffer.u64(27), 1_000_000_000, "exposure");
    buffer.assert_counter(80, 1, 64, 32, 8);
    sdk.abort(hcam);
}

#[test]
fn the_stamp_scene_writes_only_stamps() {
    for metadata in [false, true] {
        let sdk = Sdk::stepped("scene = \"stamp\"\nseed = 5\n");
        let hcam = sdk.open_first();
        sdk.set(hcam, PARAM_METADATA_ENABLED, u16::from(metadata));
        let (buffer, bytes) = go(&sdk, hcam, 2);
        let stamp = if metadata { 80 } else { 8 };
        let before = buffer.bytes(0, 2 * bytes);
        assert_eq!(before[..4], [5, 6, 7, 8], "the ring is filled before the first frame");
        sdk.step(3);
        let after = buffer.bytes(0, 2 * bytes);
        for (slot, frame) in [(0, 3), (1, 2)] {
            let at = slot * bytes;
            assert_eq!(after[at + stamp..at + bytes], before[at + stamp..at + bytes]);
            let number = if metadata { u64::from(buffer.u32(at + 5)) } else { buffer.u64(at) };
            assert_eq!(number, frame);
        }
        sdk.abort(hcam);
    }
}

/// Callbacks that have begun; only one test of this program uses the slow callback.
static BEGUN: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" fn slow(info: *mut FrameInfo, seen: *mut Seen) {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(20));
    // SAFETY: the library's information and our context.
    unsafe { support::note(info, seen) };
}

#[test]
fn late_callbacks_come_only_if_asked_for_and_never_after_a_new_start() {
    for (keys, late) in [("", 1), ("post_stop_callbacks = 2\n", 3)] {
        let sdk = Sdk::stepped(keys);
        let hcam = sdk.open_first();
        let seen = Seen::default();
        sdk.on_eof(hcam, slow, &seen);
        let (buffer, _) = go(&sdk, hcam, 8);
        let begun = BEGUN.load(Ordering::SeqCst);
        assert_eq!(sdk.control.step(0, 6, Duration::ZERO), Some(6));
        // An abort before the first callback has begun would rightly leave nothing to come.
        eventually("the first callback runs", || BEGUN.load(Ordering::SeqCst) > begun);
        sdk.abort(hcam);
        eventually("what is due comes", || sdk.control.stats(0).unwrap().callbacks >= late);
        std::thread::sleep(Duration::from_millis(60));
        let seen_late = seen.take();
        assert!(seen_late.len() <= late as usize, "{seen_late:?}");
        // SAFETY: a buffer of whole frames, stopped before it goes.
        sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
        assert_eq!(sdk.control.step(0, 4, Duration::ZERO), Some(4));
        sdk.abort(hcam);
        // SAFETY: as above.
        sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
        eventually("callbacks are over", || {
            let stats = sdk.control.stats(0).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            sdk.control.stats(0).unwrap() == stats
        });
        assert!(seen.take().len() <= 1, "at most the one that was running");
        sdk.abort(hcam);
    }
}
