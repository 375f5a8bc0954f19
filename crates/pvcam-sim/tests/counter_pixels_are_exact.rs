//! On the counter scene every pixel of every frame is the one the formula says, in a sequence and in a ring.
mod support;

use support::buffer::Buffer;
use support::{
    COMPLETE, OVERWRITE, PARAM_GAIN_INDEX, PARAM_METADATA_ENABLED, PARAM_SPDTAB_INDEX, Region, Sdk,
};

#[test]
fn sequence_with_every_bit_depth() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    for (speed, gain, bits) in [(0_i16, 1_i16, 16), (0, 2, 12), (1, 3, 11)] {
        sdk.set(hcam, PARAM_SPDTAB_INDEX, speed);
        sdk.set(hcam, PARAM_GAIN_INDEX, gain);
        let bytes = sdk.setup_seq(hcam, 3, Region::new(100, 50, 640, 33));
        assert_eq!(bytes, 3 * 640 * 33 * 2);
        let buffer = Buffer::new(bytes);
        // SAFETY: a buffer of the asked size, stopped before it goes.
        sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
        sdk.step(3);
        assert_eq!(sdk.status(hcam), COMPLETE);
        for frame in 0..3 {
            buffer.assert_counter(frame * 640 * 33 * 2, frame as u32 + 1, 640, 33, bits);
        }
        assert_eq!(sdk.control.step(0, 1, std::time::Duration::from_secs(1)), None, "the sequence is over");
        sdk.abort(hcam);
    }
}

#[test]
fn ring_with_metadata_and_binning() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let region = Region { s1: 0, s2: 101, sbin: 2, p1: 4, p2: 44, pbin: 2 };
    let bytes = sdk.setup_cont(hcam, region, OVERWRITE);
    // 41 rows make 20 binned ones.
    assert_eq!(bytes, 80 + 51 * 20 * 2);
    let buffer = Buffer::new(4 * bytes);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    sdk.step(6);
    for (slot, frame) in [(0, 5), (1, 6), (2, 3), (3, 4)] {
        let at = slot * bytes as usize;
        assert_eq!(buffer.u32(at), 5_328_208, "signature");
        assert_eq!(buffer.u8(at + 4), 2, "version");
        assert_eq!(buffer.u32(at + 5), frame, "frame number");
        assert_eq!(buffer.u32(at + 48 + 25), 51 * 20 * 2, "bytes of the region");
        buffer.assert_counter(at + 80, frame, 51, 20, 16);
    }
    sdk.abort(hcam);
}
