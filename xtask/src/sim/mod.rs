//! `cargo xtask sim`: the simulated camera as a shared library, and any program run on it.

mod build;
mod run;

pub(crate) use build::{Library, build};
pub(crate) use run::{Options, environment, task};
