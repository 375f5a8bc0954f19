//! The C interface as a client sees it: signatures written from the fact tables, addresses from `lookup`.
#![expect(dead_code, reason = "each test file uses its own part")]
#![expect(unreachable_pub, reason = "shared by several test files")]
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

pub mod buffer;
pub mod loaded;

use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::transmute;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pvcam_sim::Control;

/// Numbers of the interface that the tests use.
pub const ATTR_CURRENT: i16 = 0;
pub const ATTR_MIN: i16 = 3;
pub const ATTR_MAX: i16 = 4;
pub const ATTR_DEFAULT: i16 = 5;
pub const INTERNAL: i16 = 1792;
pub const SOFTWARE_EDGE: i16 = 3072;
pub const EDGE_RISING: i16 = 2304;
pub const OVERWRITE: i16 = 1;
pub const NO_OVERWRITE: i16 = 2;
pub const BOF: i32 = 0;
pub const EOF: i32 = 1;
pub const REMOVED: i32 = 3;
pub const NOT_ACTIVE: i16 = 0;
pub const EXPOSING: i16 = 1;
pub const COMPLETE: i16 = 3;
pub const PARAM_EXP_RES: u32 = 0x0903_0002;
pub const PARAM_METADATA_ENABLED: u32 = 0x0B03_00A8;
pub const PARAM_TEMP: u32 = 0x0102_020D;
pub const PARAM_READOUT_PORT: u32 = 0x0902_00F7;
pub const PARAM_SPDTAB_INDEX: u32 = 0x0102_0201;
pub const PARAM_GAIN_INDEX: u32 = 0x0102_0200;
pub const PARAM_BIT_DEPTH: u32 = 0x0102_01FF;
pub const PARAM_PP_INDEX: u32 = 0x0102_021F;
pub const PARAM_PP_PARAM_INDEX: u32 = 0x0102_0221;
pub const PARAM_PP_PARAM: u32 = 0x0702_0223;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameInfo {
    pub guid: [u32; 4],
    pub hcam: i16,
    pub frame_nr: i32,
    pub time_stamp: i64,
    pub readout_time: i32,
    pub time_stamp_bof: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    pub s1: u16,
    pub s2: u16,
    pub sbin: u16,
    pub p1: u16,
    pub p2: u16,
    pub pbin: u16,
}

/// A list of exposures.
#[repr(C)]
pub struct SmartStream {
    pub entries: u16,
    pub params: *mut u32,
}

impl Region {
    pub const fn new(column: u16, row: u16, columns: u16, rows: u16) -> Self {
        Self { s1: column, s2: column + columns - 1, sbin: 1, p1: row, p2: row + rows - 1, pbin: 1 }
    }
}

macro_rules! interface {
    ($($name:ident: fn($($argument:ty),*) -> $result:ty;)+) => {
        /// The functions of the interface.
        pub struct Functions { $(pub $name: unsafe extern "C" fn($($argument),*) -> $result,)+ }

        impl Functions {
            pub fn load() -> Self {
                let find = |name: &CStr| pvcam_sim::lookup(name).expect("exported").as_ptr();
                // SAFETY: the simulator's own functions.
                unsafe { Self::found_by(find) }
            }

            /// # Safety
            ///
            /// `find` knows the functions of a PVCAM library.
            pub unsafe fn found_by(find: impl Fn(&CStr) -> *mut c_void) -> Self {
                // SAFETY: the signatures are those of the fact table.
                unsafe {
                    Self { $($name: transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) -> $result>(
                        find(&CString::new(stringify!($name)).unwrap())
                    ),)+ }
                }
            }
        }
    };
}

