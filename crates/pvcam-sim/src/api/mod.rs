//! The exported C functions.
//!
//! Common contract, on which the `SAFETY` comments here rest: as in every C interface, a pointer argument is
//! either null or valid for what the function's documentation says is read or written through it, for the
//! duration of the call (for an acquisition buffer: until the acquisition is stopped). Alignment is not asked
//! for. Null is checked where the vendor's library checks it, in its order.

mod callback;
mod camera;
pub(crate) mod control;
mod exposure;
mod frames;
mod library;
mod metadata;
mod param;
mod pointer;
mod structs;
mod table;

pub use table::lookup;
