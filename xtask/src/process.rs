//! Starting other programs: what a task is made of.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use crate::error::Error;

/// The cargo that started this task (or the one on the path).
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The command as a person would type it, for messages.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn spawn_error(command: &Command, source: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    if source.kind() == ErrorKind::NotFound {
        let cure = format!("install it, or put its folder on the PATH, so that `{program}` runs in a shell");
        Error::MissingProgram { program, cure }
    } else {
        Error::Spawn { program, source }
    }
}

/// Runs a command with its output on ours; an exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.stdin(Stdio::null()).status().map_err(|source| spawn_error(command, source))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed { command: shown(command), status: status.to_string() })
    }
}

/// Runs a command and returns what it wrote to its standard output; its errors go to ours.
pub(crate) fn capture(command: &mut Command) -> Result<String, Error> {
    let Output { status, stdout, .. } = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| spawn_error(command, source))?;
    if !status.success() {
        return Err(Error::Failed { command: shown(command), status: status.to_string() });
    }
    String::from_utf8(stdout).map_err(|why| Error::Output { command: shown(command), why: why.to_string() })
}
