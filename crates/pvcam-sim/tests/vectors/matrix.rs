//! Every exported function, not initialised and initialised without a camera, with good, null and odd arguments.

use std::cell::RefCell;
use std::ffi::c_void;

use pvcam_sim::Control;
use serde_json::Value;

use crate::memory::{address, code, number};

/// Bytes behind each pointer argument, as in the recording; a zero follows, so that a text ends somewhere.
const ROOM: usize = 8192;

/// One case: what differs from the good arguments, and the memory of its pointer arguments.
struct Case<'a> {
    text: &'a str,
    memory: RefCell<Vec<(&'static str, Vec<u64>)>>,
}

/// An argument that a case may replace.
trait Argument: Sized {
    fn of(case: &Case<'_>, name: &'static str, good: i64) -> Self;
}

macro_rules! number_argument {
    ($($ty:ty),+) => {$(
        impl Argument for $ty {
            fn of(case: &Case<'_>, name: &'static str, good: i64) -> Self {
                let changed = case.text.split(", ").find_map(|change| change.strip_prefix(name)?.strip_prefix('='));
                changed.map_or(good as $ty, |value| value.parse().unwrap())
            }
        }
    )+};
}
number_argument!(i16, u16, i32, u32, f64);

impl Argument for *mut c_void {
    fn of(case: &Case<'_>, name: &'static str, _good: i64) -> Self {
        let null = case.text == "all pointers NULL"
            || case.text.split(", ").any(|change| change == format!("{name}=NULL"));
        if null {
            return std::ptr::null_mut();
        }
        let mut memory = good_memory(name);
        let pointer = memory.as_mut_ptr().cast();
        case.memory.borrow_mut().push((name, memory));
        pointer
    }
}

/// 8 KiB of 0xA5, but a frame or a block where the function reads one.
fn good_memory(name: &str) -> Vec<u64> {
    let mut memory = vec![0xA5A5_A5A5_A5A5_A5A5_u64; ROOM / 8];
    memory.push(0);
    let start = memory.as_mut_ptr().cast::<u8>();
    let put = |at: usize, bytes: &[u8]| {
        // SAFETY: a few bytes at the front of 8 KiB.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.add(at), bytes.len()) }
    };
    match name {
        "pSrcBuf" => put(0, &[0x50, 0x4D, 0x51, 0, 1, 1, 0, 0, 0, 1, 0]),
        "pExtMdPtr" => put(0, &[0xFF]),
        // s1, s2, sbin, p1, p2, pbin of a region of 4 x 3 pixels.
        "rgn_array" => put(0, &[0, 0, 3, 0, 1, 0, 0, 0, 2, 0, 1, 0]),
        _ => {}
    }
    memory
}

/// Declares the functions with their arguments, and calls the one that a case names.
macro_rules! functions {
    ($($name:ident($($argument:ident: $ty:ty $(= $good:expr)?),* $(,)?);)+) => {
        #[expect(non_snake_case, reason = "arguments are called as in the recording")]
        fn call(function: &str, case: &Case<'_>) -> u16 {
            match function {
                $(stringify!($name) => {
                    $(let $argument = <$ty as Argument>::of(case, stringify!($argument), 0 $(+ $good)?);)*
                    // SAFETY: the signature is that of the fact table; pointers have 8 KiB behind them.
                    unsafe {
                        let function: unsafe extern "C" fn($($ty),*) -> u16 =
                            std::mem::transmute(address(stringify!($name)));
                        function($($argument),*)
                    }
                })+
                other => panic!("no such function: {other}"),
            }
        }
    };
}

type Pointer = *mut c_void;

