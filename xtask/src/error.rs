//! What can go wrong in a task, each with its cure.

use std::path::PathBuf;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A program that a task needs is not on the path.
    #[error("`{program}` was not found: {cure}")]
    MissingProgram { program: String, cure: String },
    /// A program could not be started for another reason.
    #[error("`{program}` could not be started")]
    Spawn { program: String, source: std::io::Error },
    /// A program ended with failure; what it printed stands above.
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: String },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    /// The output of a tool is not what this task can read.
    #[error("cannot understand the output of `{command}`: {why}")]
    Output { command: String, why: String },
    /// The bindings could not be generated, or are stale.
    #[cfg(feature = "bindings")]
    #[error(transparent)]
    Bindings(#[from] crate::bindings::Error),
}
