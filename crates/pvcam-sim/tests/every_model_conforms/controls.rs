//! A library with one fault at a time, so that each check of the suite can be seen to fail.

use std::ffi::c_void;
use std::sync::{Mutex, OnceLock};

use crate::library::{Model, start};
use crate::modes::{self, Port};
use crate::parameters::{ACCESS, AVAIL, COUNT, Fact, set_all, walk};
use crate::support::{
    ATTR_CURRENT, ATTR_DEFAULT, ATTR_MAX, ATTR_MIN, INTERNAL, PARAM_METADATA_ENABLED, Region, Sdk,
};
use crate::{Findings, acquisition};

const TYPE: i16 = 2;
const INCREMENT: i16 = 6;
const READOUT_TIME: u32 = 0x0402_00B3;
const CHIP_NAME: u32 = 0x0D02_0081;
const TEMP_SETPOINT: u32 = 0x0102_020E;
const RESET_TIMESTAMP: u32 = 0x0B03_00B0;
const SHUTTER: u32 = 0x0902_020A;
const PRODUCT_NAME: u32 = 0x0D02_0084;
const SERIAL_SIZE: u32 = 0x0602_003A;
const SMART_EXPOSURES: u32 = 0x0E02_02BE;
const CLEAR_MODE: u32 = 0x0902_020B;
const EXPOSURE_MODE: u32 = 0x0902_0217;
const EXPOSE_OUT_MODE: u32 = 0x0902_0230;

type Get = unsafe extern "C" fn(i16, u32, i16, *mut c_void) -> u16;
type Set = unsafe extern "C" fn(i16, u32, *const c_void) -> u16;
type Setup = unsafe extern "C" fn(i16, u16, u16, *const Region, i16, u32, *mut u32) -> u16;
type Trigger = unsafe extern "C" fn(i16, *mut u32, u32) -> u16;
type Length = unsafe extern "C" fn(i16, u32, u32, *mut u32) -> u16;

/// The functions that work.
struct Sound {
    get: Get,
    set: Set,
    length: Length,
    setup: Setup,
    trigger: Trigger,
}

static SOUND: OnceLock<Sound> = OnceLock::new();
static FAULT: Mutex<Option<Deed>> = Mutex::new(None);

