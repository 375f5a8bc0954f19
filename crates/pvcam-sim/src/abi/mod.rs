//! The C interface as this library speaks it: numbers, structures, and the process-wide error.
//!
//! Nothing here is shared with the driver's bindings, so that each proves the other.

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the whole number table is generated; this crate needs only part of it"
)]
pub(crate) mod constants;
pub(crate) mod error;
pub(crate) mod types;
