//! The tasks of this workspace: `cargo xtask --help` lists them.
#![deny(unsafe_code)]

#[cfg(feature = "bindings")]
mod bindings;
mod cli;
mod error;
mod process;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("error: {why}");
            let mut cause = std::error::Error::source(&why);
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}
