//! Every available parameter answers every attribute, every other one says that it is not there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test helper that fails is a failed test")]

mod support;

use std::ffi::c_void;

use support::{
    PARAM_BIT_DEPTH, PARAM_EXP_RES, PARAM_GAIN_INDEX, PARAM_METADATA_ENABLED, PARAM_PP_INDEX, PARAM_PP_PARAM,
    PARAM_PP_PARAM_INDEX, PARAM_READOUT_PORT, PARAM_SPDTAB_INDEX, PARAM_TEMP, Region, Sdk,
};

const COUNT: i16 = 1;
const TYPE: i16 = 2;
const INCREMENT: i16 = 6;
const ACCESS: i16 = 7;
const AVAIL: i16 = 8;
const LIVE: i16 = 9;
const WRITE_ONLY: u16 = 4;

/// All ids of the fact table, with the type that the value really has.
fn known() -> Vec<(u32, u16)> {
    let facts = include_str!("../../../vendor/pvcam/constants.toml");
    let facts: toml::Table = facts.parse().unwrap();
    let types = facts["define"]["types"].as_table().unwrap();
    let mut known: Vec<(u32, u16)> = facts["param"]
        .as_table()
        .unwrap()
        .values()
        .map(|param| {
            let id = param["id"].as_integer().unwrap().try_into().unwrap();
            let code = types[param["value_type"].as_str().unwrap()]["value"].as_integer().unwrap();
            (id, code.try_into().unwrap())
        })
        .collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Asks with 4 KiB of room and returns result, code, and how many bytes were written.
fn ask(sdk: &Sdk, hcam: i16, id: u32, attribute: i16) -> (u16, i16, usize, [u8; 4096]) {
    let mut room = [0xA5_u8; 4096];
    // SAFETY: more room than any attribute takes.
    let result = unsafe { (sdk.f.pl_get_param)(hcam, id, attribute, room.as_mut_ptr().cast::<c_void>()) };
    let written = room.iter().rposition(|&byte| byte != 0xA5).map_or(0, |last| last + 1);
    (result, sdk.code(), written, room)
}

/// Bytes of a value of a type, at most; text has its own length.
fn size_of_type(code: u16) -> usize {
    match code {
        5 => 1,
        1 | 6 | 11 | 18 => 2,
        7 | 9 => 4,
        4 | 8 | 16 => 8,
        20 => 12,
        13 => usize::MAX,
        other => panic!("type {other}"),
    }
}

fn walk(model: &str, camera: &str, expected: usize) {
    let sdk = Sdk::start(&format!("[[camera]]\nmodel = \"{model}\"\n"));
    let hcam = sdk.open(camera);
    sdk.setup_seq(hcam, 1, Region::new(0, 0, 64, 64));
    let mut available = 0;
    let known = known();
    assert_eq!(known.len(), 121);
    for (id, code) in known {
        assert_eq!(sdk.get::<u16>(hcam, id, TYPE), code, "{id:#x}");
        let access = sdk.get::<u16>(hcam, id, ACCESS);
        assert!((1..=4).contains(&access), "{id:#x}");
        for attribute in [COUNT, 0, 3, 4, 5, INCREMENT, LIVE] {
            let (result, error, written, _) = ask(&sdk, hcam, id, attribute);
            if sdk.get::<u16>(hcam, id, AVAIL) == 0 {
                assert_eq!((result, written), (0, 0), "{id:#x} attribute {attribute}");
                assert_eq!(error, 160, "{id:#x} attribute {attribute}");
            } else if access == WRITE_ONLY && attribute == 0 {
                assert_eq!((result, written), (0, 0), "{id:#x}");
            } else {
                assert_eq!(result, 1, "{id:#x} attribute {attribute}: error {error}");
                let most = match attribute {
                    COUNT => 4,
                    LIVE => 2,
                    _ => size_of_type(code),
                };
                assert!(written <= most, "{id:#x} attribute {attribute} wrote {written} bytes");
            }
        }
        let (result, error, ..) = ask(&sdk, hcam, id, 10);
        assert_eq!((result, error), (0, 162), "{id:#x}");
        available += usize::from(sdk.get::<u16>(hcam, id, AVAIL) == 1);
    }
    assert_eq!(available, expected, "available parameters of {model}");
    let (result, error, ..) = ask(&sdk, hcam, 0x0602_FFFF, AVAIL);
    assert_eq!((result, error), (0, 159));
}

#[test]
fn prime_bsi() {
    walk("prime-bsi-usb", "pvcamUSB_0", 79);
}

#[test]
fn kinetix() {
    walk("kinetix-pcie", "pvcamPCIE_0", 76);
}

#[test]
fn enumerations_list_values_and_texts() {
    let sdk = Sdk::start("[[camera]]\nmodel = \"kinetix-pcie\"\n");
    let hcam = sdk.open("pvcamPCIE_0");
    let ports: u32 = sdk.get(hcam, PARAM_READOUT_PORT, COUNT);
    let mut names = Vec::new();
    for index in 0..ports {
        let (mut length, mut value, mut text) = (0, -1, [0_u8; 64]);
        // SAFETY: places for the results, and 64 bytes of text.
        unsafe {
            sdk.ok((sdk.f.pl_enum_str_length)(hcam, PARAM_READOUT_PORT, index, &raw mut length));
            let text = text.as_mut_ptr().cast();
            sdk.ok((sdk.f.pl_get_enum_param)(hcam, PARAM_READOUT_PORT, index, &raw mut value, text, length));
            let none = std::ptr::null_mut();
            sdk.ok((sdk.f.pl_get_enum_param)(hcam, PARAM_READOUT_PORT, index, &raw mut value, none, 0));
            let short =
                (sdk.f.pl_get_enum_param)(hcam, PARAM_READOUT_PORT, index, &raw mut value, text, length - 1);
            sdk.fails(172, short);
        }
        let text = std::ffi::CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap().to_owned();
        assert_eq!(text.len() + 1, length as usize);
        names.push((value, text));
    }
    let expected = [(0, "Sensitivity"), (1, "Speed"), (2, "Dynamic Range"), (3, "Sub-Electron")];
    assert_eq!(names, expected.map(|(value, text)| (value, text.to_owned())));
    let (mut length, mut value) = (0, 0);
    // SAFETY: places for the results.
    unsafe {
        sdk.fails(186, (sdk.f.pl_enum_str_length)(hcam, PARAM_READOUT_PORT, ports, &raw mut length));
        let none = std::ptr::null_mut();
        let result = (sdk.f.pl_get_enum_param)(hcam, PARAM_BIT_DEPTH, 0, &raw mut value, none, 0);
        sdk.fails(161, result);
    }
}

/// Sets a parameter and expects a failure.
fn refused<T>(sdk: &Sdk, hcam: i16, id: u32, value: T, code: i16) {
    // SAFETY: the parameter's type.
    sdk.fails(code, unsafe { (sdk.f.pl_set_param)(hcam, id, (&raw const value).cast()) });
}

#[test]
fn the_speed_table_resets_what_depends_on_it() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_GAIN_INDEX, 2_i16);
    assert_eq!(sdk.get::<i16>(hcam, PARAM_BIT_DEPTH, 0), 12);
    sdk.set(hcam, PARAM_SPDTAB_INDEX, 1_i16);
    assert_eq!(sdk.get::<i16>(hcam, PARAM_GAIN_INDEX, 0), 1);
    assert_eq!(sdk.get::<i16>(hcam, PARAM_BIT_DEPTH, 0), 11);
    assert_eq!(sdk.get::<i16>(hcam, PARAM_GAIN_INDEX, support::ATTR_MAX), 3);
    sdk.set(hcam, PARAM_READOUT_PORT, 0_i32);
    assert_eq!(sdk.get::<i16>(hcam, PARAM_SPDTAB_INDEX, 0), 0);
    refused(&sdk, hcam, PARAM_READOUT_PORT, 7_i32, 164);
    refused(&sdk, hcam, PARAM_GAIN_INDEX, 0_i16, 165);
    refused(&sdk, hcam, PARAM_BIT_DEPTH, 8_i16, 156);
    refused(&sdk, hcam, PARAM_TEMP, 8_i16, 156);
}

