//! The lanes of `cargo xtask test`, in the order in which they run: what fails fast comes first.
//!
//! To add one: a line in [`all`], and a function that returns in one line what it did.

use super::{Lane, acceptance, arrow, clients};
use crate::error::Error;
use crate::process::{observe, run};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{asan, loom, sim, soak, tidy};

/// How long each soak runs here; `cargo xtask soak` takes it from there.
const SOAK_SECONDS: u32 = 20;

/// All lanes.
pub(super) fn all(workspace: &Workspace) -> Vec<Lane> {
    let mut lanes = vec![
        lane("format", "every file is as rustfmt writes it", format),
        lane("tidy", "the rules that rustfmt and clippy do not know", check_tidy),
        lane("clippy", "clippy with warnings denied, tests included", clippy),
        lane(
            "bindings",
            "the committed bindings are what the tables give; tables, header and bindings say the same",
            bindings,
        ),
        lane("simulator", "libpvcam.so.2 links", simulator),
        lane("tests", "all tests and doctests", tests),
        lane("docs", "documentation with warnings denied", docs),
        lane("hardware-parts", "lints and tests of hardware-test, with the driver in it", parts),
        slow(lane(
            "hardware-test",
            "the whole path on simulated cameras, and on some that must fail",
            acceptance::task,
        )),
        slow(lane("loom", "the pool's protocol in every interleaving", |workspace| {
            loom::task(workspace, &loom::Options::for_lane())
        })),
        slow(lane("clients", "other people's PVCAM programs on the simulator", clients::task)),
        slow(lane("arrow", "pyarrow and polars read what was delivered, value by value", arrow::task)),
    ];
    for soak in soak::soaks(workspace) {
        let name = format!("soak {}", soak.name);
        lanes.push(slow(lane(&name, "a long run, cut short", move |workspace| {
            soak::run_one(workspace, &soak, SOAK_SECONDS, soak::Build::AsTests)?;
            Ok(format!("{SOAK_SECONDS} s"))
        })));
    }
    lanes.push(optional(slow(lane(
        "asan",
        "the crates with unsafe code under AddressSanitizer",
        asan::task,
    ))));
    lanes
}

fn lane(name: &str, about: &str, work: impl Fn(&Workspace) -> Result<String, Error> + 'static) -> Lane {
    Lane {
        name: name.to_owned(),
        about: about.to_owned(),
        slow: false,
        optional: false,
        work: Box::new(work),
    }
}

fn slow(lane: Lane) -> Lane {
    Lane { slow: true, ..lane }
}

fn optional(lane: Lane) -> Lane {
    Lane { optional: true, ..lane }
}

/// Runs cargo on the workspace; returns what was run.
fn cargo(workspace: &Workspace, arguments: &str) -> Result<String, Error> {
    run(workspace.cargo().args(arguments.split_whitespace()))?;
    Ok(format!("cargo {arguments}"))
}

fn format(workspace: &Workspace) -> Result<String, Error> {
    cargo(workspace, "fmt --all --check")
}

fn check_tidy(workspace: &Workspace) -> Result<String, Error> {
    tidy::run(workspace).map(|files| format!("{files} files"))
}

fn clippy(workspace: &Workspace) -> Result<String, Error> {
    cargo(workspace, "clippy --workspace --all-targets -- -D warnings")
}

fn bindings(workspace: &Workspace) -> Result<String, Error> {
    cargo(workspace, "clippy --package xtask --features bindings --all-targets -- -D warnings")?;
    let done = counted(&mut workspace.cargo(), "test --package xtask --features bindings bindings::")?;
    let compared = counted(&mut workspace.cargo(), "test --package xtask --features bindings abi::")?;
    cargo(workspace, "run --quiet --package xtask --features bindings -- bindings --check")?;
    cargo(workspace, "run --quiet --package xtask --features bindings -- abi")?;
    Ok(format!("not stale; generator: {done}; abi: {compared}"))
}

/// xtask's own tests run without the driver; these are those with it.
fn parts(workspace: &Workspace) -> Result<String, Error> {
    cargo(workspace, "clippy --package xtask --features hardware-test --all-targets -- -D warnings")?;
    counted(&mut workspace.cargo(), "test --package xtask --features hardware-test hardware_test::")
}

fn simulator(workspace: &Workspace) -> Result<String, Error> {
    sim::build(workspace).map(|library| library.file.display().to_string())
}

fn tests(workspace: &Workspace) -> Result<String, Error> {
    let library = sim::build(workspace)?;
    let mut command = workspace.cargo();
    command.env("PVCAM_SIM_LIB", &library.file);
    counted(&mut command, "test --workspace --no-fail-fast")
}

fn docs(workspace: &Workspace) -> Result<String, Error> {
    let flags = std::env::var("RUSTDOCFLAGS").unwrap_or_default();
    let mut command = workspace.cargo();
    command.env("RUSTDOCFLAGS", format!("{flags} -D warnings").trim_start());
    run(command.args(["doc", "--workspace", "--no-deps"]))?;
    Ok("cargo doc --workspace --no-deps".to_owned())
}

/// Runs `cargo test`, counts what it reports and fails where no test ran.
fn counted(command: &mut std::process::Command, arguments: &str) -> Result<String, Error> {
    let mut tally = Tally::default();
    observe(command.args(arguments.split_whitespace()), |line| tally.read(line))?;
    tally.proven()
}
