//! Calls cargo again, with the driver built in.

use std::process::ExitCode;

use super::{BUILD, Options};
use crate::error::Error;
use crate::process::{become_program, run};
use crate::workspace::Workspace;

/// Builds the same command with the driver in it, and becomes it.
pub(crate) fn task(workspace: &Workspace, _options: &Options) -> Result<ExitCode, Error> {
    // First by itself, so that its progress shows: the first build takes a minute or two.
    run(workspace.cargo().arg("build").args(BUILD.split(' ')))?;
    let mut command = workspace.cargo();
    command.args(["run", "--quiet"]).args(BUILD.split(' '));
    // Paths that the user gave are relative to where the user is.
    if let Ok(folder) = std::env::current_dir() {
        command.current_dir(folder);
        command.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    }
    become_program(command.arg("--").args(std::env::args_os().skip(1)))
}
