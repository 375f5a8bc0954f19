//! What `cargo xtask bindings` makes of the fact tables, one file of types per target.

mod api;
mod errors;

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
#[path = "x86_64_unknown_linux_gnu.rs"]
mod types;

// The crate itself does not build for Windows yet: its loader is that of Unix. The types are there and checked.
#[cfg(all(target_os = "windows", target_arch = "x86_64", target_pointer_width = "64"))]
#[path = "x86_64_pc_windows_msvc.rs"]
mod types;

pub use api::Api;
pub use errors::*;
pub use types::*;
