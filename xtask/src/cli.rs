//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::workspace::Workspace;

/// The tasks of this workspace. Start with `cargo xtask test`.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the committed bindings of pvcam-sys and the simulator's constants anew.
    Bindings {
        /// Write nothing; fail if a committed file differs from what would be written.
        #[arg(long)]
        check: bool,
    },
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<ExitCode, Error> {
        let workspace = Workspace::find()?;
        match self.task {
            Task::Bindings { check } => bindings(&workspace, check)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(feature = "bindings")]
fn bindings(workspace: &Workspace, check: bool) -> Result<(), Error> {
    Ok(crate::bindings::run(&workspace.root, check)?)
}

#[cfg(not(feature = "bindings"))]
fn bindings(workspace: &Workspace, check: bool) -> Result<(), Error> {
    let mut command = crate::process::cargo();
    command.current_dir(&workspace.root).args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "bindings",
        "--",
        "bindings",
    ]);
    if check {
        command.arg("--check");
    }
    crate::process::run(&mut command)
}
