//! The bindings and the header against the fact tables, and the loader against real shared libraries.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail; the lints excuse test functions, but not their helpers"
)]

mod constants;
mod header;
mod layouts;
mod loader;
mod tables;
mod windows;
