//! Structures, versions and messages.

use std::ffi::{CStr, c_char, c_void};

use serde_json::{Value, json};

use crate::memory::{Frame, call, code, expect, number, release};

#[repr(C)]
struct SmartStream {
    entries: u16,
    params: *mut u32,
}

pub fn smart_stream(vector: &Value) {
    let (input, out) = (&vector["in"], &vector["out"]);
    let entries = u16::try_from(number(&input["entries"])).unwrap();
    let mut list = std::ptr::null_mut::<SmartStream>();
    let ret = call!(pl_create_smart_stream_struct(&raw mut list => *mut *mut SmartStream, entries => u16));
    expect(vector, &out["create"], ret);
    // SAFETY: the library just made it.
    let (made, params) = unsafe { ((*list).entries, (*list).params) };
    assert_eq!(json!(made), out["entries"]);
    assert_eq!(json!(params.is_null()), out["params_null"]);
    // SAFETY: `entries` values were allocated.
    let zero = (0..usize::from(entries)).all(|at| unsafe { params.add(at).read() } == 0);
    assert_eq!(json!(zero), out["params_all_zero"]);
    let ret = call!(pl_release_smart_stream_struct(&raw mut list => *mut *mut SmartStream));
    expect(vector, &out["release"], ret);
    assert!(list.is_null());
    let ret = call!(pl_release_smart_stream_struct(&raw mut list => *mut *mut SmartStream));
    expect(vector, &out["release_again"], ret);
}

pub fn frame_info(vector: &Value) {
    let out = &vector["out"];
    let mut info = std::ptr::null_mut::<[u8; 48]>();
    let ret = call!(pl_create_frame_info_struct(&raw mut info => *mut *mut [u8; 48]));
    expect(vector, &out["create"], ret);
    // SAFETY: the library just made 48 bytes.
    assert_eq!(unsafe { *info }.to_vec(), crate::memory::bytes(&out["bytes"]));
    let ret = call!(pl_release_frame_info_struct(info => *mut [u8; 48]));
    expect(vector, &out["release"], ret);
}

pub fn create_cont(vector: &Value) {
    let out = &vector["out"];
    let count = u16::try_from(number(&vector["in"]["roiCount"])).unwrap();
    let mut frame = std::ptr::null_mut::<Frame>();
    let ret = call!(pl_md_create_frame_struct_cont(&raw mut frame => *mut *mut Frame, count => u16));
    expect(vector, out, ret);
    // SAFETY: the library just made it.
    let made = unsafe { &*frame };
    assert!(made.header.is_null() && made.ext.is_null() && made.ext_size == 0);
    assert_eq!(json!(made.implied.ends), out["impliedRoi"]);
    assert_eq!(json!(made.rois.is_null()), out["roiArray_null"]);
    assert_eq!(json!(made.capacity), out["roiCapacity"]);
    assert_eq!(json!(made.count), out["roiCount"]);
    let zero = made
        .all_rois()
        .iter()
        .all(|roi| roi.header.is_null() && roi.data.is_null() && roi.data_size == 0 && roi.ext.is_null());
    assert_eq!(json!(zero), out["rois_zero"]);
    release(frame);
}

pub fn version(vector: &Value) {
    let out = &vector["out"];
    // SAFETY: this file has one test, so no other thread reads the environment.
    unsafe {
        match vector["in"]["PVCAM_VERSION"].as_str() {
            Some(version) => std::env::set_var("PVCAM_VERSION", version),
            None => std::env::remove_var("PVCAM_VERSION"),
        }
    }
    let mut found = 0xBEEF_u16;
    let ret = call!(pl_pvcam_get_ver(&raw mut found => *mut u16));
    expect(vector, out, ret);
    assert_eq!(format!("{found:#06x}"), out["version"].as_str().unwrap(), "{}", vector["id"]);
}

