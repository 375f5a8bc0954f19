//! What starts and ends exposures, what the status calls tell meanwhile, and what may be changed while frames come: over the C
//! interface of the shared library.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod link;
mod live_region;
mod regions;
mod run;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod trigger_levels;
mod trigger_scripts;
mod variable_timed;
