//! `cargo xtask hardware-test`: whether a camera, this machine and the SDK are fit for the job, step by step.
//!
//! The work needs the driver, so it is behind the cargo feature `hardware-test`: the command calls cargo again with that
//! feature and in release, because speed is part of what it measures. So every other task works while the driver does
//! not compile.

mod exposure;
mod help;
mod options;

#[cfg(not(feature = "hardware-test"))]
mod relay;

#[cfg(feature = "hardware-test")]
mod alloc;
#[cfg(feature = "hardware-test")]
mod doctor;
#[cfg(feature = "hardware-test")]
mod json;
#[cfg(feature = "hardware-test")]
mod plan;
#[cfg(feature = "hardware-test")]
mod progress;
#[cfg(feature = "hardware-test")]
mod refusal;
#[cfg(feature = "hardware-test")]
mod run;
#[cfg(feature = "hardware-test")]
mod sdk;
#[cfg(feature = "hardware-test")]
mod table;
#[cfg(feature = "hardware-test")]
mod vcam;

/// What cargo builds the command with, with the driver in it.
pub(crate) const BUILD: &str = "--release --package xtask --features hardware-test";

pub(crate) use options::Options;
#[cfg(not(feature = "hardware-test"))]
pub(crate) use relay::task;
#[cfg(feature = "hardware-test")]
pub(crate) use run::task;
