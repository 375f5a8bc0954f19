//! The shared library, loaded as any program loads it, and the models that it must know.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pvcam_sim::Control;

use crate::support::{Functions, Sdk};

/// Names the library to a test run, as for the other tests that load it.
const VARIABLE: &str = "PVCAM_SIM_LIB";

/// A model and its file.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) table: toml::Table,
}

impl Model {
    pub(crate) fn new(name: &str, file: String) -> Self {
        Self { name: name.to_owned(), table: file.parse().unwrap(), file }
    }

    /// A number of a table.
    pub(crate) fn number(&self, table: &str, key: &str) -> i64 {
        self.table[table][key].as_integer().unwrap()
    }

    /// The name under which the camera is listed.
    pub(crate) fn camera(&self) -> &'static str {
        if self.table["interface"]["kind"].as_str() == Some("usb") { "pvcamUSB_0" } else { "pvcamPCIE_0" }
    }
}

/// All model files of the folder.
pub(crate) fn models() -> Vec<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let model = |file: &PathBuf| {
        Model::new(&file.file_stem().unwrap().to_string_lossy(), std::fs::read_to_string(file).unwrap())
    };
    files.iter().map(model).collect()
}

/// The library with one camera of the model, which is open.
pub(crate) fn start(model: &Model) -> (Sdk, i16) {
    start_with(&format!("model = \"{}\"\n", model.name), model)
}

/// The same with a model file of the test's own.
pub(crate) fn start_own(model: &Model) -> (Sdk, i16) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", model.name));
    std::fs::write(&file, &model.file).unwrap();
    start_with(&format!("model_file = \"{}\"\n", file.display()), model)
}

/// The same with further keys of the camera's table.
pub(crate) fn start_with(keys: &str, model: &Model) -> (Sdk, i16) {
    let file = file();
    let path = CString::new(file.as_os_str().as_bytes()).unwrap();
    // SAFETY: the text is terminated; the library's start-up code is the simulator's.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null(), "{} does not load", file.display());
    let find = |name: &CStr| {
        // SAFETY: the handle is valid and never closed; only the address is taken.
        let address = unsafe { libc::dlsym(library, name.as_ptr()) };
        assert!(!address.is_null(), "{name:?} is not exported");
        address
    };
    // SAFETY: the functions of the library just loaded.
    let functions = unsafe { Functions::found_by(find) };
    let control = Control::of_loaded(file).unwrap();
    let toml = format!("[[camera]]\nclock = \"stepped\"\n{keys}");
    let sdk = Sdk::start_with(functions, control, &toml);
    let hcam = sdk.open(model.camera());
    (sdk, hcam)
}

fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| match std::env::var_os(VARIABLE) {
        Some(file) if !file.is_empty() => PathBuf::from(file),
        _ => build(),
    })
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["xtask", "sim", "--print"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the library does not build:\n{errors}");
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("libpvcam.so.2")
}
