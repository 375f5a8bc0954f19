//! `cargo xtask guest-test`: the tests that need video devices, in a guest kernel that has them.
//!
//! The guest is Debian's kernel with v4l2loopback and vivid, booted by QEMU (`tests/guest/`). It sees this machine's files read-only,
//! so the test programs run in it as they were built here. Tests that need it are in `tests/tests/guest_*.rs`, ignored elsewhere; some
//! of them start an example and `cargo xtask hardware-test` as a user would.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::error::Error;
use crate::process::{capture, observe, run, shown, spawn};
use crate::tally::Tally;
use crate::workspace::{Workspace, make_folder, read};
use crate::{hardware_test, sim};

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
downloads and builds two small guests (about 130 MB, kept under target/guest). A run takes five minutes or more for each where the \
processor's own virtualisation cannot be used and the guest is emulated. At the end a line for each guest says what ran in which kernel, or \
why it did not."
)]
pub(crate) struct Options {
    /// Only this guest.
    #[arg(long)]
    flavour: Option<Flavour>,
    /// Install what is missing (QEMU, ffmpeg, v4l2-ctl, cpio, kmod, ...) with apt-get; needs root.
    #[arg(long)]
    install: bool,
    /// Seconds for all tests in one guest.
    #[arg(long, default_value_t = 3000)]
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

/// What can be run in a guest.
struct Programs {
    /// The test programs, by name.
    tests: Vec<PathBuf>,
    /// What they find in their environment.
    environment: Vec<(&'static str, PathBuf)>,
}

/// The exit status of `build.sh` on a machine that lacks what a guest is made of; it says what that is.
const LACKS: i32 = 3;

/// Builds the guests and the tests, runs them, and returns what was done, one line for each guest.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<String, Error> {
    let flavours = options.flavour.map_or(vec![Flavour::Stable, Flavour::Backports], |one| vec![one]);
    // Before the long builds: what is missing is told at once.
    let ready: Vec<_> =
        flavours.iter().map(|flavour| (*flavour, prepare(workspace, *flavour, options.install))).collect();
    let programs = if ready.iter().any(|(_, ready)| ready.is_ok()) { Some(build(workspace)?) } else { None };
    let mut outcomes = Vec::new();
    for (flavour, ready) in ready {
        let outcome = match (ready, &programs) {
            (Ok(()), Some(programs)) => test(workspace, flavour, options, programs),
            (ready, _) => ready.map(|()| String::new()),
        };
        outcomes.push((flavour, outcome));
    }
    summary(outcomes)
}

/// What became of each guest in a line; an error where one failed or did not run.
fn summary(outcomes: Vec<(Flavour, Result<String, Error>)>) -> Result<String, Error> {
    let (mut lines, mut first) = (Vec::new(), None);
    for (flavour, outcome) in outcomes {
        let line = match &outcome {
            Ok(done) => format!("passed: {done}"),
            Err(why) if why.is_lack() => format!("did not run: {}", why.chain()),
            Err(why) => format!("FAILED: {}", why.chain()),
        };
        lines.push(format!("guest {}: {line}", flavour.name()));
        // A failure weighs more than what could not run.
        first = match (first, outcome.err()) {
            (Some(before), Some(why)) if !Error::is_lack(&before) || why.is_lack() => Some(before),
            (before, why) => why.or(before),
        };
    }
    let text = lines.join("\n");
    match first {
        None => Ok(text),
        Some(why) => {
            println!("\n{text}");
            Err(why)
        }
    }
}

/// Makes the guest, if it is not there yet.
fn prepare(workspace: &Workspace, flavour: Flavour, install: bool) -> Result<(), Error> {
    let mut build = script(workspace, "build.sh", flavour)?;
    build.args(install.then_some("--install")).stdin(Stdio::null());
    let status = spawn(&mut build)?
        .wait()
        .map_err(|why| Error::Output { command: shown(&build), why: why.to_string() })?;
    match status.code() {
        Some(0) => Ok(()),
        Some(LACKS) => {
            let why = "tests/guest/build.sh says above what is missing".to_owned();
            Err(Error::CannotRun { what: "the guest", why })
        }
        _ => Err(Error::Failed { command: shown(&build), status: status.to_string() }),
    }
}

/// Builds what runs in the guests.
fn build(workspace: &Workspace) -> Result<Programs, Error> {
    let library = sim::build(workspace)?.file;
    let webcam = "microscope_webcam";
    run(workspace.cargo().args(["build", "--package", "pvcam-tests", "--example", webcam]))?;
    run(workspace.cargo().arg("build").args(hardware_test::BUILD.split(' ')))?;
    Ok(Programs {
        tests: programs(workspace)?,
        environment: vec![
            ("PVCAM_SIM_LIB", library),
            ("PVCAM_TESTS_WEBCAM", workspace.target.join("debug/examples").join(webcam)),
            ("PVCAM_TESTS_HARDWARE_TEST", workspace.target.join("release/xtask")),
        ],
    })
}

/// Runs the tests in one guest; returns how many, where, and how long it took.
fn test(
    workspace: &Workspace,
    flavour: Flavour,
    options: &Options,
    programs: &Programs,
) -> Result<String, Error> {
    println!("\n=== guest {}", flavour.name());
    let (begun, mut tally, mut failed) = (Instant::now(), Tally::default(), Vec::new());
    let mut command = script(workspace, "run.sh", flavour)?;
    command.args(["--timeout", &options.timeout.to_string()]);
    command.envs(programs.environment.iter().map(|(name, path)| (name, path)));
    command.env("PVCAM_TESTS_MODULES", MODULES.join(";"));
    command.args(MODULES.iter().flat_map(|module| ["--load", module]));
    command.args(["--", "sh", "-c", &all_of(&programs.tests, options.filter.as_deref())]);
    let ended = observe(&mut command, |line| {
        tally.read(line);
        failed.extend(failure(line));
    });
    match ended {
        Ok(()) => {}
        Err(Error::Failed { status, .. }) => {
            let why = if failed.is_empty() { status } else { failed.join(", ") };
            return Err(Error::Wrong { command: format!("run.sh, guest {}", flavour.name()), why });
        }
        Err(why) => return Err(why),
    }
    let versions = read(&cache(workspace).join(flavour.name()).join("versions.txt"))?;
    let seconds = begun.elapsed().as_secs();
    Ok(format!("{}, {seconds} s, in {}", tally.proven()?, versions.trim().replace('\n', ", ")))
}

/// The test that a line of a test program's output calls failed.
fn failure(line: &str) -> Option<String> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned)
}