/// What goes wrong.
#[derive(Clone, Copy)]
enum Deed {
    /// An attribute of a parameter answers these bytes.
    Writes(u32, i16, &'static [u8]),
    /// Its answer is written, but the call fails.
    Fails(u32, i16),
    /// The call succeeds without an answer.
    Succeeds(u32, i16),
    /// The value is that of a parameter which fails before a setup.
    WantsSetup(u32),
    /// Setting does nothing.
    Forgets(u32),
    /// The text of an item is told longer than it is.
    LongText(u32),
    /// Items go on behind the last.
    EndlessItems(u32),
    /// Every setup is one without triggers.
    Impatient,
    /// Software triggers are ignored.
    Deaf,
}

/// A fault, and how the problem begins that it must raise.
#[rustfmt::skip]
const FAULTS: [(&str, Deed, &str); 24] = {
    use Deed::{EndlessItems, Fails, Forgets, LongText, Succeeds, WantsSetup, Writes};
    [
        ("a wrong type", Writes(READOUT_TIME, TYPE, &[4, 0]), "PARAM_READOUT_TIME type"),
        ("no access", Writes(CHIP_NAME, ACCESS, &[9, 0]), "PARAM_CHIP_NAME access 9"),
        ("half available", Writes(CHIP_NAME, AVAIL, &[2, 0]), "PARAM_CHIP_NAME is available: 2"),
        ("a wide TYPE", Writes(CHIP_NAME, TYPE, &[13, 0, 0, 0]), "PARAM_CHIP_NAME attribute 2"),
        ("a wide Boolean", Writes(PARAM_METADATA_ENABLED, ATTR_CURRENT, &[0; 4]), "PARAM_METADATA_ENABLED value"),
        ("a wide minimum", Writes(PARAM_METADATA_ENABLED, ATTR_MIN, &[0; 4]), "PARAM_METADATA_ENABLED attribute 3"),
        ("a count of 8 bytes", Writes(CHIP_NAME, COUNT, &[7, 0, 0, 0, 0, 0, 0, 0]), "PARAM_CHIP_NAME attribute 1"),
        ("no increment", Fails(SERIAL_SIZE, INCREMENT), "PARAM_SER_SIZE attribute 6"),
        ("a text without a default", Fails(PRODUCT_NAME, ATTR_DEFAULT), "PARAM_PRODUCT_NAME attribute 5"),
        ("READOUT_TIME of 8 bytes", Writes(READOUT_TIME, ATTR_MAX, &[1; 8]), "PARAM_READOUT_TIME attribute 4"),
        ("a list of 16 bytes", Writes(SMART_EXPOSURES, ATTR_MAX, &[1; 16]), "PARAM_SMART_STREAM_EXP_PARAMS attribute 4"),
        ("a long text", Writes(CHIP_NAME, ATTR_CURRENT, b"too long a name\0"), "PARAM_CHIP_NAME length"),
        ("no value", Fails(SERIAL_SIZE, ATTR_CURRENT), "PARAM_SER_SIZE does not answer"),
        ("beyond the range", Writes(TEMP_SETPOINT, ATTR_CURRENT, &[0xFF, 0x7F]), "PARAM_TEMP_SETPOINT: 32767 not in"),
        ("a default beyond", Writes(TEMP_SETPOINT, ATTR_DEFAULT, &[0xFF, 0x7F]), "PARAM_TEMP_SETPOINT: default"),
        ("write-only, but read", Succeeds(RESET_TIMESTAMP, ATTR_CURRENT), "PARAM_METADATA_RESET_TIMESTAMP is write-only"),
        ("absent, but answers", Succeeds(SHUTTER, ATTR_MAX), "PARAM_SHTR_STATUS attribute 4"),
        ("absent, but writes", Writes(SHUTTER, ATTR_CURRENT, &[1]), "PARAM_SHTR_STATUS attribute 0"),
        ("attribute 10", Succeeds(CHIP_NAME, 10), "PARAM_CHIP_NAME attribute 10"),
        ("a setup for a constant", WantsSetup(SERIAL_SIZE), "PARAM_SER_SIZE wants a setup"),
        ("a setting that is not kept", Forgets(CLEAR_MODE), "PARAM_CLEAR_MODE read back"),
        ("a constant that is set", Forgets(SERIAL_SIZE), "PARAM_SER_SIZE is read-only"),
        ("a long item", LongText(CLEAR_MODE), "PARAM_CLEAR_MODE text of item 0"),
        ("an item too many", EndlessItems(CLEAR_MODE), "PARAM_CLEAR_MODE item 6"),
    ]
};

fn deed() -> Option<Deed> {
    *FAULT.lock().unwrap()
}

unsafe extern "C" fn get(hcam: i16, id: u32, attribute: i16, out: *mut c_void) -> u16 {
    let sound = SOUND.get().unwrap().get;
    // SAFETY: the arguments are the caller's, and the suite asks with 2048 bytes of room.
    unsafe {
        let result = sound(hcam, id, attribute, out);
        match deed() {
            Some(Deed::Writes(wrong, which, bytes)) if (wrong, which) == (id, attribute) => {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), out.cast(), bytes.len());
                result
            }
            Some(Deed::Fails(wrong, which)) if (wrong, which) == (id, attribute) => 0,
            Some(Deed::Succeeds(wrong, which)) if (wrong, which) == (id, attribute) => 1,
            Some(Deed::WantsSetup(wrong)) if (wrong, ATTR_CURRENT) == (id, attribute) => {
                sound(hcam, READOUT_TIME, attribute, out)
            }
            _ => result,
        }
    }
}

unsafe extern "C" fn set(hcam: i16, id: u32, from: *const c_void) -> u16 {
    match deed() {
        Some(Deed::Forgets(wrong)) if wrong == id => 1,
        // SAFETY: the arguments are the caller's.
        _ => unsafe { (SOUND.get().unwrap().set)(hcam, id, from) },
    }
}

