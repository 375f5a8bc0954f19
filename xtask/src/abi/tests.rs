//! On copies: the committed files agree, and a change by hand in any of the places is told.

use std::path::{Path, PathBuf};

use super::*;

const FILES: [&str; 4] = ["constants.toml", "structs.toml", "functions.toml", "errors.toml"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of everything that is compared, with one change in one file.
fn with_change(test: &str, file: &str, from: &str, to: &str) -> Vec<String> {
    let copy = std::env::temp_dir().join(format!("abi-{test}-{}", std::process::id()));
    let tables = FILES.map(|name| format!("{TABLES}/{name}"));
    let others = HEADERS.into_iter().chain(TYPES).chain([FUNCTIONS, ERRORS, SIMULATOR]);
    for name in tables.iter().map(String::as_str).chain(others) {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let text = if name == file {
            assert!(text.contains(from), "`{from}` is not in {file}");
            text.replacen(from, to, 1)
        } else {
            text
        };
        let path = copy.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let result = run(&copy);
    std::fs::remove_dir_all(&copy).unwrap();
    match result {
        Ok(_) => Vec::new(),
        Err(Error::Different { differences }) => differences,
        Err(other) => vec![other.to_string()],
    }
}

/// The change must be told, and the name of what changed with it.
fn told(test: &str, file: &str, from: &str, to: &str, name: &str) {
    let differences = with_change(test, file, from, to);
    assert!(!differences.is_empty(), "{file}: `{from}` became `{to}` and nobody noticed");
    assert!(differences.iter().any(|line| line.contains(name)), "{name} is not in {differences:#?}");
}

#[test]
fn what_is_committed_agrees_in_every_place() {
    let counts = run(&root()).unwrap();
    assert_eq!(
        counts,
        "455 constants, 74 error codes, 53 scalar types, 35 pointer types, 15 structs, 112 fields, 47 functions, \
         5 callback types"
    );
    assert_eq!(with_change("control", HEADERS[1], "uns16 s1;", "uns16 s1;"), Vec::<String>::new());
}

#[test]
fn a_changed_constant_is_told() {
    let id = "PARAM_TEMP";
    told("c1", "vendor/pvcam/constants.toml", "id = 0x0102020d", "id = 0x0102020c", id);
    told("c2", HEADERS[1], "#define PARAM_TEMP 0x0102020D", "#define PARAM_TEMP 0x0102020C", id);
    for (test, file) in [("c3", TYPES[0]), ("c4", TYPES[1])] {
        told(
            test,
            file,
            "PL_CALLBACK_EOF: PL_CALLBACK_EVENT = 1",
            "PL_CALLBACK_EOF: PL_CALLBACK_EVENT = 2",
            "PL_CALLBACK_EOF",
        );
    }
    told("c5", SIMULATOR, "CIRC_OVERWRITE: i32 = 1", "CIRC_OVERWRITE: i32 = 0", "CIRC_OVERWRITE");
    told(
        "c6",
        ERRORS,
        "PL_ERR_TOO_MANY_FRAMES: i16 = 190",
        "PL_ERR_TOO_MANY_FRAMES: i16 = 191",
        "PL_ERR_TOO_MANY_FRAMES",
    );
    told("c7", HEADERS[1], "    CIRC_OVERWRITE = 1", "    CIRC_OVERWRITE = 0", "CIRC_OVERWRITE");
    told("c8", HEADERS[1], "#define PARAM_TEMP 0x0102020D\n", "", "PARAM_TEMP: missing");
    told("c9", HEADERS[1], "#define PARAM_TEMP ", "#define PARAM_NEW 3\n#define PARAM_TEMP ", "PARAM_NEW: 3");
}

#[test]
fn a_changed_field_or_size_is_told() {
    told(
        "f1",
        "vendor/pvcam/structs.toml",
        "name = \"hCam\", type = \"int16\", offset = 16",
        "name = \"hCam\", type = \"int16\", offset = 18",
        "FRAME_INFO.hCam",
    );
    told("f2", HEADERS[1], "int16 hCam;", "int32 hCam;", "FRAME_INFO.hCam");
    told("f3", HEADERS[1], "#pragma pack(1)", "#pragma pack(2)", "md_frame_header.frameNr");
    for (test, file) in [("f4", TYPES[0]), ("f5", TYPES[1])] {
        told(test, file, "pub hCam: int16", "pub hCam: int32", "FRAME_INFO.hCam");
    }
    told("f6", TYPES[0], "#[repr(C, packed)]", "#[repr(C)]", "md_frame_header");
    told("f7", HEADERS[0], "typedef short int16;", "typedef int int16;", "int16");
    told(
        "f8",
        TYPES[1],
        "pub type long64 = core::ffi::c_longlong",
        "pub type long64 = core::ffi::c_int",
        "long64",
    );
}

#[test]
fn a_changed_signature_is_told() {
    let name = "pl_exp_abort";
    told(
        "s1",
        "vendor/pvcam/functions.toml",
        "c = \"rs_bool PV_DECL pl_exp_abort(int16 hcam, int16",
        "c = \"rs_bool PV_DECL pl_exp_abort(int16 hcam, uns16",
        name,
    );
    told("s2", HEADERS[1], "pl_exp_abort(int16 hcam, int16", "pl_exp_abort(int16 hcam, uns16", name);
    told(
        "s3",
        FUNCTIONS,
        "pub pl_exp_abort: unsafe extern \"C\" fn(hcam: int16, ",
        "pub pl_exp_abort: unsafe extern \"C\" fn(",
        name,
    );
    told(
        "s4",
        FUNCTIONS,
        "pub pl_exp_abort: unsafe extern \"C\"",
        "pub pl_exp_abort: unsafe extern \"win64\"",
        name,
    );
    told("s5", HEADERS[1], "const rgn_type* rgn_array", "rgn_type* rgn_array", "pm_script_hook");
}
