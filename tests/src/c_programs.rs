//! Programs in C and C++ on the simulator's shared library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shared_library;

/// A compiler, and what it is to take a source for.
#[derive(Clone, Copy, Debug)]
pub struct Compiler {
    program: &'static str,
    language: &'static str,
}

impl Compiler {
    /// The C compiler, which Rust needs to link.
    pub const C: Self = Self { program: "cc", language: "c" };
    /// The C++ compiler, which a machine may lack.
    pub const CPP: Self = Self { program: "c++", language: "c++" };

    /// Whether the machine has it.
    #[must_use]
    pub fn is_there(self) -> bool {
        Command::new(self.program).arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// Compiles `tests/clients/SOURCE` against our header, warnings being errors, and links it with the simulator in the
    /// vendor's place.
    #[must_use]
    pub fn program(self, source: &str, folder: &Path) -> PathBuf {
        self.compile(source, folder, "", &["-x".as_ref(), "none".as_ref(), shared_library().as_os_str()])
    }

    /// As [`Self::program`], but a shared library that is linked with nothing.
    #[must_use]
    pub fn preload(self, source: &str, folder: &Path) -> PathBuf {
        self.compile(source, folder, ".so", &["-shared".as_ref(), "-fPIC".as_ref()])
    }

    fn compile(self, source: &str, folder: &Path, suffix: &str, linked: &[&std::ffi::OsStr]) -> PathBuf {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = here.join("clients").join(source);
        let stem = source.file_stem().expect("a source has a name").to_string_lossy().into_owned();
        let made = folder.join(stem + suffix);
        let mut command = Command::new(self.program);
        command.args(["-Wall", "-Wextra", "-Werror", "-Wno-deprecated-declarations", "-Wno-unused-function"]);
        command.args(["-pthread", "-x", self.language, "-I"]).arg(here.join("../vendor/pvcam")).arg(&source);
        let output = command.args(linked).arg("-o").arg(&made).output();
        let output = output.expect("there is a C compiler: on Debian and Ubuntu, apt-get install gcc");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?}: {}:\n{errors}", source.display());
        made
    }
}

/// A program that was compiled, on cameras of `tests/clients/CONFIG`; what it says is caught.
#[must_use]
pub fn on_simulator(program: &Path, config: &str) -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", shared_library().parent().expect("it lies in a folder"));
    command.env("PVCAM_SIM_CONFIG", here.join("clients").join(config)).env("PVCAM_VERSION", "3.10.2.5");
    command
}
