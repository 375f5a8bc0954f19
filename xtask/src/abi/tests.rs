//! On copies: the committed files agree, and a change by hand in any of the places is told.

use std::path::{Path, PathBuf};

use super::*;

const FILES: [&str; 4] = ["constants.toml", "structs.toml", "functions.toml", "errors.toml"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is told of everything that is compared, after one change in one file of a copy.
fn with_change(test: &str, file: &str, from: &str, to: &str) -> Vec<String> {
    let everything = |root: &Path| match run(root) {
        Ok(_) => Ok(Vec::new()),
        Err(Error::Different { differences }) => Ok(differences),
        Err(other) => Err(other),
    };
    on_copy(test, file, from, to, everything)
}

fn on_copy(
    test: &str,
    file: &str,
    from: &str,
    to: &str,
    look: impl FnOnce(&Path) -> Result<Vec<String>>,
) -> Vec<String> {
    let copy = std::env::temp_dir().join(format!("abi-{test}-{}", std::process::id()));
    let tables = FILES.map(|name| format!("{TABLES}/{name}"));
    let others = HEADERS.into_iter().chain(TYPES).chain([FUNCTIONS, ERRORS, SIMULATOR]);
    let others = others.chain([simulator::STRUCTS, simulator::VERSIONS]).map(str::to_owned);
    for name in tables.into_iter().chain(others).chain(exporting_files()) {
        let name = name.as_str();
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
    let result = look(&copy);
    std::fs::remove_dir_all(&copy).unwrap();
    result.unwrap_or_else(|other| vec![other.to_string()])
}

fn exporting_files() -> Vec<String> {
    let entries = std::fs::read_dir(root().join(simulator::FUNCTIONS)).unwrap();
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| format!("{}/{}", simulator::FUNCTIONS, name(entry.unwrap()))).collect()
}

/// The change must be told, and the name of what changed with it.
fn told(test: &str, file: &str, from: &str, to: &str, name: &str) {
    tells(&with_change(test, file, from, to), file, (from, to), name);
}

/// The same of the simulator's part alone, which takes a fraction of the time.
fn told_of_simulator(test: &str, file: &str, from: &str, to: &str, name: &str) {
    let simulators = |root: &Path| of_simulator(root, &facts::read(&root.join(TABLES))?);
    tells(&on_copy(test, file, from, to, simulators), file, (from, to), name);
}

fn tells(differences: &[String], file: &str, (from, to): (&str, &str), name: &str) {
    assert!(!differences.is_empty(), "{file}: `{from}` became `{to}` and nobody noticed");
    assert!(differences.iter().any(|line| line.contains(name)), "{name} is not in {differences:#?}");
}

#[test]
fn what_is_committed_agrees_in_every_place() {
    let counts = run(&root()).unwrap();
    assert_eq!(
        counts,
        "455 constants, 74 error codes, 53 scalar types, 35 pointer types, 15 structs, 112 fields, 47 functions, \
         5 callback types, 47 exports, 53 symbol versions, 9 shared structs"
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

#[test]
fn a_changed_export_of_the_simulator_is_told() {
    let name = "pl_exp_abort";
    let file = "crates/pvcam-sim/src/api/exposure.rs";
    told(
        "e1",
        file,
        "fn pl_exp_abort(hcam: i16, cam_state: i16)",
        "fn pl_exp_abort(hcam: i16, cam_state: u16)",
        name,
    );
    told_of_simulator(
        "e2",
        file,
        "fn pl_exp_abort(hcam: i16, cam_state: i16)",
        "fn pl_exp_abort(hcam: i16)",
        name,
    );
    told_of_simulator("e3", file, "extern \"C\" fn pl_exp_abort(", "fn pl_exp_abort(", name);
    let size = "exp_bytes: *mut u32,\n) -> RsBool {";
    told_of_simulator("e4", file, size, "exp_bytes: *mut u16,\n) -> RsBool {", "pl_exp_setup_seq");
    told_of_simulator("e5", file, size, "exp_bytes: *mut u32,\n) -> u32 {", "pl_exp_setup_seq");
    told_of_simulator("e6", simulator::LOOKUP, "pl_exp_stop_cont, pl_exp_abort,", "pl_exp_stop_cont,", name);
    told_of_simulator(
        "e7",
        "crates/pvcam-sim/src/api/camera.rs",
        "#[unsafe(no_mangle)]\npub(crate) unsafe extern \"C\" fn pl_cam_get_name",
        "pub(crate) unsafe extern \"C\" fn pl_cam_get_name",
        "pl_cam_get_name",
    );
}

#[test]
fn a_changed_struct_of_the_simulator_is_told() {
    told_of_simulator("m1", simulator::STRUCTS, "pub(crate) hcam: i16", "pub(crate) hcam: i32", "FRAME_INFO");
    told_of_simulator(
        "m2",
        simulator::STRUCTS,
        "pub(crate) entries: u16",
        "pub(crate) entries: u32",
        "smart_stream_type",
    );
    told_of_simulator("m3", simulator::STRUCTS, "pub(crate) pbin: u16,", "", "rgn_type");
    told_of_simulator(
        "m4",
        simulator::STRUCTS,
        "pub(crate) type RsBool = u16",
        "pub(crate) type RsBool = u32",
        "pl_cam_open",
    );
    told_of_simulator(
        "m5",
        simulator::STRUCTS,
        "#[repr(C)]\n#[derive(Clone, Copy, Default, Debug)]\npub(crate) struct FrameInfo {",
        "#[derive(Clone, Copy, Default, Debug)]\npub(crate) struct FrameInfo {",
        "FrameInfo",
    );
}

#[test]
fn a_changed_symbol_version_is_told() {
    let (name, file) = ("pl_exp_trigger", "vendor/pvcam/functions.toml");
    told_of_simulator("v1", simulator::VERSIONS, "    pl_exp_trigger;\n", "", name);
    told_of_simulator(
        "v2",
        simulator::VERSIONS,
        "pl_exp_stop_cont;",
        "pl_exp_stop_cont; pl_exp_trigger;",
        name,
    );
    told_of_simulator(
        "v3",
        file,
        "elf_version = \"PVCAM_CORE_2.5\"",
        "elf_version = \"PVCAM_CORE_2.6\"",
        name,
    );
    told_of_simulator("v4", simulator::VERSIONS, "} PVCAM_CORE_2.4;", "} PVCAM_CORE_2.3;", "PVCAM_CORE_2.5");
    told_of_simulator("v5", simulator::VERSIONS, "pvcam_sim_step; ", "", "pvcam_sim_step");
}
