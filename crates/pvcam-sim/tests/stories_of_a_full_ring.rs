//! A full locking ring overwrites and says so, drops frames, or ends the stream, as the story has it.
mod support;

use support::buffer::Buffer;
use support::{NO_OVERWRITE, NOT_ACTIVE, OVERWRITE, PARAM_METADATA_ENABLED, Region, Sdk, Seen, note};

const SLOTS: u32 = 4;
const REGION: Region = Region::new(0, 0, 64, 16);

/// A running ring of four slots with metadata on.
fn start(sdk: &Sdk, mode: i16) -> (i16, Buffer, usize) {
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let bytes = sdk.setup_cont(hcam, REGION, mode);
    let buffer = Buffer::new(SLOTS * bytes);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    (hcam, buffer, bytes as usize)
}

/// The camera's frame number in each slot.
fn tags(buffer: &Buffer, bytes: usize) -> Vec<u32> {
    (0..SLOTS as usize).map(|slot| buffer.u32(slot * bytes + 5)).collect()
}

#[test]
fn flag_error_overwrites_and_fails_once() {
    let sdk = Sdk::stepped("no_overwrite = \"flag_error\"\n");
    let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
    sdk.step(4);
    assert_eq!(sdk.oldest(hcam).unwrap().1.frame_nr, 1);
    sdk.step(1);
    assert_eq!(tags(&buffer, bytes), [5, 2, 3, 4], "the oldest slot went");
    assert_eq!(sdk.oldest(hcam).unwrap_err(), 173);
    let (address, info) = sdk.oldest(hcam).unwrap();
    assert_eq!((address, info.frame_nr), (buffer.address() + bytes, 2), "the oldest that is left");
    assert_eq!(sdk.control.stats(0).unwrap().overruns, 1);
    sdk.abort(hcam);
}

#[test]
fn lossy_drops_until_an_unlock_and_goes_on_in_ring_order() {
    let sdk = Sdk::stepped("no_overwrite = \"lossy\"\n");
    let seen = Seen::default();
    let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
    sdk.on_eof(hcam, note, &seen);
    sdk.step(7);
    assert_eq!(tags(&buffer, bytes), [1, 2, 3, 4], "frames 5 to 7 found no slot");
    assert_eq!(seen.take(), [1, 2, 3, 4]);
    sdk.unlock(hcam);
    sdk.step(2);
    assert_eq!(tags(&buffer, bytes), [8, 2, 3, 4], "frame 8 took the freed slot, not slot 7 mod 4");
    assert_eq!(seen.take(), [8]);
    assert_eq!(sdk.latest(hcam).0, buffer.address());
    let stats = sdk.control.stats(0).unwrap();
    assert_eq!((stats.produced, stats.written, stats.ring_full_drops, stats.unlocks), (9, 5, 4, 1));
    sdk.abort(hcam);
}

#[test]
fn lossy_may_number_only_what_it_stores() {
    let sdk = Sdk::stepped("no_overwrite = \"lossy\"\nframe_nr_counts_lost = false\n");
    let seen = Seen::default();
    let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
    sdk.on_eof(hcam, note, &seen);
    sdk.step(7);
    sdk.unlock(hcam);
    sdk.step(1);
    assert_eq!(seen.take(), [1, 2, 3, 4, 5]);
    assert_eq!(tags(&buffer, bytes), [8, 2, 3, 4], "the camera's own counter knows");
    sdk.abort(hcam);
}

#[test]
fn halt_ends_the_stream_without_an_error() {
    let sdk = Sdk::stepped("no_overwrite = \"halt\"\n");
    let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
    sdk.step(4);
    assert_ne!(sdk.status(hcam), NOT_ACTIVE);
    sdk.step(1);
    assert_eq!(sdk.status(hcam), NOT_ACTIVE);
    assert_eq!(tags(&buffer, bytes), [1, 2, 3, 4]);
    sdk.unlock(hcam);
    assert_eq!(sdk.control.step(0, 1, std::time::Duration::from_secs(1)), None, "an unlock comes too late");
    sdk.abort(hcam);
}

#[test]
fn an_unlocked_ring_never_fills() {
    for story in ["flag_error", "lossy", "halt"] {
        let sdk = Sdk::stepped(&format!("no_overwrite = \"{story}\"\n"));
        let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
        for frame in 1..=9 {
            sdk.step(1);
            assert_eq!(sdk.oldest(hcam).unwrap().1.frame_nr, frame);
            sdk.unlock(hcam);
        }
        assert_eq!(sdk.oldest(hcam).unwrap_err(), 169);
        assert_eq!(tags(&buffer, bytes), [9, 6, 7, 8]);
        sdk.unlock(hcam);
        sdk.abort(hcam);
    }
}

#[test]
fn overwrite_mode_needs_no_unlock_under_any_story() {
    for story in ["flag_error", "lossy", "halt"] {
        let sdk = Sdk::stepped(&format!("no_overwrite = \"{story}\"\n"));
        let (hcam, buffer, bytes) = start(&sdk, OVERWRITE);
        sdk.step(6);
        assert_eq!(tags(&buffer, bytes), [5, 6, 3, 4]);
        assert_eq!(sdk.oldest(hcam).unwrap().1.frame_nr, 3);
        sdk.abort(hcam);
    }
}

#[test]
fn the_story_changes_only_while_idle() {
    let sdk = Sdk::stepped("");
    let (hcam, buffer, bytes) = start(&sdk, NO_OVERWRITE);
    assert!(sdk.control.story(0, pvcam_sim::NoOverwrite::Lossy).is_err());
    sdk.abort(hcam);
    sdk.control.story(0, pvcam_sim::NoOverwrite::Lossy).unwrap();
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    sdk.step(6);
    assert_eq!(tags(&buffer, bytes), [1, 2, 3, 4]);
    sdk.abort(hcam);
}
