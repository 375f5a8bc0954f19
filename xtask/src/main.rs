//! The tasks of this workspace: `cargo xtask --help` lists them.
//!
//! xtask starts cargo and other programs and reads what they say; it has no part in what a user links.
#![deny(unsafe_code)]

#[cfg(feature = "bindings")]
mod abi;
mod asan;
#[cfg(feature = "bindings")]
mod bindings;
mod cli;
mod error;
mod guest;
mod hardware_test;
mod loom;
mod pipewire;
mod process;
mod python;
mod sim;
mod soak;
mod tally;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("error: {}", why.chain());
            ExitCode::FAILURE
        }
    }
}
