//! `cargo xtask guest-test`: the tests that need video devices, in a guest kernel that has them.
//!
//! The guest is Debian's kernel with v4l2loopback and vivid, booted by QEMU (`tests/guest/`). It sees this machine's files read-only,
//! so the test programs run in it as they were built here. Tests that need it are in `tests/tests/guest_*.rs`, ignored elsewhere.

use std::path::PathBuf;
use std::process::Command;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::error::Error;
use crate::process::{capture, observe, run, shown};
use crate::sim;
use crate::tally::Tally;
use crate::workspace::{Workspace, make_folder};

/// The devices of the guest: loopback devices of both kinds, one of them for all to open, and vivid, whose output comes back on its input.
/// With `max_buffers=4` a reader that emulation has made slow still finds its picture whole.
const MODULES: &[&str] = &[
    "v4l2loopback devices=3 max_buffers=4 video_nr=0,1,2 exclusive_caps=0,1,0 card_label=plain,exclusive,spare",
    "vivid n_devs=1 vid_cap_nr=8 vid_out_nr=9 node_types=0x101 num_inputs=1 input_types=0x3 num_outputs=1 output_types=0x1",
];

/// What `cargo xtask guest-test` is asked for.
#[derive(Args)]
#[command(
    after_help = "Needs Debian on x86-64 with its apt sources, and some packages, which --install installs (as root). The first run \
downloads and builds two small guests (about 130 MB, kept under target/guest). A run takes minutes, because the guest is emulated where \
the processor's own virtualisation cannot be used."
)]
pub(crate) struct Options {
    /// Only this guest.
    #[arg(long)]
    flavour: Option<Flavour>,
    /// Install what is missing (QEMU, ffmpeg, v4l2-ctl, cpio, kmod, ...) with apt-get; needs root.
    #[arg(long)]
    install: bool,
    /// Seconds for all tests in one guest.
    #[arg(long, default_value_t = 1500)]
    timeout: u32,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// A kernel and the v4l2loopback that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flavour {
    /// The kernel and v4l2loopback of the Debian release: 6.1 and 0.12 on Debian 12.
    Stable,
    /// The kernel of its backports and the v4l2loopback of the next release: 6.12 and 0.15 on Debian 12.
    Backports,
}

impl Flavour {
    fn name(self) -> &'static str {
        match self {
            Flavour::Stable => "stable",
            Flavour::Backports => "backports",
        }
    }
}

/// Builds the guests and the tests, runs them, and returns what was done, in one line.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<String, Error> {
    let library = sim::build(workspace)?.file;
    let programs = programs(workspace)?;
    let mut done = Vec::new();
    for flavour in options.flavour.map_or(vec![Flavour::Stable, Flavour::Backports], |one| vec![one]) {
        println!("\n=== guest {}", flavour.name());
        let mut build = script(workspace, "build.sh", flavour)?;
        run(build.args(options.install.then_some("--install")))?;
        let mut tally = Tally::default();
        let mut command = script(workspace, "run.sh", flavour)?;
        command.args(["--timeout", &options.timeout.to_string()]).env("PVCAM_SIM_LIB", &library);
        command.args(MODULES.iter().flat_map(|module| ["--load", module]));
        command.args(["--", "sh", "-c", &all_of(&programs, options.filter.as_deref())]);
        observe(&mut command, |line| tally.read(line))?;
        done.push(format!("{}: {}", flavour.name(), tally.proven()?));
    }
    Ok(done.join("; "))
}

fn script(workspace: &Workspace, name: &str, flavour: Flavour) -> Result<Command, Error> {
    let cache = workspace.target.join("guest");
    make_folder(&cache)?;
    let mut command = Command::new(workspace.root.join("tests/guest").join(name));
    command.env("GUEST_CACHE", cache).env("GUEST_FLAVOUR", flavour.name());
    Ok(command)
}

/// Runs each program, also after one that failed.
fn all_of(programs: &[PathBuf], filter: Option<&str>) -> String {
    let filter = filter.map(quoted).unwrap_or_default();
    let one = |program: &PathBuf| {
        format!("{} --ignored --test-threads=1 {filter} || st=1\n", quoted(&program.to_string_lossy()))
    };
    format!("st=0\n{}exit $st", programs.iter().map(one).collect::<String>())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Builds the test programs and says where they lie.
fn programs(workspace: &Workspace) -> Result<Vec<PathBuf>, Error> {
    let mut command = workspace.cargo();
    command.args([
        "test",
        "--no-run",
        "--package",
        "pvcam-tests",
        "--message-format=json-render-diagnostics",
    ]);
    command.args(names(&workspace.metadata).iter().flat_map(|name| ["--test", name]));
    let text = capture(&mut command)?;
    let found: Vec<PathBuf> = text.lines().filter_map(executable).collect();
    if found.is_empty() {
        return Err(Error::Output { command: shown(&command), why: "it names no program".to_owned() });
    }
    Ok(found)
}

/// The program that a line of cargo's messages announces, if it does.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// The test programs that need the guest, by their file names.
fn names(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let targets = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
    let tests = targets.filter(|target| target["kind"][0] == "test");
    tests.filter_map(|t| t["name"].as_str()).filter(|n| n.starts_with("guest_")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tests_for_the_guest_are_found_by_their_file_name() {
        let target = |name: &str, kind: &str| json!({ "name": name, "kind": [kind] });
        let metadata = json!({ "packages": [{ "targets": [
            target("guest_a", "test"), target("no_guest", "test"), target("guest_b", "example"),
        ]}]});
        assert_eq!(names(&metadata), ["guest_a"]);
    }

    #[test]
    fn programs_are_read_from_cargos_messages() {
        assert_eq!(executable(r#"{"executable":"/a/b","reason":"compiler-artifact"}"#), Some("/a/b".into()));
        assert_eq!(executable(r#"{"executable":null}"#), None);
        assert_eq!(executable("   Compiling x"), None);
    }

    #[test]
    fn each_program_runs_and_one_that_fails_is_remembered() {
        let output = |programs: &[&str]| {
            let programs: Vec<PathBuf> = programs.iter().map(PathBuf::from).collect();
            Command::new("sh").args(["-c", &all_of(&programs, Some("it's"))]).output().unwrap()
        };
        let good = output(&["echo", "echo"]);
        assert!(good.status.success());
        assert_eq!(good.stdout, b"--ignored --test-threads=1 it's\n".repeat(2));
        let bad = output(&["false", "echo"]);
        assert_eq!((bad.status.code(), bad.stdout.len()), (Some(1), 32));
    }
}
