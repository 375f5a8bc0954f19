//! Each injected fault hits the frames it names and no others.
mod support;

use std::time::Duration;

use support::buffer::Buffer;
use support::{
    COMPLETE, NOT_ACTIVE, OVERWRITE, PARAM_METADATA_ENABLED, PARAM_TEMP, REMOVED, Region, Sdk, Seen, note,
};

const REGION: Region = Region::new(0, 0, 64, 64);

fn ring(sdk: &Sdk, slots: u32) -> (i16, Buffer, usize) {
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let bytes = sdk.setup_cont(hcam, REGION, OVERWRITE);
    (hcam, Buffer::new(slots * bytes), bytes as usize)
}

fn go(sdk: &Sdk, hcam: i16, buffer: &Buffer) -> u16 {
    // SAFETY: a buffer of whole frames, which each test stops before it goes.
    unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) }
}

/// A started ring of 16 slots with a callback that notes frame numbers.
fn started(keys: &str, seen: &Seen) -> (Sdk, i16, Buffer, usize) {
    let sdk = Sdk::stepped(&format!("[camera.faults]\n{keys}\n"));
    let (hcam, buffer, bytes) = ring(&sdk, 16);
    sdk.on_eof(hcam, note, seen);
    sdk.ok(go(&sdk, hcam, &buffer));
    (sdk, hcam, buffer, bytes)
}

#[test]
fn a_lost_notification_leaves_its_frame_in_the_ring() {
    let seen = Seen::default();
    let (sdk, hcam, buffer, bytes) = started("drop_notification = [5, 6]", &seen);
    sdk.step(8);
    assert_eq!(seen.take(), [1, 2, 3, 4, 7, 8]);
    assert_eq!((buffer.u32(4 * bytes + 5), buffer.u32(6 * bytes + 5)), (5, 7));
    assert_eq!(sdk.control.stats(0).unwrap().notifications_dropped, 2);
    sdk.abort(hcam);
}

#[test]
fn a_frame_lost_before_the_host_has_no_slot() {
    let seen = Seen::default();
    let (sdk, hcam, buffer, bytes) = started("lose_before_host = [3]", &seen);
    sdk.step(5);
    assert_eq!(seen.take(), [1, 2, 4, 5]);
    assert_eq!((buffer.u32(2 * bytes + 5), buffer.u32(3 * bytes + 5)), (4, 5), "ring order goes on");
    sdk.abort(hcam);
}

#[test]
fn a_frame_lost_in_the_camera_shows_only_in_the_metadata() {
    let seen = Seen::default();
    let (sdk, hcam, buffer, bytes) = started("lose_in_camera = [3]", &seen);
    sdk.step(5);
    assert_eq!(seen.take(), [1, 2, 3, 4]);
    let tags: Vec<u32> = (0..4).map(|slot| buffer.u32(slot * bytes + 5)).collect();
    assert_eq!(tags, [1, 2, 4, 5]);
    sdk.abort(hcam);
}

#[test]
fn a_late_burst_comes_together_and_complete() {
    let seen = Seen::default();
    let (sdk, hcam, _buffer, _) = started("late_burst = { at = 3, frames = 4 }", &seen);
    sdk.step(5);
    assert_eq!(seen.take(), [1, 2], "3 to 5 are held back");
    sdk.step(1);
    assert_eq!(seen.take(), [3, 4, 5, 6]);
    sdk.step(1);
    assert_eq!(seen.take(), [7]);
    sdk.abort(hcam);
}

#[test]
fn a_silent_stop_says_nothing() {
    let seen = Seen::default();
    let (sdk, hcam, _buffer, _) = started("silent_stop_after = 4", &seen);
    assert_eq!(sdk.control.step(0, 9, Duration::from_secs(10)), Some(4));
    assert_eq!(seen.take(), [1, 2, 3, 4]);
    assert_eq!(sdk.status(hcam), NOT_ACTIVE);
    sdk.abort(hcam);
}

#[test]
fn a_torn_slot_holds_half_of_a_later_frame() {
    for (key, after_one) in [("torn = [2]", true), ("torn_early = [2]", true)] {
        let seen = Seen::default();
        let (sdk, hcam, buffer, bytes) = started(key, &seen);
        sdk.step(1);
        assert_eq!(buffer.u32(5), 1);
        sdk.step(1);
        assert_eq!(buffer.u32(bytes + 5) == 18, after_one, "the frame one lap later");
        buffer.assert_counter(bytes + 80, 18, 64, 31, 16);
        let last_row = bytes + 80 + 63 * 64 * 2;
        assert_eq!(buffer.u16(last_row), 2 * 31 + 63 * 7, "the rest is still frame 2");
        assert_eq!(seen.take(), [1, 2]);
        sdk.abort(hcam);
    }
}

