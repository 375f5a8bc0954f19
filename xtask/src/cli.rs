//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::process::run;
use crate::workspace::Workspace;
use crate::{asan, guest, hardware_test, loom, pipewire, sim, soak, test, tidy};

/// The tasks of this workspace. New here? `cargo xtask hardware-test` shows the whole path working, without a camera as
/// well; `cargo xtask test --fast` checks that everything works on your machine; `cargo xtask sim -- PROGRAM` runs any
/// PVCAM program without a camera.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Test a camera, this machine and the SDK, step by step; without a camera, simulated ones.
    HardwareTest(hardware_test::Options),
    /// Run everything that must hold before a change goes in: format, lints, tests, models, docs, real clients.
    Test(test::Options),
    /// Build the simulated camera (libpvcam.so.2) and run a program on it, any program that uses PVCAM.
    Sim(sim::Options),
    /// Check the workspace's own rules: who may depend on whom, where `unsafe` may be, file sizes, and more.
    #[command(after_help = TIDY)]
    Tidy,
    /// Write the committed bindings of pvcam-sys and the simulator's constants anew, from vendor/pvcam.
    Bindings {
        /// Write nothing; fail if a committed file differs from what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Compare every constant, size, offset and signature of the C interface in tables, header and Rust bindings.
    Abi,
    /// Run the loom models: the frame pool's protocol in every interleaving of its threads.
    Loom(loom::Options),
    /// Run the tests of the crates with unsafe code under AddressSanitizer (needs a nightly toolchain).
    Asan,
    /// Run the tests that need video devices in a guest kernel that has them (QEMU; takes minutes).
    GuestTest(guest::Options),
    /// Lint and test the PipeWire source, on a PipeWire server of its own (needs libpipewire's headers and more).
    PipewireTest(pipewire::Options),
    /// Run a long test by name; without a name, list them.
    Soak(soak::Options),
    /// Run the benches; all, or the one that is named.
    Bench {
        /// The bench, as its file in benches/ is called.
        name: Option<String>,
        /// Arguments for the bench itself, after `--`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

const TIDY: &str = "Each problem is printed as `path:line: what is wrong, and the cure`. The rules:
  - a crate depends on those of ours that docs/architecture.md draws, on no others
  - `unsafe` stands only in the crates and folders that docs/architecture.md names
  - a Rust file has at most 400 lines of code (the length of functions is clippy's to judge)
  - each `allow` and `expect` of a lint gives its reason
  - a lib.rs holds docs, attributes, `mod` and `use`, nothing else
  - each crate has docs, a description, and the lints of the workspace
  - a crate's own clippy.toml holds the workspace's settings as well
  - no tracked file names a path of one machine or a mark of unfinished work
  - a decision is docs/adr/NNNN-title.md with its four sections, each number once";

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<ExitCode, Error> {
        let workspace = Workspace::find()?;
        match self.task {
            Task::HardwareTest(options) => return hardware_test::task(&workspace, &options),
            Task::Test(options) => return test::task(&workspace, &options),
            Task::Sim(options) => return sim::task(&workspace, &options),
            Task::Tidy => println!("{} files are tidy", tidy::run(&workspace)?),
            Task::Bindings { check } => bindings(&workspace, check)?,
            Task::Abi => abi(&workspace)?,
            Task::Loom(options) => println!("{}", loom::task(&workspace, &options)?),
            Task::Asan => println!("{}", asan::task(&workspace)?),
            Task::GuestTest(options) => println!("{}", guest::task(&workspace, &options)?),
            Task::PipewireTest(options) => println!("{}", pipewire::task(&workspace, &options)?),
            Task::Soak(options) => soak::task(&workspace, &options)?,
            Task::Bench { name, arguments } => bench(&workspace, name.as_deref(), &arguments)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(feature = "bindings")]
fn abi(workspace: &Workspace) -> Result<(), Error> {
    println!("the same everywhere: {}", crate::abi::run(&workspace.root)?);
    Ok(())
}

/// Calls cargo again, with the readers of Rust and TOML built in.
#[cfg(not(feature = "bindings"))]
fn abi(workspace: &Workspace) -> Result<(), Error> {
    run(workspace.cargo().args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "bindings",
        "--",
        "abi",
    ]))
}

#[cfg(feature = "bindings")]
fn bindings(workspace: &Workspace, check: bool) -> Result<(), Error> {
    Ok(crate::bindings::run(&workspace.root, check)?)
}

/// Calls cargo again, with the generator built in.
#[cfg(not(feature = "bindings"))]
fn bindings(workspace: &Workspace, check: bool) -> Result<(), Error> {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--package", "xtask", "--features", "bindings", "--", "bindings"]);
    run(command.args(check.then_some("--check")))
}

fn bench(workspace: &Workspace, name: Option<&str>, arguments: &[String]) -> Result<(), Error> {
    let mut command = workspace.cargo();
    command.args(["bench", "--package", "pvcam-benches"]);
    match name {
        Some(name) => command.args(["--bench", name]),
        None => command.arg("--benches"),
    };
    run(command.arg("--").args(arguments))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_program_and_its_arguments_stand_after_two_hyphens() {
        assert!(Cli::try_parse_from(["xtask", "sim", "--", "ls", "-l", "--print"]).is_ok());
        assert!(Cli::try_parse_from(["xtask", "sim", "--print"]).is_ok());
        assert!(Cli::try_parse_from(["xtask", "sim", "ls"]).is_err());
        assert!(Cli::try_parse_from(["xtask", "sim"]).is_err());
        assert!(Cli::try_parse_from(["xtask", "sim", "--model", "no-such", "--", "ls"]).is_err());
    }
}