unsafe extern "C" fn length(hcam: i16, id: u32, index: u32, out: *mut u32) -> u16 {
    // SAFETY: the arguments are the caller's, with a place for the length.
    unsafe {
        let result = (SOUND.get().unwrap().length)(hcam, id, index, out);
        match deed() {
            Some(Deed::LongText(wrong)) if wrong == id && result == 1 => out.write(out.read() + 1),
            Some(Deed::EndlessItems(wrong)) if wrong == id => return 1,
            _ => {}
        }
        result
    }
}

unsafe extern "C" fn setup(
    hcam: i16,
    frames: u16,
    count: u16,
    regions: *const Region,
    mode: i16,
    exposure: u32,
    bytes: *mut u32,
) -> u16 {
    let mode = if matches!(deed(), Some(Deed::Impatient)) { INTERNAL } else { mode };
    // SAFETY: the arguments are the caller's.
    unsafe { (SOUND.get().unwrap().setup)(hcam, frames, count, regions, mode, exposure, bytes) }
}

unsafe extern "C" fn trigger(hcam: i16, flags: *mut u32, value: u32) -> u16 {
    // SAFETY: the arguments are the caller's, with a place for the flags.
    unsafe {
        let result = (SOUND.get().unwrap().trigger)(hcam, flags, value);
        if matches!(deed(), Some(Deed::Deaf)) {
            flags.write(1);
        }
        result
    }
}

/// A fault: its name, the start of the problem that it must raise, and all problems.
type Found = (&'static str, &'static str, Vec<String>);

/// What a part of the suite finds with each fault in turn.
fn look(
    model: &Model,
    faults: &[(&'static str, Deed, &'static str)],
    part: impl Fn(&Sdk, i16, &mut Findings),
) -> Vec<Found> {
    let (mut sdk, hcam) = start(model);
    let f = &mut sdk.f;
    SOUND.get_or_init(|| Sound {
        get: f.pl_get_param,
        set: f.pl_set_param,
        length: f.pl_enum_str_length,
        setup: f.pl_exp_setup_seq,
        trigger: f.pl_exp_trigger,
    });
    (f.pl_get_param, f.pl_set_param, f.pl_enum_str_length) = (get, set, length);
    (f.pl_exp_setup_seq, f.pl_exp_trigger) = (setup, trigger);
    let found = |&(name, deed, problem): &(&'static str, Deed, &'static str)| {
        *FAULT.lock().unwrap() = Some(deed);
        let mut findings = Findings::default();
        part(&sdk, hcam, &mut findings);
        (name, problem, findings.problems)
    };
    faults.iter().map(found).collect()
}

/// What the walk over all parameters finds.
pub(crate) fn in_parameters(model: &Model, facts: &[Fact]) -> Vec<Found> {
    look(model, &FAULTS, |sdk, hcam, findings| {
        walk(sdk, hcam, facts, false, findings);
        set_all(sdk, hcam, facts, findings);
    })
}

/// What the part with trigger and expose-out modes finds.
pub(crate) fn in_modes(model: &Model) -> Vec<Found> {
    let faults = [
        (
            "another trigger mode",
            Deed::Writes(EXPOSURE_MODE, ATTR_CURRENT, &[1, 0, 0, 0]),
            "trigger mode read back",
        ),
        (
            "another expose-out mode",
            Deed::Writes(EXPOSE_OUT_MODE, ATTR_CURRENT, &[9, 0, 0, 0]),
            "expose-out mode read back",
        ),
    ];
    look(model, &faults, |sdk, hcam, findings| acquisition::modes(sdk, hcam, model, findings))
}

/// What the part finds that takes frames in every mode.
pub(crate) fn in_frames(model: &Model) -> Vec<Found> {
    let faults = [
        ("a camera that does not wait", Deed::Impatient, "frames without a trigger with 1 regions"),
        ("a trigger that is ignored", Deed::Deaf, "a software trigger: (1, 1)"),
    ];
    look(model, &faults, |sdk, hcam, findings| modes::walk(sdk, hcam, &Port::all(model), findings))
}