#[test]
fn an_unplugged_camera_is_gone_until_the_next_init() {
    let (seen, removed) = (Seen::default(), Seen::default());
    let (sdk, hcam, buffer, _) = started("unplug_after = 2", &seen);
    sdk.on(hcam, REMOVED, note, &removed);
    assert_eq!(sdk.control.step(0, 5, Duration::from_secs(10)), Some(2));
    support::eventually("the callback comes", || !removed.0.lock().unwrap().is_empty());
    assert_eq!(seen.take(), [1, 2]);
    let mut value = 0_i16;
    // SAFETY: the parameter's type.
    let result = unsafe { (sdk.f.pl_get_param)(hcam, PARAM_TEMP, 0, (&raw mut value).cast()) };
    sdk.fails(180, result);
    let (mut status, mut bytes) = (-1, 0);
    // SAFETY: places for the results.
    sdk.fails(180, unsafe { (sdk.f.pl_exp_check_status)(hcam, &raw mut status, &raw mut bytes) });
    assert_eq!(status, 4, "READOUT_FAILED");
    sdk.abort(hcam);
    sdk.fails(180, go(&sdk, hcam, &buffer));
    // SAFETY: plain numbers.
    sdk.ok(unsafe { (sdk.f.pl_cam_close)(hcam) });
    let mut handle = -1;
    // SAFETY: a C string and a place for the handle.
    sdk.fails(195, unsafe { (sdk.f.pl_cam_open)(c"pvcamUSB_0".as_ptr(), &raw mut handle, 0) });
}

#[test]
fn refused_starts_fail_and_then_succeed() {
    let sdk = Sdk::stepped("[camera.faults]\nrefuse_start = 2\nstart_error = 152\n");
    let (hcam, buffer, _) = ring(&sdk, 4);
    sdk.fails(152, go(&sdk, hcam, &buffer));
    sdk.fails(152, go(&sdk, hcam, &buffer));
    sdk.ok(go(&sdk, hcam, &buffer));
    sdk.abort(hcam);
    sdk.control.fault(0, "refuse_start = 1\n").unwrap();
    sdk.fails(199, go(&sdk, hcam, &buffer));
    sdk.control.fault(0, "").unwrap();
    sdk.ok(go(&sdk, hcam, &buffer));
    sdk.abort(hcam);
}

#[test]
fn a_sequence_with_a_lost_frame_never_completes() {
    let sdk = Sdk::stepped("[camera.faults]\nlose_before_host = [2]\n");
    let hcam = sdk.open_first();
    let buffer = Buffer::new(sdk.setup_seq(hcam, 3, REGION));
    // SAFETY: a buffer of the asked size, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    sdk.step(3);
    assert_ne!(sdk.status(hcam), COMPLETE);
    sdk.abort(hcam);
    sdk.control.fault(0, "").unwrap();
    // SAFETY: as above.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    sdk.step(3);
    assert_eq!((sdk.status(hcam), sdk.status(hcam)), (COMPLETE, COMPLETE), "it stays complete");
    sdk.abort(hcam);
}

#[test]
fn touching_the_camera_while_it_runs_kills_the_stream_silently() {
    for (keys, result, alive) in [("", 1, false), ("\"works\"", 1, true), ("\"error\"", 0, true)] {
        let keys = if keys.is_empty() { String::new() } else { format!("params_while_running = {keys}\n") };
        let sdk = Sdk::stepped(&keys);
        let (hcam, buffer, _) = ring(&sdk, 4);
        sdk.ok(go(&sdk, hcam, &buffer));
        sdk.step(1);
        assert_eq!(sdk.get::<u16>(hcam, support::PARAM_BIT_DEPTH, 0), 16, "the host knows that by itself");
        sdk.step(1);
        let mut temperature = 0_i16;
        // SAFETY: the parameter's type.
        let read = unsafe { (sdk.f.pl_get_param)(hcam, PARAM_TEMP, 0, (&raw mut temperature).cast()) };
        assert_eq!(read, result);
        assert_eq!(sdk.status(hcam) != NOT_ACTIVE, alive);
        let stats = sdk.control.stats(0).unwrap();
        assert_eq!(stats.params_while_running, 2);
        sdk.abort(hcam);
    }
}