interface! {
    pl_pvcam_init: fn() -> u16;
    pl_pvcam_uninit: fn() -> u16;
    pl_pvcam_get_ver: fn(*mut u16) -> u16;
    pl_error_code: fn() -> i16;
    pl_error_message: fn(i16, *mut c_char) -> u16;
    pl_cam_get_total: fn(*mut i16) -> u16;
    pl_cam_get_name: fn(i16, *mut c_char) -> u16;
    pl_cam_open: fn(*const c_char, *mut i16, i16) -> u16;
    pl_cam_close: fn(i16) -> u16;
    pl_cam_register_callback_ex3: fn(i16, i32, *const c_void, *mut c_void) -> u16;
    pl_cam_deregister_callback: fn(i16, i32) -> u16;
    pl_get_param: fn(i16, u32, i16, *mut c_void) -> u16;
    pl_set_param: fn(i16, u32, *const c_void) -> u16;
    pl_get_enum_param: fn(i16, u32, u32, *mut i32, *mut c_char, u32) -> u16;
    pl_enum_str_length: fn(i16, u32, u32, *mut u32) -> u16;
    pl_pp_reset: fn(i16) -> u16;
    pl_exp_setup_seq: fn(i16, u16, u16, *const Region, i16, u32, *mut u32) -> u16;
    pl_exp_start_seq: fn(i16, *mut c_void) -> u16;
    pl_exp_setup_cont: fn(i16, u16, *const Region, i16, u32, *mut u32, i16) -> u16;
    pl_exp_start_cont: fn(i16, *mut c_void, u32) -> u16;
    pl_exp_check_status: fn(i16, *mut i16, *mut u32) -> u16;
    pl_exp_check_cont_status: fn(i16, *mut i16, *mut u32, *mut u32) -> u16;
    pl_exp_check_cont_status_ex: fn(i16, *mut i16, *mut u32, *mut u32, *mut FrameInfo) -> u16;
    pl_exp_get_latest_frame_ex: fn(i16, *mut *mut c_void, *mut FrameInfo) -> u16;
    pl_exp_get_oldest_frame_ex: fn(i16, *mut *mut c_void, *mut FrameInfo) -> u16;
    pl_exp_unlock_oldest_frame: fn(i16) -> u16;
    pl_exp_abort: fn(i16, i16) -> u16;
    pl_exp_stop_cont: fn(i16, i16) -> u16;
    pl_exp_finish_seq: fn(i16, *mut c_void, i16) -> u16;
    pl_exp_trigger: fn(i16, *mut u32, u32) -> u16;
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The initialised library for one test; the library is global, so tests of a file take turns.
pub struct Sdk {
    pub f: Functions,
    pub control: Control,
    _turn: MutexGuard<'static, ()>,
}

impl Sdk {
    /// Configures and initialises the library.
    pub fn start(toml: &str) -> Self {
        Self::start_with(Functions::load(), Control::in_process(), toml)
    }

    /// The same with functions and control from elsewhere.
    pub fn start_with(f: Functions, control: Control, toml: &str) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        control.configure(toml).unwrap();
        let sdk = Self { f, control, _turn: turn };
        // SAFETY: takes no arguments.
        sdk.ok(unsafe { (sdk.f.pl_pvcam_init)() });
        sdk
    }