functions! {
    pl_pvcam_get_ver(pvcam_version: Pointer);
    pl_cam_close(hcam: i16);
    pl_cam_get_name(cam_num: i16, camera_name: Pointer);
    pl_cam_get_total(totl_cams: Pointer);
    pl_cam_open(camera_name: Pointer, hcam: Pointer, o_mode: i16);
    pl_cam_register_callback(hcam: i16, callback_event: i32 = 1, callback: Pointer);
    pl_cam_register_callback_ex(hcam: i16, callback_event: i32 = 1, callback: Pointer, context: Pointer);
    pl_cam_register_callback_ex2(hcam: i16, callback_event: i32 = 1, callback: Pointer);
    pl_cam_register_callback_ex3(hcam: i16, callback_event: i32 = 1, callback: Pointer, context: Pointer);
    pl_cam_deregister_callback(hcam: i16, callback_event: i32 = 1);
    pl_get_param(hcam: i16, param_id: u32 = 0x0602_0039, param_attribute: i16, param_value: Pointer);
    pl_set_param(hcam: i16, param_id: u32 = 0x0602_0039, param_value: Pointer);
    pl_get_enum_param(hcam: i16, param_id: u32 = 0x0602_0039, index: u32, value: Pointer, desc: Pointer, length: u32 = 100);
    pl_enum_str_length(hcam: i16, param_id: u32 = 0x0602_0039, index: u32, length: Pointer);
    pl_pp_reset(hcam: i16);
    pl_create_smart_stream_struct(array: Pointer, entries: u16 = 4);
    pl_release_smart_stream_struct(array: Pointer);
    pl_create_frame_info_struct(new_frame: Pointer);
    pl_release_frame_info_struct(frame_to_delete: Pointer);
    pl_exp_setup_seq(hcam: i16, exp_total: u16 = 1, rgn_total: u16 = 1, rgn_array: Pointer, exp_mode: i16, exposure_time: u32 = 10, exp_bytes: Pointer);
    pl_exp_start_seq(hcam: i16, pixel_stream: Pointer);
    pl_exp_setup_cont(hcam: i16, rgn_total: u16 = 1, rgn_array: Pointer, exp_mode: i16, exposure_time: u32 = 10, exp_bytes: Pointer, buffer_mode: i16 = 1);
    pl_exp_start_cont(hcam: i16, pixel_stream: Pointer, size: u32 = 24);
    pl_exp_trigger(hcam: i16, flags: Pointer, value: u32);
    pl_exp_check_status(hcam: i16, status: Pointer, bytes_arrived: Pointer);
    pl_exp_check_cont_status(hcam: i16, status: Pointer, bytes_arrived: Pointer, buffer_cnt: Pointer);
    pl_exp_check_cont_status_ex(hcam: i16, status: Pointer, byte_cnt: Pointer, buffer_cnt: Pointer, frame_info: Pointer);
    pl_exp_get_latest_frame(hcam: i16, frame: Pointer);
    pl_exp_get_latest_frame_ex(hcam: i16, frame: Pointer, frame_info: Pointer);
    pl_exp_get_oldest_frame(hcam: i16, frame: Pointer);
    pl_exp_get_oldest_frame_ex(hcam: i16, frame: Pointer, frame_info: Pointer);
    pl_exp_unlock_oldest_frame(hcam: i16);
    pl_exp_stop_cont(hcam: i16, cam_state: i16);
    pl_exp_abort(hcam: i16, cam_state: i16);
    pl_exp_finish_seq(hcam: i16, pixel_stream: Pointer, hbuf: i16);
    pl_io_script_control(hcam: i16, addr: u16, state: f64, location: u32);
    pl_io_clear_script_control(hcam: i16);
    pl_md_frame_decode(pDstFrame: Pointer, pSrcBuf: Pointer, srcBufSize: u32 = 48);
    pl_md_frame_recompose(pDstBuf: Pointer, offX: u16, offY: u16, dstWidth: u16 = 4, dstHeight: u16 = 3, pSrcFrame: Pointer);
    pl_md_create_frame_struct_cont(pFrame: Pointer, roiCount: u16 = 1);
    pl_md_create_frame_struct(pFrame: Pointer, pSrcBuf: Pointer, srcBufSize: u32 = 48);
    pl_md_release_frame_struct(pFrame: Pointer);
    pl_md_read_extended(pOutput: Pointer, pExtMdPtr: Pointer, extMdSize: u32 = 1);
}

/// Runs all cases and returns how many there were. What the create functions hand out is left to the end of
/// the process: a case frees nothing.
fn run(cases: &Value) -> usize {
    for entry in cases.as_array().unwrap() {
        let function = entry["function"].as_str().unwrap();
        let text = entry["case"].as_str().unwrap();
        let case = Case { text, memory: RefCell::default() };
        let ret = call(function, &case);
        let found = (i64::from(ret), i64::from(code()));
        assert_eq!(found, (number(&entry["ret"]), number(&entry["code"])), "{function}, {text}");
        let changed: Vec<&str> = case
            .memory
            .borrow()
            .iter()
            .filter(|(name, memory)| *memory != good_memory(name))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(serde_json::json!(changed), entry["changed"], "{function}, {text}");
    }
    cases.as_array().unwrap().len()
}

pub fn uninitialised(cases: &Value) -> usize {
    // SAFETY: this file has one test, so no other thread reads the environment.
    unsafe { std::env::set_var("PVCAM_VERSION", "3.10.2.5") };
    run(cases)
}

pub fn no_camera(cases: &Value) -> usize {
    Control::in_process().configure("").unwrap();
    life_cycle();
    let count = run(cases);
    assert_eq!(crate::memory::call!(pl_pvcam_uninit()), 1);
    count
}

/// Init and uninit, once and twice; the library ends up initialised.
fn life_cycle() {
    use crate::memory::call;
    let answers = [
        (call!(pl_pvcam_uninit()), code()),
        (call!(pl_pvcam_init()), code()),
        (call!(pl_pvcam_init()), code()),
        (call!(pl_pvcam_uninit()), code()),
        (call!(pl_pvcam_uninit()), code()),
        (call!(pl_pvcam_init()), code()),
    ];
    assert_eq!(answers, [(0, 157), (1, 0), (0, 158), (1, 0), (0, 157), (1, 0)]);
}
