//! What can go wrong in a task, each with its cure.

use std::path::PathBuf;
use std::time::Duration;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A program that a task needs is not on the path.
    #[error("`{program}` was not found: {cure}")]
    MissingProgram { program: String, cure: String },
    /// A task needs something that this machine does not have.
    #[error("{what} cannot run here: {why}")]
    CannotRun { what: &'static str, why: String },
    /// A program could not be started for another reason.
    #[error("`{program}` could not be started")]
    Spawn { program: String, source: std::io::Error },
    /// A program ended with failure; what it printed stands above.
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: String },
    /// A program did not end in time and was stopped.
    #[error("`{command}` was stopped: it did not end within {} s", limit.as_secs())]
    TooLong { command: String, limit: Duration },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    /// The output of a tool is not what this task can read.
    #[error("cannot understand the output of `{command}`: {why}")]
    Output { command: String, why: String },
    /// A program ended otherwise than it must.
    #[error("`{command}` did not do what it must: {why}")]
    Wrong { command: String, why: String },
    /// A name was asked for that is in no list.
    #[error("there is no {kind} `{name}`; there is: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown { kind: &'static str, name: String, known: Vec<String> },
    /// The rules of the workspace are broken; the places are printed.
    #[error("{count} problem(s), listed above")]
    Untidy { count: usize },
    /// The models that ran are not the models that are committed.
    #[error("the loom models are not those of {}:{}", list.display(), listed("\n  in the list, not in the tests: ", missing) + &listed("\n  in the tests, not in the list: ", unlisted))]
    ModelList { list: PathBuf, missing: Vec<String>, unlisted: Vec<String> },
    /// Some models failed; what they printed stands above.
    #[error("loom models failed: {}", names.join(", "))]
    Models { names: Vec<String> },
    /// A client script says something about its simulator that cannot be read.
    #[error("{}: `{entry}` in its `# sim:` line is not `key=value`", script.display())]
    SimLine { script: PathBuf, entry: String },
    /// A task did too little for its success to mean anything.
    #[error("proves nothing: {0}")]
    Nothing(String),
    /// The bindings could not be generated, or are stale.
    #[cfg(feature = "bindings")]
    #[error(transparent)]
    Bindings(#[from] crate::bindings::Error),
    /// The C interface could not be compared, or is not the same everywhere.
    #[cfg(feature = "bindings")]
    #[error(transparent)]
    Abi(#[from] crate::abi::Error),
}

impl Error {
    /// Whether the machine lacks something, as opposed to the code being wrong.
    pub(crate) fn is_lack(&self) -> bool {
        matches!(self, Error::MissingProgram { .. } | Error::CannotRun { .. })
    }

    /// The error and its causes in one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }
}

fn listed(heading: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{heading}{}", names.join(", ")) }
}
