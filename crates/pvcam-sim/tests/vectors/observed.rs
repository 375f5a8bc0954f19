//! What was observed of the vendor's library without a camera beside the recorded cases: its life, its error code, its
//! messages, the sizes of its structures. Counted case by case.
//!
//! Not here: what depends on the vendor's driver library (its absence, its version, its own errors), for which there is no
//! counterpart; one thing stands for it, a configuration that cannot be read, with which init fails alike.

use std::ffi::{CStr, CString, c_char, c_void};

use pvcam_sim::Control;

use crate::memory::{Frame, call, code, release};

/// Codes that have a name.
const NAMED: usize = 74;

/// Counts the cases that were looked at.
#[derive(Default)]
pub struct Observed {
    pub cases: usize,
}

impl Observed {
    #[track_caller]
    fn ok(&mut self, ret: u16) {
        self.cases += 1;
        assert_eq!((ret, code()), (1, 0));
    }

    #[track_caller]
    fn fails(&mut self, ret: u16, with: i16) {
        self.cases += 1;
        assert_eq!((ret, code()), (0, with));
    }

    #[track_caller]
    fn holds(&mut self, fact: bool) {
        self.cases += 1;
        assert!(fact);
    }

    /// Before any other call of the process.
    pub fn before_init(&mut self) {
        self.holds(code() == 0);
        self.fails(call!(pl_pvcam_uninit()), 157);
        // SAFETY: this file has one test, so no other thread reads the environment.
        unsafe { std::env::set_var("PVCAM_SIM_CONFIG", "no/such/file.toml") };
        self.fails(call!(pl_pvcam_init()), 151);
        // The reason stands behind the name of whatever code is asked for, until the next call.
        let reasons = [151, 0, 153, 12_345].map(message);
        let reason = reasons[0].split_once("(PL_ERR_INSTALLATION_CORRUPTED). ").unwrap().1;
        self.holds(reason.contains("no/such/file.toml") && code() == 151);
        for told in &reasons[1..] {
            self.holds(told.ends_with(reason));
        }
        self.fails(call!(pl_pvcam_init()), 151);
        self.fails(call!(pl_pvcam_uninit()), 157);
        self.holds(!message(151).contains("no/such/file.toml"));
        // SAFETY: as above.
        unsafe { std::env::remove_var("PVCAM_SIM_CONFIG") };
    }

    /// Everything else, from init to uninit.
    pub fn without_camera(&mut self) {
        Control::in_process().configure("").unwrap();
        self.life();
        self.names();
        self.errors();
        self.messages();
        self.structures();
        self.ok(call!(pl_pvcam_uninit()));
    }

    /// Init, uninit and the version; the library ends up initialised.
    fn life(&mut self) {
        let mut version = 0_u16;
        let mut total = -1_i16;
        // SAFETY: this file has one test, so no other thread reads the environment.
        unsafe { std::env::remove_var("PVCAM_VERSION") };
        self.ok(call!(pl_pvcam_init()));
        self.fails(call!(pl_pvcam_get_ver(&raw mut version => *mut u16)), 151);
        self.ok(call!(pl_pvcam_uninit()));
        // SAFETY: as above.
        unsafe { std::env::set_var("PVCAM_VERSION", "3.10.2.5") };
        for initialised in [false, true] {
            if initialised {
                self.ok(call!(pl_pvcam_init()));
            }
            self.ok(call!(pl_pvcam_get_ver(&raw mut version => *mut u16)));
            self.holds(version == 0x03A2);
        }
        self.fails(call!(pl_pvcam_init()), 158);
        self.ok(call!(pl_cam_get_total(&raw mut total => *mut i16)));
        self.holds(total == 0);
        self.ok(call!(pl_pvcam_uninit()));
        self.fails(call!(pl_pvcam_uninit()), 157);
        self.ok(call!(pl_pvcam_init()));
    }