pub fn error_message(vector: &Value) {
    let out = &vector["out"];
    let wanted = i16::try_from(number(&vector["in"]["code"])).unwrap();
    let mut text = [0x5A_u8; 300];
    let ret = call!(pl_error_message(wanted => i16, text.as_mut_ptr().cast() => *mut c_char));
    assert_eq!(json!(ret), out["ret"]);
    assert!(text[255..].iter().all(|&byte| byte == 0x5A), "255 bytes are written");
    assert!(!text[..255].contains(&0x5A), "all 255 bytes are written");
    let message = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap();
    let name = message[message.rfind('(').unwrap() + 1..].strip_suffix(')').unwrap();
    assert_eq!(json!(name), out["name_in_brackets"]);
    assert!(text[message.len()..255].iter().all(|&byte| byte == 0), "the rest is zero");
}

pub fn null_and_lifetime(vector: &Value, slip: bool) {
    let null = std::ptr::null_mut::<c_void>();
    let mut some = [0_u8; 64];
    let some = some.as_mut_ptr().cast::<c_void>();
    let mut pointer = std::ptr::null_mut::<c_void>();
    let place = &raw mut pointer;
    let no_place = std::ptr::null_mut::<*mut c_void>();
    let frame = Frame::with_capacity(1);
    type Place = *mut *mut c_void;
    let ret = match vector["in"]["what"].as_str().unwrap() {
        "create_null" => call!(pl_create_smart_stream_struct(no_place => Place, 1 => u16)),
        "release_null" => call!(pl_release_smart_stream_struct(no_place => Place)),
        "release_pointer_to_null" => call!(pl_release_smart_stream_struct(place => Place)),
        "frame_info_create_null" => call!(pl_create_frame_info_struct(no_place => Place)),
        "frame_info_release_null" => call!(pl_release_frame_info_struct(null => *mut c_void)),
        "md_create_cont_null" => call!(pl_md_create_frame_struct_cont(no_place => Place, 1 => u16)),
        "md_create_null" => {
            call!(pl_md_create_frame_struct(no_place => Place, some => *mut c_void, 64 => u32))
        }
        "md_create_null_buf" => {
            call!(pl_md_create_frame_struct(place => Place, null => *mut c_void, 64 => u32))
        }
        "md_release_null" => call!(pl_md_release_frame_struct(null => *mut c_void)),
        "md_decode_null_frame" => {
            call!(pl_md_frame_decode(null => *mut c_void, some => *mut c_void, 64 => u32))
        }
        "md_decode_null_buf" => {
            call!(pl_md_frame_decode(frame => *mut Frame, null => *mut c_void, 64 => u32))
        }
        "md_release_roiarray_null" => {
            // A structure of our own, as the library is to refuse it.
            let mut bare = [0_u64; 6];
            call!(pl_md_release_frame_struct(bare.as_mut_ptr().cast() => *mut c_void))
        }
        "md_recompose_null_dst" => call!(pl_md_frame_recompose(
            null => *mut c_void, 0 => u16, 0 => u16, 1 => u16, 1 => u16, frame => *mut Frame)),
        "md_recompose_null_frame" => call!(pl_md_frame_recompose(
            some => *mut c_void, 0 => u16, 0 => u16, 1 => u16, 1 => u16, null => *mut c_void)),
        "md_recompose_undecoded" => call!(pl_md_frame_recompose(
            some => *mut c_void, 0 => u16, 0 => u16, 1 => u16, 1 => u16, frame => *mut Frame)),
        "md_create_fail_pointer" => {
            call!(pl_md_create_frame_struct(place => Place, some => *mut c_void, 64 => u32))
        }
        "md_release_twice" => {
            release(frame);
            return;
        }
        other => panic!("unknown case {other}"),
    };
    if slip {
        assert_eq!((ret, code()), (0, 192), "{}", vector["id"]);
    } else {
        expect(vector, &vector["out"], ret);
    }
    assert!(pointer.is_null(), "{}: the output is untouched", vector["id"]);
    release(frame);
}
