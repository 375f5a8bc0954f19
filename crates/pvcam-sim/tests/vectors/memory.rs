//! Addresses, bytes and structures as the vectors write them.

use std::ffi::{CStr, CString, c_void};

use serde_json::Value;

/// Address of an exported function.
pub fn address(name: &str) -> *mut c_void {
    pvcam_sim::lookup(&CString::new(name).unwrap())
        .unwrap_or_else(|| panic!("{name} is not exported"))
        .as_ptr()
}

/// Calls an exported function by its C signature.
macro_rules! call {
    ($name:ident($($value:expr => $ty:ty),* $(,)?)) => {{
        // SAFETY: the signature is that of the fact table, and the arguments are what the case asks for.
        unsafe {
            let function: unsafe extern "C" fn($($ty),*) -> u16 =
                std::mem::transmute($crate::memory::address(stringify!($name)));
            function($($value),*)
        }
    }};
}
pub(crate) use call;

pub fn code() -> i16 {
    // SAFETY: the signature is that of the fact table.
    unsafe {
        let function: unsafe extern "C" fn() -> i16 = std::mem::transmute(address("pl_error_code"));
        function()
    }
}

/// Result and code of a call against the expected `{ret, code}`.
#[track_caller]
pub fn expect(vector: &Value, out: &Value, ret: u16) {
    let found = (i64::from(ret), i64::from(code()));
    assert_eq!(found, (number(&out["ret"]), number(&out["code"])), "{}", vector["id"]);
}

#[track_caller]
pub fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

pub fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub ends: [u16; 6],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FrameRoi {
    pub header: *mut c_void,
    pub data: *mut c_void,
    pub data_size: u32,
    pub ext: *mut c_void,
    pub ext_size: u16,
}

#[repr(C)]
pub struct Frame {
    pub header: *mut c_void,
    pub ext: *mut c_void,
    pub ext_size: u16,
    pub implied: Region,
    pub rois: *mut FrameRoi,
    pub capacity: u16,
    pub count: u16,
}

impl Frame {
    /// A structure with room for `capacity` regions.
    pub fn with_capacity(capacity: u16) -> *mut Self {
        let mut frame = std::ptr::null_mut();
        let ret = call!(pl_md_create_frame_struct_cont(&raw mut frame => *mut *mut Frame, capacity => u16));
        assert_eq!((ret, code()), (1, 0));
        frame
    }

    pub fn all_rois(&self) -> &[FrameRoi] {
        // SAFETY: made with this capacity.
        unsafe { std::slice::from_raw_parts(self.rois, self.capacity.into()) }
    }
}

pub fn release(frame: *mut Frame) {
    assert_eq!(call!(pl_md_release_frame_struct(frame => *mut Frame)), 1);
}

/// Name of a tag.
pub fn text(name: *const std::ffi::c_char) -> String {
    // SAFETY: the library's names are C strings.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap().to_owned()
}
