//! What crosses the crates: end to end, faults, real clients, compile-fail.
