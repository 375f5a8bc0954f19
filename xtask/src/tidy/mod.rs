//! `cargo xtask tidy`: the rules of this workspace that neither rustfmt nor clippy knows.
//!
//! Each check is a function from text to problems, in a file of its own, with a test that shows it failing.
//! The length of functions and their number of parameters are clippy's to judge (`clippy.toml`).

mod adr;
mod arrows;
mod attributes;
mod clippy_toml;
mod lib_rs;
mod manifests;
mod rust_files;
mod source;
mod words;

use std::collections::BTreeSet;
use std::fmt;
use std::process::Command;

use crate::error::Error;
use crate::process::capture;
use crate::workspace::Workspace;

/// A tracked file, its path relative to the root of the workspace.
pub(crate) struct File {
    path: String,
    text: String,
}

/// A place that breaks a rule, and the cure.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    path: String,
    line: usize,
    what: String,
}

impl Problem {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Problem {
        Problem { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Runs every check and prints all problems; returns how many files were read.
pub(crate) fn run(workspace: &Workspace) -> Result<usize, Error> {
    let files = files(workspace)?;
    let mut problems = arrows::check(&workspace.metadata);
    problems.extend(manifests::check(&workspace.metadata, &workspace.root, &files));
    problems.extend(adr::check(&files));
    problems.extend(clippy_toml::check(&files));
    for file in &files {
        problems.extend(words::check(file));
        if file.path.ends_with(".rs") {
            problems.extend(rust_files::check(file));
            problems.extend(attributes::check(file));
        }
        if file.path.ends_with("src/lib.rs") {
            problems.extend(lib_rs::check(file));
        }
    }
    problems.sort();
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(files.len()),
        count => Err(Error::Untidy { count }),
    }
}

/// The text files that git tracks, and those it would track with the next `git add`.
fn files(workspace: &Workspace) -> Result<Vec<File>, Error> {
    let mut command = git();
    command.current_dir(&workspace.root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = capture(&mut command)?;
    let mut files = Vec::new();
    // A file in the middle of a merge is listed once per side.
    let paths: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    for path in paths {
        match std::fs::read(workspace.root.join(path)) {
            // What is not text has none of our rules to keep.
            Ok(bytes) => {
                files.extend(String::from_utf8(bytes).ok().map(|text| File { path: path.to_owned(), text }));
            }
            // Deleted but not yet committed as such, or a link to a folder.
            Err(why)
                if matches!(why.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory) => {}
            Err(source) => {
                return Err(Error::File { action: "read", path: workspace.root.join(path), source });
            }
        }
    }
    Ok(files)
}

/// A git that finds its repository by the folder it runs in, also when a hook of git started us.
fn git() -> Command {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        command.env_remove(name);
    }
    command
}

/// Whether a file says of itself that a program wrote it.
fn is_generated(file: &File) -> bool {
    // In two pieces, so that this file does not say it.
    let marker = concat!("@", "generated");
    file.text.lines().take(10).any(|line| line.contains(marker))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::process;
    use crate::workspace::{make_folder, write};

    /// A repository with one crate, whose library has this text.
    fn judged(folder: &Path, library: &str) -> Result<usize, Error> {
        make_folder(&folder.join("crates/a/src")).unwrap();
        write(&folder.join("crates/a/src/lib.rs"), library).unwrap();
        write(&folder.join(".gitignore"), "ignored.rs\n").unwrap();
        write(&folder.join("ignored.rs"), "#[allow(dead_code)]\n").unwrap();
        process::run(git().args(["init", "--quiet"]).arg(folder)).unwrap();
        let metadata = json!({ "workspace_root": folder, "packages": [] });
        run(&Workspace { root: folder.to_owned(), target: folder.to_owned(), metadata })
    }

    #[test]
    fn a_repository_is_read_as_git_sees_it() {
        let folder = std::env::temp_dir().join(format!("xtask-tidy-{}", std::process::id()));
        assert_eq!(judged(&folder, "//! Docs.\nmod b;\n").unwrap(), 2);
        let why = judged(&folder, "//! Docs.\n#[allow(unused)]\nfn f() { unsafe { g() } }\n").unwrap_err();
        assert!(matches!(why, Error::Untidy { count: 3 }), "{why}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