    /// Names and handles of cameras that are not there.
    fn names(&mut self) {
        for index in [i16::MIN, -1, 0, 1, 15, 16, i16::MAX] {
            let mut name = [0x5A_u8; 32];
            self.fails(call!(pl_cam_get_name(index => i16, name.as_mut_ptr().cast() => *mut c_char)), 186);
            self.holds(name == [0x5A; 32]);
        }
        let unknown = ["nobody".to_owned(), String::new(), "x".repeat(31), "x".repeat(32), "x".repeat(200)];
        let modes = unknown.iter().map(|name| (name, 0, 176)).chain([(&unknown[0], 1, 176)]);
        let modes = modes.chain([-1, 2, 99].map(|mode| (&unknown[0], mode, 183)));
        for (name, mode, wanted) in modes {
            let name = CString::new(name.as_str()).unwrap();
            let mut handle = -7_i16;
            let ret =
                call!(pl_cam_open(name.as_ptr() => *const c_char, &raw mut handle => *mut i16, mode => i16));
            self.fails(ret, wanted);
            self.holds(handle == -7);
        }
        self.fails(call!(pl_cam_close(0 => i16)), 175);
    }

    /// One code for the whole process, which every call but two resets.
    fn errors(&mut self) {
        std::thread::spawn(|| call!(pl_cam_close(0 => i16))).join().unwrap();
        self.holds(code() == 175);
        self.holds(message(153).contains("PL_ERR_NULL_POINTER") && code() == 175);
        std::thread::spawn(|| call!(pl_exp_abort(99 => i16, 0 => i16))).join().unwrap();
        self.holds(code() == 175);
        let mut total = -1_i16;
        self.ok(call!(pl_cam_get_total(&raw mut total => *mut i16)));
        // Without room for a text it fails, and the code stays what it was.
        self.fails(call!(pl_cam_close(0 => i16)), 175);
        let ret = call!(pl_error_message(1 => i16, std::ptr::null_mut() => *mut c_char));
        self.fails(ret, 175);
    }

    /// All 65,536 codes have a text of 255 bytes, zeros behind it, and 74 a name.
    fn messages(&mut self) {
        let named = (i16::MIN..=i16::MAX).filter(|wanted| !message(*wanted).ends_with("(<UNKNOWN>)")).count();
        self.cases += 65_536;
        assert_eq!(named, NAMED);
        self.holds(message(12_345).starts_with("Unknown error "));
    }

    /// Sizes that are taken, with what comes out.
    fn structures(&mut self) {
        for entries in 0..=u16::MAX {
            let mut list = std::ptr::null_mut::<c_void>();
            let place = &raw mut list;
            assert_eq!(call!(pl_create_smart_stream_struct(place => *mut *mut c_void, entries => u16)), 1);
            // SAFETY: the library just made it, and it begins with the number of entries.
            assert_eq!(unsafe { list.cast::<u16>().read() }, entries);
            assert_eq!(call!(pl_release_smart_stream_struct(place => *mut *mut c_void)), 1);
            assert!(list.is_null());
            self.cases += 1;
        }
        for capacity in [0, 1, 512, u16::MAX] {
            let frame = Frame::with_capacity(capacity);
            // SAFETY: the library just made it.
            self.holds(unsafe { ((*frame).capacity, (*frame).count) } == (capacity, 0));
            release(frame);
        }
        // A frame header of 48 bytes: signature, version, number, regions.
        let mut header = [0_u8; 48];
        header[..4].copy_from_slice(&5_328_208_u32.to_le_bytes());
        let with = |at: usize, value: u8| {
            let mut changed = header;
            changed[at] = value;
            changed
        };
        for (mut bytes, size, wanted) in
            [(with(9, 1), 47, 172), (with(0, 0), 48, 192), (with(9, 0), 48, 192), (with(9, 3), 48, 0)]
        {
            let mut frame = std::ptr::null_mut::<Frame>();
            let ret = call!(pl_md_create_frame_struct(
                &raw mut frame => *mut *mut Frame, bytes.as_mut_ptr().cast() => *mut c_void, size => u32));
            if wanted == 0 {
                self.ok(ret);
                // SAFETY: the library just made it.
                self.holds(unsafe { (*frame).capacity } == 3);
                release(frame);
            } else {
                self.fails(ret, wanted);
                self.holds(frame.is_null());
            }
        }
    }
}

/// The text of a code, which fills its 255 bytes and no more.
fn message(wanted: i16) -> String {
    let mut text = [0x5A_u8; 256];
    assert_eq!(call!(pl_error_message(wanted => i16, text.as_mut_ptr().cast() => *mut c_char)), 1);
    assert_eq!(text[255], 0x5A);
    let told = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap();
    assert!(text[told.len()..255].iter().all(|&byte| byte == 0));
    told.to_owned()
}
