//! `pl_md_create_frame_struct` and `pl_md_frame_decode`.

use std::ffi::c_void;

use serde_json::{Value, json};

use crate::memory::{Frame, FrameRoi, bytes, call, code, expect, number, release};

/// The buffer with 64 zero bytes behind it, as in the recording.
fn padded(hex: &Value) -> Vec<u8> {
    let mut buffer = bytes(hex);
    buffer.extend([0; 64]);
    buffer
}

fn offset(buffer: &[u8], pointer: *mut c_void) -> Value {
    if pointer.is_null() { Value::Null } else { json!(pointer as usize - buffer.as_ptr() as usize) }
}

pub fn once(vector: &Value, slip: bool) {
    let (input, out) = (&vector["in"], &vector["out"]);
    let mut buffer = padded(&input["buffer"]);
    let size = u32::try_from(number(&input["size"])).unwrap();
    let start = buffer.as_mut_ptr().cast::<c_void>();
    let mut frame = std::ptr::null_mut::<Frame>();
    let created = match input["capacity"].as_u64() {
        None => {
            call!(pl_md_create_frame_struct(&raw mut frame => *mut *mut Frame, start => *mut c_void, size => u32))
        }
        Some(capacity) => call!(pl_md_create_frame_struct_cont(
            &raw mut frame => *mut *mut Frame, u16::try_from(capacity).unwrap() => u16)),
    };
    expect(vector, &out["create"], created);
    if frame.is_null() {
        assert!(out.get("frame").is_none(), "{}", vector["id"]);
        return;
    }
    let ret = call!(pl_md_frame_decode(frame => *mut Frame, start => *mut c_void, size => u32));
    if slip {
        assert_eq!((ret, code()), (0, 172), "{}", vector["id"]);
    } else {
        expect(vector, &out["decode"], ret);
        // SAFETY: just made by the library.
        assert_eq!(describe(&buffer, unsafe { &*frame }, ret == 1), out["frame"], "{}", vector["id"]);
    }
    release(frame);
}

/// The structure as the vectors write it: on failure every entry, up to 64, else the decoded ones.
fn describe(buffer: &[u8], frame: &Frame, decoded: bool) -> Value {
    let listed = if decoded { usize::from(frame.count) } else { usize::from(frame.capacity).min(64) };
    let roi = |roi: &FrameRoi| {
        json!({
            "header": offset(buffer, roi.header),
            "data": offset(buffer, roi.data),
            "dataSize": roi.data_size,
            "extMdData": offset(buffer, roi.ext),
            "extMdDataSize": roi.ext_size,
        })
    };
    json!({
        "header": offset(buffer, frame.header),
        "extMdData": offset(buffer, frame.ext),
        "extMdDataSize": frame.ext_size,
        "impliedRoi": frame.implied.ends,
        "roiCapacity": frame.capacity,
        "roiCount": frame.count,
        "rois": frame.all_rois()[..listed].iter().map(roi).collect::<Vec<_>>(),
    })
}

pub fn twice(vector: &Value) {
    let (input, out) = (&vector["in"], &vector["out"]);
    let mut first = bytes(&input["first"]);
    let mut second = bytes(&input["second"]);
    let capacity = u16::try_from(number(&input["capacity"])).unwrap();
    let frame = Frame::with_capacity(capacity);
    let decode = |buffer: &mut Vec<u8>| {
        let size = u32::try_from(buffer.len()).unwrap();
        call!(pl_md_frame_decode(frame => *mut Frame, buffer.as_mut_ptr().cast() => *mut c_void, size => u32))
    };
    assert_eq!(i64::from(decode(&mut first)), number(&out["first_ret"]), "{}", vector["id"]);
    let ret = decode(&mut second);
    expect(vector, out, ret);
    let place = |pointer: *mut c_void| {
        let within = |buffer: &[u8]| buffer.as_ptr_range().contains(&pointer.cast_const().cast());
        if pointer.is_null() {
            Value::Null
        } else if within(&first) {
            json!(["first", offset(&first, pointer)])
        } else {
            json!(["second", offset(&second, pointer)])
        }
    };
    // SAFETY: just made by the library.
    let decoded = unsafe { &*frame };
    let roi = |roi: &FrameRoi| json!({ "header": place(roi.header), "data": place(roi.data), "dataSize": roi.data_size });
    let rois: Vec<_> = decoded.all_rois().iter().map(roi).collect();
    let id = &vector["id"];
    assert_eq!(place(decoded.header), out["header"], "{id}");
    assert_eq!(place(decoded.ext), out["extMdData"], "{id}");
    assert_eq!(json!(decoded.ext_size), out["extMdDataSize"], "{id}");
    assert_eq!(json!(decoded.implied.ends), out["impliedRoi"], "{id}");
    assert_eq!(json!(decoded.count), out["roiCount"], "{id}");
    assert_eq!(json!(rois), out["rois"], "{id}");
    release(frame);
}
