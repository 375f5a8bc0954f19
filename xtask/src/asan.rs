//! `cargo xtask asan`: the tests of the crates with `unsafe`, under AddressSanitizer.

use std::process::{Command, Stdio};

use crate::error::Error;
use crate::process::{capture, observe};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The crates whose memory we answer for.
const PACKAGES: &[&str] = &["frame-pool", "pvcam"];

/// Leaks that are meant, by the test that provokes them.
const LEAKS: &str = "xtask/leaks-on-purpose.txt";

/// Runs the tests on the nightly toolchain; returns what was done, in one line.
pub(crate) fn task(workspace: &Workspace) -> Result<String, Error> {
    if !has_nightly() {
        let why = "no nightly toolchain, which AddressSanitizer needs: `rustup toolchain install nightly`"
            .to_owned();
        return Err(Error::CannotRun { what: "AddressSanitizer", why });
    }
    let host = host()?;
    let mut command = Command::new("rustup");
    command
        .current_dir(&workspace.root)
        .args(["run", "nightly", "cargo", "test", "--lib", "--tests", "--no-fail-fast", "--target", &host])
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("LSAN_OPTIONS", format!("suppressions={}", workspace.root.join(LEAKS).display()))
        .env("CARGO_TARGET_DIR", workspace.target.join("asan"));
    // These name the toolchain that built this program.
    command.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    let mut tally = Tally::default();
    observe(&mut command, |line| tally.read(line))?;
    tally.proven()
}

fn has_nightly() -> bool {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "rustc", "--version"]).stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// The target triple of this machine. Naming it keeps the sanitizer out of build scripts and macros.
fn host() -> Result<String, Error> {
    let text = capture(Command::new("rustup").args(["run", "nightly", "rustc", "-vV"]))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Error::Output { command: "rustc -vV".to_owned(), why: "it names no host".to_owned() })
}
