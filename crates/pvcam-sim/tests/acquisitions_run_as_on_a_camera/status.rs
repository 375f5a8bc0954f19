//! What the status calls tell before, during and after an acquisition, and what ends one.

use std::time::{Duration, Instant};

use crate::run::{INTERNAL, REGION, Run, kinetix};
use crate::support::buffer::Buffer;
use crate::support::{COMPLETE, EXPOSING, FrameInfo, NOT_ACTIVE, OVERWRITE, Region, Sdk, loaded};

const READING: i16 = 2;
const AVAILABLE: i16 = 3;

fn sequence_status(sdk: &Sdk, hcam: i16) -> (i16, u32) {
    let (mut status, mut bytes) = (-1, 0);
    // SAFETY: places for the results.
    sdk.ok(unsafe { (sdk.f.pl_exp_check_status)(hcam, &raw mut status, &raw mut bytes) });
    (status, bytes)
}

/// Status, bytes of this pass, passes, and the number of the newest frame.
fn ring_status(sdk: &Sdk, hcam: i16) -> (i16, u32, u32, i32) {
    let (mut status, mut bytes, mut passes, mut info) = (-1, 0, 0, FrameInfo::default());
    // SAFETY: places for the results.
    sdk.ok(unsafe {
        (sdk.f.pl_exp_check_cont_status_ex)(
            hcam,
            &raw mut status,
            &raw mut bytes,
            &raw mut passes,
            &raw mut info,
        )
    });
    (status, bytes, passes, info.frame_nr)
}

#[test]
fn a_sequence_counts_up_to_its_bytes_and_stays_complete() {
    let (sdk, hcam) = kinetix("");
    let bytes = sdk.setup_seq(hcam, 4, REGION);
    let buffer = Buffer::new(bytes);
    assert_eq!(sequence_status(&sdk, hcam), (NOT_ACTIVE, 0), "set up is not started");
    let start = || {
        // SAFETY: the buffer has the bytes that the setup told, and outlives the sequence.
        sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    };
    start();
    for frame in 0..4 {
        assert_eq!(sequence_status(&sdk, hcam), (EXPOSING, frame * bytes / 4));
        sdk.step(1);
    }
    for _ in 0..3 {
        assert_eq!(sequence_status(&sdk, hcam), (COMPLETE, bytes), "as often as it is asked");
    }
    // SAFETY: the sequence's own buffer.
    sdk.ok(unsafe { (sdk.f.pl_exp_finish_seq)(hcam, buffer.pointer(), 0) });
    assert_eq!(sequence_status(&sdk, hcam), (NOT_ACTIVE, 0), "until it is finished");
    start();
    sdk.step(4);
    assert_eq!(sequence_status(&sdk, hcam), (COMPLETE, bytes));
    sdk.setup_seq(hcam, 2, REGION);
    assert_eq!(sequence_status(&sdk, hcam), (NOT_ACTIVE, 0), "or until the next setup");
}

#[test]
fn a_ring_counts_bytes_of_this_pass_and_passes() {
    let (sdk, hcam) = kinetix("");
    let run = Run::start(&sdk, hcam, INTERNAL, 1);
    let bytes = u32::try_from(run.bytes).unwrap();
    assert_eq!(ring_status(&sdk, hcam), (EXPOSING, 0, 0, 0));
    for frame in 1..=10_i32 {
        assert_eq!(run.step(1), 1);
        let stored = u32::try_from(frame).unwrap();
        assert_eq!(ring_status(&sdk, hcam), (AVAILABLE, stored % 4 * bytes, stored / 4, frame));
        assert_eq!(ring_status(&sdk, hcam).0, EXPOSING, "a frame is told of once");
    }
    drop(run);
    assert_eq!(ring_status(&sdk, hcam), (NOT_ACTIVE, 0, 0, 0));
}

#[test]
fn through_a_readout_nothing_goes_backwards() {
    // A full frame of the slowest port: 192 ms of readout.
    let sdk = loaded::start("[[camera]]\nmodel = \"kinetix-pcie\"\nscene = \"stamp\"\n");
    let hcam = sdk.open("pvcamPCIE_0");
    sdk.set(hcam, crate::support::PARAM_READOUT_PORT, 3_i32);
    let bytes = sdk.setup_seq(hcam, 3, Region::new(0, 0, 64, 3200));
    let buffer = Buffer::new(bytes);
    // SAFETY: the buffer has the bytes that the setup told, and outlives the sequence.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    let (deadline, mut seen) = (Instant::now() + Duration::from_secs(30), Vec::new());
    loop {
        let now = sequence_status(&sdk, hcam);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if now.0 == COMPLETE {
            break;
        }
        assert!(Instant::now() < deadline, "{seen:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{seen:?}");
    assert!(seen.iter().all(|&(_, bytes_now)| bytes_now % (bytes / 3) == 0), "whole frames: {seen:?}");
    assert!(seen.iter().any(|now| now.0 == READING), "a readout of 192 ms is seen: {seen:?}");
    assert_eq!(seen.last(), Some(&(COMPLETE, bytes)), "all of it, the moment it is complete");
    sdk.abort(hcam);
}

#[test]
fn each_way_to_end_stops_at_once_and_an_unknown_one_stops_nothing() {
    let (sdk, hcam) = kinetix("");
    let frame = sdk.setup_cont(hcam, REGION, OVERWRITE);
    let buffer = Buffer::new(4 * frame);
    let ways = [sdk.f.pl_exp_abort, sdk.f.pl_exp_stop_cont];
    for way in ways {
        for state in 0..=6 {
            // SAFETY: the buffer is of whole frames, and stopped before it goes.
            sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
            sdk.step(2);
            for unknown in [-1, 7] {
                // SAFETY: plain numbers.
                sdk.fails(183, unsafe { way(hcam, unknown) });
            }
            sdk.step(1);
            assert_eq!(sdk.status(hcam), AVAILABLE, "the control: refused, it goes on");
            // SAFETY: plain numbers.
            sdk.ok(unsafe { way(hcam, state) });
            assert_eq!(sdk.status(hcam), NOT_ACTIVE, "state {state}");
            let before = buffer.bytes(0, buffer.len() as usize);
            assert_eq!(sdk.control.step(hcam, 1, Duration::from_secs(1)), None);
            assert!(before == buffer.bytes(0, buffer.len() as usize), "nothing is written any more");
            // SAFETY: plain numbers.
            sdk.ok(unsafe { way(hcam, state) });
        }
    }
}
