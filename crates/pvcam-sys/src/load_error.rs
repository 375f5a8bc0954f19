//! Why there is no function table.

use std::ffi::CStr;
use std::fmt::Write;
use std::path::PathBuf;

/// Why the SDK's library could not be used.
///
/// The text names every place searched with the dynamic loader's reason, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No place where the library is usually found has one that loads.
    #[error("no PVCAM library found{}\n{CURE}", list(searched))]
    NotFound {
        /// Each name or path tried, in order, with the dynamic loader's reason.
        searched: Vec<(PathBuf, String)>,
    },
    /// The file that the caller or `PVCAM_LIBRARY` names does not load. Other places were not searched: whoever
    /// names a library wants that one.
    #[error("{} ({named_by}) does not load: {reason}\n{CURE}", path.display())]
    NotLoadable {
        /// The file, or the folder that was expected to hold it.
        path: PathBuf,
        /// Who asked for it: `PVCAM_LIBRARY`, or `given path`.
        named_by: &'static str,
        /// The dynamic loader's reason.
        reason: String,
    },
    /// The library loads, but it lacks a function that every PVCAM of this major version has.
    #[error("{} has no function {symbol:?}: it is not a PVCAM library, or too old (that of SDK 3.10.2.5 has it)\n{CURE}",
        library.as_ref().map_or_else(|| "the given library".into(), |path| path.display().to_string()))]
    MissingSymbol {
        /// The first name that was not found.
        symbol: &'static CStr,
        /// The library, where it came from a file.
        library: Option<PathBuf>,
    },
}

const CURE: &str = "Install the PVCAM SDK, or set PVCAM_LIBRARY to the library's file or folder. Without a camera: \
     `cargo xtask sim --print` builds a simulated one and prints its folder.";

fn list(searched: &[(PathBuf, String)]) -> String {
    let mut text = String::from("; searched:");
    for (path, reason) in searched {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {}: {reason}", path.display());
    }
    text
}
