//! The shared library, loaded as any program loads it.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pvcam_sim::Control;

use super::{Functions, Sdk};

/// Names the library to a test run, as for the other tests that load it.
const VARIABLE: &str = "PVCAM_SIM_LIB";

/// The loaded library, initialised with a configuration.
pub fn start(toml: &str) -> Sdk {
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
    Sdk::start_with(functions, control, toml)
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
