//! `pl_md_frame_recompose`.

use std::ffi::c_void;

use serde_json::Value;

use crate::memory::{Frame, bytes, call, code, expect, number, release};

/// Guard bytes around the picture: nothing may be written there.
const GUARD: usize = 4096;

pub fn check(vector: &Value, slip: bool) {
    let (input, out) = (&vector["in"], &vector["out"]);
    let mut buffer = bytes(&input["buffer"]);
    let size = u32::try_from(buffer.len()).unwrap();
    buffer.extend([0; 64]);
    let start = buffer.as_mut_ptr().cast::<c_void>();
    let mut frame = std::ptr::null_mut::<Frame>();
    let created = call!(pl_md_create_frame_struct(&raw mut frame => *mut *mut Frame, start => *mut c_void, size => u32));
    assert_eq!(created, 1, "{}", vector["id"]);
    call!(pl_md_frame_decode(frame => *mut Frame, start => *mut c_void, size => u32));

    let fill = bytes(&input["dst_fill"])[0];
    let length = usize::try_from(number(&input["dst_bytes"])).unwrap();
    let mut picture = vec![fill; length + 2 * GUARD];
    let word = |key: &str| u16::try_from(number(&input[key])).unwrap();
    let ret = call!(pl_md_frame_recompose(
        picture[GUARD..].as_mut_ptr().cast() => *mut c_void,
        word("offX") => u16, word("offY") => u16, word("dstWidth") => u16, word("dstHeight") => u16,
        frame => *mut Frame,
    ));
    let id = &vector["id"];
    if slip {
        assert_eq!(ret, 0, "{id}");
        assert!([172, 192].contains(&code()), "{id}: {}", code());
        assert!(picture.iter().all(|&byte| byte == fill), "{id}");
    } else {
        expect(vector, out, ret);
        assert_eq!(picture[GUARD..GUARD + length], bytes(&out["dst"]), "{id}");
        let untouched = picture[..GUARD].iter().chain(&picture[GUARD + length..]).all(|&byte| byte == fill);
        assert!(untouched, "{id}");
    }
    release(frame);
}
