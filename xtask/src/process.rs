//! Starting other programs: what a task is made of.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

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

/// Runs a command with its output on ours; an exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.stdin(Stdio::null()).status().map_err(|source| spawn_error(command, source))?;
    succeeded(command, status)
}

/// Runs a command and returns what it wrote to its standard output; its errors go to ours.
pub(crate) fn capture(command: &mut Command) -> Result<String, Error> {
    let mut text = String::new();
    read_lines(command, |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    Ok(text)
}

/// Runs a command, passes each line of its standard output on to ours, and shows it to `on_line`.
pub(crate) fn observe(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<(), Error> {
    read_lines(command, |line| {
        println!("{line}");
        on_line(line);
    })
}

fn read_lines(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<(), Error> {
    let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let unreadable = |why: std::io::Error| Error::Output { command: shown(command), why: why.to_string() };
    if let Some(stdout) = child.stdout.take() {
        // Programs may print what is no UTF-8; that must not end the reading.
        for line in BufReader::new(stdout).split(b'\n') {
            on_line(String::from_utf8_lossy(&line.map_err(unreadable)?).trim_end_matches('\r'));
        }
    }
    let status = child.wait().map_err(unreadable)?;
    succeeded(command, status)
}

/// Runs a command with its output on ours and stops it when the time is over.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), Error> {
    let mut child = spawn(command.stdin(Stdio::null()))?;
    let status = wait_within(&mut child, command, limit)?;
    succeeded(command, status)
}

/// Waits for a child until the time is over, then kills it.
pub(crate) fn wait_within(
    child: &mut Child,
    command: &Command,
    limit: Duration,
) -> Result<ExitStatus, Error> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if started.elapsed() >= limit => {
                // It may have ended between the two lines; then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::TooLong { command: shown(command), limit });
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(why) => return Err(Error::Output { command: shown(command), why: why.to_string() }),
        }
    }
}

/// Starts a command; a program that is not there is an error of its own.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|source| spawn_error(command, source))
}

/// Becomes the command: its input, output, signals and exit code are ours from here on.
#[cfg(unix)]
pub(crate) fn become_program(command: &mut Command) -> Result<ExitCode, Error> {
    use std::os::unix::process::CommandExt;
    let source = command.exec();
    Err(spawn_error(command, source))
}

/// Runs the command and passes on its exit code.
#[cfg(not(unix))]
pub(crate) fn become_program(command: &mut Command) -> Result<ExitCode, Error> {
    let status = command.status().map_err(|source| spawn_error(command, source))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed { command: shown(command), status: status.to_string() })
    }
}

fn spawn_error(command: &Command, source: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    if source.kind() == ErrorKind::NotFound {
        let cure = match program.as_str() {
            "cc" => "install a C compiler (on Debian and Ubuntu: apt-get install gcc)".to_owned(),
            "python3" => "install Python 3 (on Debian and Ubuntu: apt-get install python3-venv)".to_owned(),
            "rustup" => "install Rust with rustup (https://rustup.rs)".to_owned(),
            _ => format!("install it, or put its folder on the PATH, so that `{program}` runs in a shell"),
        };
        Error::MissingProgram { program, cure }
    } else {
        Error::Spawn { program, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_cure() {
        let why = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(why.is_lack());
        assert!(why.to_string().starts_with("`no-such-program-here` was not found: install it"), "{why}");
    }

    #[test]
    fn a_failing_program_is_shown_with_its_arguments() {
        let why = run(cargo().arg("--no-such-option")).unwrap_err();
        assert!(!why.is_lack());
        assert!(why.to_string().contains("cargo --no-such-option` failed"), "{why}");
    }

    #[test]
    fn lines_are_captured() {
        assert!(capture(cargo().arg("--version")).unwrap().starts_with("cargo 1."));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_stopped() {
        let limit = Duration::from_millis(50);
        let why = run_within(Command::new("sleep").arg("60"), limit).unwrap_err();
        assert!(matches!(why, Error::TooLong { .. }), "{why}");
        assert!(run_within(Command::new("sleep").arg("0"), Duration::from_secs(60)).is_ok());
    }
}
