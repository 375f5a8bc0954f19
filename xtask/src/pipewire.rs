//! `cargo xtask pipewire-test`: lints and tests of the PipeWire source, which plain builds leave out.
//!
//! The tests (`tests/tests/pipewire_*.rs`) start a PipeWire server of their own, without a desktop and without touching the user's.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::error::Error;
use crate::process::{observe, run};
use crate::sim;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// What `cargo xtask pipewire-test` is asked for.
#[derive(Args)]
#[command(
    after_help = "Needs the headers of libpipewire and libclang for the build, and pipewire, wireplumber, dbus and GStreamer's plugin for \
the tests. What is missing is listed with the line that installs it on Debian and Ubuntu; --install types it (as root). The first build \
takes some minutes, the tests under a minute."
)]
pub(crate) struct Options {
    /// Install what is missing with apt-get; needs root.
    #[arg(long)]
    install: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// What has to be there: how it is looked for, and the Debian package that has it.
const NEEDS: &[(Need, &str)] = &[
    (Need::Succeeds("pkg-config --exists libpipewire-0.3 libspa-0.2"), "libpipewire-0.3-dev pkg-config"),
    (Need::Libclang, "libclang-dev"),
    (Need::Succeeds("pipewire --version"), "pipewire"),
    (Need::Succeeds("wireplumber --version"), "wireplumber"),
    (Need::Succeeds("dbus-run-session --version"), "dbus"),
    (Need::Succeeds("gst-launch-1.0 --version"), "gstreamer1.0-tools"),
    (Need::Succeeds("gst-inspect-1.0 pipewiresrc"), "gstreamer1.0-pipewire"),
    (Need::Succeeds("gst-inspect-1.0 videoconvert"), "gstreamer1.0-plugins-base"),
];

/// How something is looked for.
#[derive(Clone, Copy)]
enum Need {
    /// By a command that succeeds where it is.
    Succeeds(&'static str),
    /// The library that reads C headers, where the generator of bindings looks for it.
    Libclang,
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Need::Succeeds(line) => {
                let mut words = line.split_whitespace();
                let Some(program) = words.next() else { return false };
                let mut command = Command::new(program);
                command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                command.status().is_ok_and(|status| status.success())
            }
            Need::Libclang => libclang_folders().iter().any(|folder| has_libclang(folder)),
        }
    }
}

/// Where distributions put it, and where the user says it is.
fn libclang_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("LIBCLANG_PATH").into_iter().map(PathBuf::from).collect();
    folders
        .extend(["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/local/lib"].map(PathBuf::from));
    let entries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let llvm = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm"));
    folders.extend(llvm.map(|entry| entry.path().join("lib")));
    folders
}

fn has_libclang(folder: &Path) -> bool {
    // libclang-cpp is another library.
    let is_it = |name: &str| {
        name.starts_with("libclang") && name.contains(".so") && !name.starts_with("libclang-cpp")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is_it(&entry.file_name().to_string_lossy()))
}

/// Packages for what is missing.
fn missing(needs: &[(Need, &'static str)]) -> Vec<&'static str> {
    needs.iter().filter(|(need, _)| !need.is_met()).map(|(_, package)| *package).collect()
}

/// An error that names what is missing and the line that installs it.
fn check(needs: &[(Need, &'static str)]) -> Result<(), Error> {
    match missing(needs).join(" ") {
        packages if packages.is_empty() => Ok(()),
        packages => {
            let why = format!(
                "packages are missing; `sudo apt-get install {packages}`, or as root `cargo xtask pipewire-test --install`"
            );
            Err(Error::CannotRun { what: "the test of the PipeWire source", why })
        }
    }
}

fn install() -> Result<(), Error> {
    let packages: Vec<&str> = missing(NEEDS).iter().flat_map(|line| line.split_whitespace()).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages.as_slice()].concat())
}

/// Lints the source, its documentation too, and tests it; returns what was done, in one line.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<String, Error> {
    if options.install {
        install()?;
    }
    check(NEEDS)?;
    let with = ["--features", "pipewire"];
    let mut lint = workspace.cargo();
    lint.args(["clippy", "--package", "frame-vcam", "--package", "pvcam-tests", "--all-targets"]);
    run(lint.args(with).args(["--", "-D", "warnings"]))?;
    let mut docs = workspace.cargo();
    docs.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps", "--package", "frame-vcam"]);
    run(docs.args(with))?;
    let library = sim::build(workspace)?.file;
    let mut tally = Tally::default();
    let mut examples = workspace.cargo();
    examples.args(["test", "--package", "frame-vcam", "--doc"]).args(with).arg("PipeWireSource");
    observe(&mut examples, |line| tally.read(line))?;
    let mut tests = workspace.cargo();
    tests.args(["test", "--package", "pvcam-tests"]).args(with).env("PVCAM_SIM_LIB", library);
    tests.args(workspace.tests_named("pipewire_").iter().flat_map(|name| ["--test", name]));
    observe(tests.args(&options.filter), |line| tally.read(line))?;
    tally.proven()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_line_that_installs_it() {
        let there = (Need::Succeeds("cargo --version"), "cargo");
        let absent = (Need::Succeeds("no-such-program-here --version"), "no-such-package");
        let fails = (Need::Succeeds("cargo --no-such-option"), "another");
        assert!(check(&[there]).is_ok());
        let why = check(&[there, absent, fails]).unwrap_err();
        assert!(why.is_lack());
        assert!(why.to_string().contains("`sudo apt-get install no-such-package another`"), "{why}");
    }

    #[test]
    fn libclang_is_known_by_its_name() {
        let folder = std::env::temp_dir().join(format!("xtask-libclang-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, is_it) in
            [("libclang-14.a", false), ("libclang-cpp.so.14", false), ("libclang-14.so.1", true)]
        {
            std::fs::write(folder.join(name), "").unwrap();
            assert_eq!(has_libclang(&folder), is_it, "with {name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