#[test]
fn settings_outlive_closing_and_the_library_but_not_the_power() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    // SAFETY: plain numbers.
    unsafe {
        sdk.ok((sdk.f.pl_cam_close)(hcam));
        sdk.ok((sdk.f.pl_pvcam_uninit)());
        sdk.ok((sdk.f.pl_pvcam_init)());
    }
    assert_eq!(sdk.get::<u16>(sdk.open_first(), PARAM_METADATA_ENABLED, 0), 1);
    drop(sdk);
    let sdk = Sdk::stepped("");
    assert_eq!(sdk.get::<u16>(sdk.open_first(), PARAM_METADATA_ENABLED, 0), 0, "powered up anew");
}

#[test]
fn values_that_a_setup_decides_fail_with_188_before_it() {
    const READOUT_TIME: u32 = 0x0402_00B3;
    const FRAME_BUFFER_SIZE: u32 = 0x0803_012C;
    const EXPOSURE_TIME: u32 = 0x0803_0008;
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    for id in [READOUT_TIME, FRAME_BUFFER_SIZE] {
        assert_eq!(ask(&sdk, hcam, id, 0).1, 188);
    }
    sdk.set(hcam, PARAM_EXP_RES, 1_i32);
    sdk.setup_cont(hcam, Region::new(0, 0, 2048, 2048), support::OVERWRITE);
    assert_eq!(sdk.get::<u32>(hcam, READOUT_TIME, 0), 21_032);
    assert_eq!(sdk.get::<u64>(hcam, EXPOSURE_TIME, 0), 10, "one line, in whole microseconds");
    let recommended: u64 = sdk.get(hcam, FRAME_BUFFER_SIZE, support::ATTR_DEFAULT);
    assert_eq!(recommended, 47 * 2048 * 2048 * 2, "one second");
}

#[test]
fn post_processing_is_on_until_switched_off_and_reset_brings_it_back() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    let switches = |value: Option<u32>| -> Vec<u32> {
        let features: u32 = sdk.get(hcam, PARAM_PP_INDEX, COUNT);
        (0..i16::try_from(features).unwrap())
            .map(|feature| {
                sdk.set(hcam, PARAM_PP_INDEX, feature);
                sdk.set(hcam, PARAM_PP_PARAM_INDEX, 0_i16);
                if let Some(value) = value {
                    sdk.set(hcam, PARAM_PP_PARAM, value);
                }
                sdk.get(hcam, PARAM_PP_PARAM, 0)
            })
            .collect()
    };
    assert_eq!(switches(None), [1, 1, 1, 1]);
    assert_eq!(switches(Some(0)), [0, 0, 0, 0]);
    // SAFETY: a plain number.
    sdk.ok(unsafe { (sdk.f.pl_pp_reset)(hcam) });
    assert_eq!(switches(None), [1, 1, 1, 1]);
}
