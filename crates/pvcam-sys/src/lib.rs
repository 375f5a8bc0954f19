//! The PVCAM SDK in Rust names: committed bindings and a run-time loader. No logic.
//!
//! Types and constants carry the SDK's own names, so that its manual can be read beside the code. They are generated
//! from a clean-room header (`vendor/pvcam/`), and checked in; a build needs neither the SDK nor libclang. The library
//! itself is loaded when the program runs:
//!
//! ```
//! use pvcam_sys::{Api, PV_OK};
//!
//! match Api::load() {
//!     Ok((api, path)) => {
//!         println!("PVCAM from {}", path.display());
//!         let mut version = 0;
//!         // SAFETY: the out pointer is valid for one u16; the call needs no initialised library.
//!         let done = unsafe { (api.pl_pvcam_get_ver)(&mut version) };
//!         println!("version {version:#06x}, {}", i32::from(done) == PV_OK);
//!     }
//!     Err(why) => println!("{why}"), // Names every place searched, and what to do.
//! }
//! ```
//!
//! * C enumerations are open integers: `i32` aliases with constants. A newer SDK may return a value that this header
//!   does not know, and that must not be undefined behaviour.
//! * [`Api`] holds the 47 functions that the Linux library exports. `pl_exp_trigger` is an `Option`: a library without
//!   the symbol version `PVCAM_CORE_2.5` lacks it.
//! * The numbers stand for SDK 3.10.2.5 on 64-bit x86 Linux; see `vendor/pvcam/PROVENANCE.md`.
//! * Thread rules: the SDK's error code is one value for the whole process. Calls from several threads need a lock
//!   around each call and the reading of its error; the `pvcam` crate has that.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")))]
compile_error!(
    "pvcam-sys has bindings for 64-bit x86 Linux only. Build for x86_64-unknown-linux-gnu, or add a target: \
     generate its types in xtask/src/bindings/ (`TARGETS` in rust.rs), run `cargo xtask bindings`, and name the new file \
     in crates/pvcam-sys/src/bindings/mod.rs."
);

#[expect(
    non_camel_case_types,
    non_snake_case,
    reason = "the SDK's own names, so that its manual can be read beside the code"
)]
mod bindings;
mod error_name;
mod installation;
mod load_error;
mod loader;
mod lookup;

pub use bindings::*;
pub use error_name::{error_meaning, error_name};
pub use installation::{Installation, Piece, installation_hint};
pub use load_error::LoadError;
pub use loader::{LIBRARY_FOLDERS, LIBRARY_NAMES, LIBRARY_VARIABLE};
