//! Python packages for the lanes that need them, in a virtual environment under the target folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::process::run;
use crate::workspace::{Workspace, make_folder, write};

/// The file in an environment that says what was installed into it.
const STAMP: &str = "installed.txt";

/// Makes an environment with the pinned packages, or finds the one that is there; returns its `python`.
pub(crate) fn environment(workspace: &Workspace, name: &str, packages: &[&str]) -> Result<PathBuf, Error> {
    let folder = workspace.target.join("venv").join(name);
    let python = folder.join("bin/python");
    let wanted = format!("{}\n{}\n", folder.display(), packages.join("\n"));
    if python.exists() && std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|had| had == wanted) {
        return Ok(python);
    }
    make_folder(&folder)?;
    make_environment(&folder)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    run(&mut install).map_err(|why| lack(format!("pip could not install {}: {why}", packages.join(" "))))?;
    write(&folder.join(STAMP), &wanted)?;
    Ok(python)
}

/// The source archive of a package (`NAME==VERSION`), fetched with the `pip` of an environment, or found where it is. pip
/// asks an archive for its needs by running its `setup.py`; `needs` is what that looks for in environment variables.
pub(crate) fn source(python: &Path, package: &str, needs: &[(&str, &Path)]) -> Result<PathBuf, Error> {
    let name = package.split("==").next().unwrap_or(package);
    // In the environment, so that it goes with it.
    let folder = python.with_file_name("..").join("source").join(package);
    if let Some(archive) = only_file(&folder) {
        return Ok(archive);
    }
    make_folder(&folder)?;
    let mut fetch = Command::new(python);
    fetch.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    fetch.args(["--no-build-isolation", "--no-binary", name, "--dest"]).arg(&folder).arg(package);
    run(fetch.envs(needs.iter().copied()))
        .map_err(|why| lack(format!("pip could not fetch the source of {package}: {why}")))?;
    only_file(&folder).ok_or_else(|| lack(format!("pip fetched no source of {package}")))
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder).ok()?.next()?.ok().map(|entry| entry.path())
}

/// Makes an empty environment; where the module for it is missing and we may, it is installed first.
fn make_environment(folder: &Path) -> Result<(), Error> {
    let Err(why) = run(&mut venv(folder)) else { return Ok(()) };
    if !may_install() {
        let cure = "on Debian and Ubuntu: apt-get install python3-venv";
        return Err(if why.is_lack() { why } else { lack(format!("`python3 -m venv` failed; {cure}")) });
    }
    println!("python3 or its venv module is missing: installing the package python3-venv");
    let install = || run(Command::new("apt-get").args(["install", "--yes", "--quiet", "python3-venv"]));
    // The first try fails where the machine has no list of packages yet.
    install()
        .or_else(|_| run(Command::new("apt-get").args(["update", "--quiet"])).and_then(|()| install()))
        .map_err(|why| lack(format!("python3-venv could not be installed: {why}")))?;
    run(&mut venv(folder))
}

fn venv(folder: &Path) -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "venv", "--clear"]).arg(folder);
    command
}

/// Whether we are root on a system with apt.
fn may_install() -> bool {
    let output = |command: &mut Command| command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok();
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id.stdout.trim_ascii() == b"0");
    root && output(Command::new("apt-get").arg("--version")).is_some_and(|apt| apt.status.success())
}

fn lack(why: String) -> Error {
    Error::CannotRun { what: "the Python lane", why }
}