fn cache(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guest")
}

fn script(workspace: &Workspace, name: &str, flavour: Flavour) -> Result<Command, Error> {
    let cache = cache(workspace);
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
    command.args(workspace.tests_named("guest_").iter().flat_map(|name| ["--test", name]));
    let text = capture(&mut command)?;
    let mut found: Vec<PathBuf> = text.lines().filter_map(executable).collect();
    // Always in one order: what a test leaves behind in the guest's devices is the same each time.
    found.sort();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_cargos_messages() {
        assert_eq!(executable(r#"{"executable":"/a/b","reason":"compiler-artifact"}"#), Some("/a/b".into()));
        assert_eq!(executable(r#"{"executable":null}"#), None);
        assert_eq!(executable("   Compiling x"), None);
    }

    #[test]
    fn a_guest_that_failed_counts_more_than_one_that_did_not_run() {
        let lack = || Err(Error::CannotRun { what: "it", why: "no QEMU".to_owned() });
        let failed = || Err(Error::Nothing("no test".to_owned()));
        let both = |one, other| summary(vec![(Flavour::Stable, one), (Flavour::Backports, other)]);
        let good = both(Ok("3 tests".to_owned()), Ok("4 tests".to_owned())).unwrap();
        assert_eq!(good, "guest stable: passed: 3 tests\nguest backports: passed: 4 tests");
        assert!(both(lack(), Ok(String::new())).unwrap_err().is_lack());
        assert!(!both(lack(), failed()).unwrap_err().is_lack());
        assert!(!both(failed(), lack()).unwrap_err().is_lack());
    }

    #[test]
    fn tests_that_failed_are_named() {
        assert_eq!(failure("test it_works ... FAILED").as_deref(), Some("it_works"));
        assert_eq!(failure("test it_works ... ok"), None);
        assert_eq!(failure("test result: FAILED. 1 passed; 1 failed"), None);
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
