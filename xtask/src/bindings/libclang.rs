//! Where bindgen finds its libclang.
//!
//! In this order: `LIBCLANG_PATH`, the system's folders, and a private virtual environment under the target folder
//! with the `libclang` wheel from PyPI. bindgen reads `LIBCLANG_PATH` when it starts, so a library found in one of
//! the other places is passed on by starting this program once more with that variable set: changing the environment
//! of a running process is not safe.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, Result};

/// The wheel that is installed when the system has no libclang.
const WHEEL: &str = "libclang==18.1.1";

const VARIABLE: &str = "LIBCLANG_PATH";

/// Folders searched on Linux; each subfolder of the last ones that starts with `llvm` is searched as well.
const SYSTEM_FOLDERS: [&str; 5] =
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/lib", "/usr/lib"];

/// What [`prepare`] found out.
pub(crate) enum Libclang {
    /// bindgen can start in this process.
    Ready,
    /// Start this program again with `LIBCLANG_PATH` set to this folder.
    In(PathBuf),
}

/// Finds libclang, or installs it under `root/target`.
pub(crate) fn prepare(root: &Path) -> Result<Libclang> {
    if let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        return if path.is_file() || library_in(&path) {
            Ok(Libclang::Ready)
        } else {
            Err(failed(format!("{VARIABLE} is {}, but there is no libclang there", path.display())))
        };
    }
    if let Some(folder) = system_folder() {
        return Ok(Libclang::In(folder));
    }
    install(root).map(Libclang::In)
}

/// Runs this program again, same arguments, with libclang's folder in the environment.
pub(crate) fn run_again_with(folder: &Path) -> Result<()> {
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let status = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, folder)
        .status()
        .map_err(|e| failed(e.to_string()))?;
    if status.success() { Ok(()) } else { Err(Error::Reported) }
}

fn system_folder() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = SYSTEM_FOLDERS.iter().map(PathBuf::from).collect();
    let llvm = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut versions: Vec<_> = llvm
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm"))
        .map(|entry| entry.path().join("lib"))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| library_in(folder))
}

fn library_in(folder: &Path) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // libclang-cpp is another library: C++ classes, not the C interface that bindgen loads.
        name.starts_with("libclang") && name.contains(".so") && !name.starts_with("libclang-cpp")
    })
}

fn install(root: &Path) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let home = target.join("libclang");
    let python = home.join("bin/python");
    if let Some(folder) = installed(&home) {
        return Ok(folder);
    }
    println!("bindings: no libclang on this system; installing {WHEEL} into {}", home.display());
    execute(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    execute(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-deps", WHEEL]))?;
    installed(&home).ok_or_else(|| failed(format!("{WHEEL} is installed but holds no library")))
}

fn installed(home: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(home.join("lib")).ok()?;
    versions
        .flatten()
        .map(|python| python.path().join("site-packages/clang/native"))
        .find(|folder| library_in(folder))
}

fn execute(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("{shown} ended with {status}; {CURE}"))),
        Err(e) => Err(failed(format!("{shown} cannot start: {e}; {CURE}"))),
    }
}

const CURE: &str =
    "install libclang (Debian: apt-get install libclang-dev), or point LIBCLANG_PATH at its folder";

fn failed(problem: String) -> Error {
    Error::Tool { tool: "libclang".into(), problem }
}