    /// One camera on the stepped clock with further keys.
    pub fn stepped(keys: &str) -> Self {
        Self::start(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n{keys}"))
    }

    pub fn code(&self) -> i16 {
        // SAFETY: takes no arguments.
        unsafe { (self.f.pl_error_code)() }
    }

    pub fn message(&self, code: i16) -> String {
        let mut text = [0_u8; 255];
        // SAFETY: 255 bytes, as the interface wants.
        assert_eq!(unsafe { (self.f.pl_error_message)(code, text.as_mut_ptr().cast()) }, 1);
        CStr::from_bytes_until_nul(&text).unwrap().to_string_lossy().into_owned()
    }

    #[track_caller]
    pub fn ok(&self, result: u16) {
        assert_eq!((result, self.code()), (1, 0), "{}", self.message(self.code()));
    }

    #[track_caller]
    pub fn fails(&self, code: i16, result: u16) {
        assert_eq!((result, self.code()), (0, code));
    }

    #[track_caller]
    pub fn open(&self, name: &str) -> i16 {
        let name = CString::new(name).unwrap();
        let mut hcam = -1;
        // SAFETY: a C string and a place for the handle.
        self.ok(unsafe { (self.f.pl_cam_open)(name.as_ptr(), &raw mut hcam, 0) });
        hcam
    }

    #[track_caller]
    pub fn open_first(&self) -> i16 {
        self.open("pvcamUSB_0")
    }

    /// Switches the four despeckle features off: the camera has them on at power-up.
    #[track_caller]
    pub fn switch_despeckling_off(&self, hcam: i16) {
        for feature in 0..4_i16 {
            self.set(hcam, PARAM_PP_INDEX, feature);
            self.set(hcam, PARAM_PP_PARAM, 0_u32);
        }
    }

    /// Sets up one region with an internal trigger; returns the bytes.
    #[track_caller]
    pub fn setup_seq(&self, hcam: i16, frames: u16, region: Region) -> u32 {
        let mut bytes = 0;
        // SAFETY: one region and a place for the bytes.
        self.ok(unsafe {
            (self.f.pl_exp_setup_seq)(hcam, frames, 1, &raw const region, INTERNAL, 1, &raw mut bytes)
        });
        bytes
    }

    /// Sets up a ring with one region and an internal trigger; returns the bytes of a frame.
    #[track_caller]
    pub fn setup_cont(&self, hcam: i16, region: Region, mode: i16) -> u32 {
        let mut bytes = 0;
        // SAFETY: one region and a place for the bytes.
        self.ok(unsafe {
            (self.f.pl_exp_setup_cont)(hcam, 1, &raw const region, INTERNAL, 1, &raw mut bytes, mode)
        });
        bytes
    }

    #[track_caller]
    pub fn set<T>(&self, hcam: i16, id: u32, value: T) {
        // SAFETY: the tests pass the parameter's true type.
        self.ok(unsafe { (self.f.pl_set_param)(hcam, id, (&raw const value).cast()) });
    }

    #[track_caller]
    pub fn get<T: Default>(&self, hcam: i16, id: u32, attribute: i16) -> T {
        let mut value = T::default();
        // SAFETY: the tests ask for the parameter's true type.
        self.ok(unsafe { (self.f.pl_get_param)(hcam, id, attribute, (&raw mut value).cast()) });
        value
    }

    pub fn abort(&self, hcam: i16) {
        // SAFETY: takes plain numbers.
        self.ok(unsafe { (self.f.pl_exp_abort)(hcam, 1) });
    }

    pub fn status(&self, hcam: i16) -> i16 {
        let (mut status, mut bytes, mut passes) = (-1, 0, 0);
        // SAFETY: places for the three results.
        self.ok(unsafe {
            (self.f.pl_exp_check_cont_status)(hcam, &raw mut status, &raw mut bytes, &raw mut passes)
        });
        status
    }

    pub fn latest(&self, hcam: i16) -> (usize, FrameInfo) {
        let (mut frame, mut info) = (std::ptr::null_mut(), FrameInfo::default());
        // SAFETY: places for the results.
        self.ok(unsafe { (self.f.pl_exp_get_latest_frame_ex)(hcam, &raw mut frame, &raw mut info) });
        (frame as usize, info)
    }

    /// The oldest frame, or the error code.
    pub fn oldest(&self, hcam: i16) -> Result<(usize, FrameInfo), i16> {
        let (mut frame, mut info) = (std::ptr::null_mut(), FrameInfo::default());
        // SAFETY: places for the results.
        match unsafe { (self.f.pl_exp_get_oldest_frame_ex)(hcam, &raw mut frame, &raw mut info) } {
            1 => Ok((frame as usize, info)),
            _ => Err(self.code()),
        }
    }

    pub fn unlock(&self, hcam: i16) {
        // SAFETY: takes a plain number.
        self.ok(unsafe { (self.f.pl_exp_unlock_oldest_frame)(hcam) });
    }

    #[track_caller]
    pub fn step(&self, frames: u32) {
        let done = self.control.step(0, frames, Duration::from_secs(10));
        assert_eq!(done, Some(frames));
    }

    /// Registers an end-of-frame callback that stays alive as long as `context`.
    pub fn on_eof<T>(&self, hcam: i16, callback: unsafe extern "C" fn(*mut FrameInfo, *mut T), context: &T) {
        self.on(hcam, EOF, callback, context);
    }

    pub fn on<T>(
        &self,
        hcam: i16,
        event: i32,
        callback: unsafe extern "C" fn(*mut FrameInfo, *mut T),
        context: &T,
    ) {
        let context = std::ptr::from_ref(context).cast_mut().cast();
        // SAFETY: the callback takes this context, which outlives the registration.
        self.ok(unsafe {
            (self.f.pl_cam_register_callback_ex3)(hcam, event, callback as *const c_void, context)
        });
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        // SAFETY: takes no arguments.
        unsafe { (self.f.pl_pvcam_uninit)() };
    }
}

/// Waits for something that another thread does.
#[track_caller]
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "did not happen within 10 s: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Frame numbers that callbacks saw.
#[derive(Default)]
pub struct Seen(pub Mutex<Vec<i32>>);

impl Seen {
    pub fn take(&self) -> Vec<i32> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Callback that notes the frame number.
pub unsafe extern "C" fn note(info: *mut FrameInfo, seen: *mut Seen) {
    // SAFETY: the library passes its information and our context.
    let (info, seen) = unsafe { (&*info, &*seen) };
    seen.0.lock().unwrap().push(info.frame_nr);
}
