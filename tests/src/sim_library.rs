//! The simulator's shared library: where it is, and how it is controlled once this process has loaded it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pvcam_sim::Control;

/// Names the library to a test run; `cargo xtask test` sets it.
const VARIABLE: &str = "PVCAM_SIM_LIB";

/// A build that takes longer is mentioned.
const LONG: Duration = Duration::from_secs(10);

/// `libpvcam.so.2` of the simulator: the file that `PVCAM_SIM_LIB` names, else the one that `cargo xtask sim` builds.
///
/// The first test of a fresh checkout builds it, and waits for other builds in the same folder. It is no test that hangs then: what took long is
/// said afterwards.
#[must_use]
pub fn shared_library() -> &'static Path {
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
    let begun = Instant::now();
    let output = command.output().expect("cargo runs");
    if begun.elapsed() > LONG {
        // Past the capture of what tests say: who watches the run is to know.
        let seconds = begun.elapsed().as_secs();
        let _ =
            writeln!(std::io::stderr(), "(building the simulator's library took {seconds} s of this test)");
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the simulator's library does not build:\n{errors}");
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Path::new(&folder).join("libpvcam.so.2")
}

/// Control of the shared library, which this process loads for it.
#[must_use]
pub fn control() -> Control {
    let file = shared_library();
    pvcam_sys::Api::load_from(file).expect("the simulator's library loads");
    Control::of_loaded(file).expect("it is the simulator")
}

/// A folder of this name for the files of one test, empty.
#[must_use]
pub fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("pvcam-tests-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
