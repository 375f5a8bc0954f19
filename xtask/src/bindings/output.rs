//! Generated files: written, or compared with what is committed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, Result};

/// One generated file.
#[derive(Debug)]
pub(crate) struct Output {
    /// Relative to the workspace root.
    pub(crate) path: PathBuf,
    /// The whole content.
    pub(crate) text: String,
}

impl Output {
    /// A C header, taken as it is.
    pub(crate) fn header(path: &str, text: String) -> Self {
        Self { path: path.into(), text }
    }

    /// A Rust file, formatted by the workspace's own rules so that `cargo fmt --check` agrees with it.
    pub(crate) fn rust(root: &Path, path: &str, text: &str) -> Result<Self> {
        Ok(Self { path: path.into(), text: format_rust(root, text)? })
    }

    /// Writes the file if its content differs; says whether it did.
    pub(crate) fn write(&self, root: &Path) -> Result<bool> {
        let path = root.join(&self.path);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == self.text) {
            return Ok(false);
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, &e))?;
        }
        std::fs::write(&path, &self.text).map_err(|e| Error::io("write", &path, &e))?;
        Ok(true)
    }

    /// Compares the committed file with the generated text: `None` when equal, else the first difference.
    pub(crate) fn difference(&self, root: &Path) -> Option<Difference> {
        let committed = std::fs::read_to_string(root.join(&self.path)).ok();
        first_difference(committed.as_deref(), &self.text).map(|(line, committed, expected)| Difference {
            path: self.path.clone(),
            line,
            committed,
            expected,
        })
    }
}

/// Where a committed file departs from what the generator makes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The file, relative to the workspace root.
    pub(crate) path: PathBuf,
    /// The first line that differs, from 1.
    pub(crate) line: usize,
    /// That line as committed; `None` when the file is missing or ends before it.
    pub(crate) committed: Option<String>,
    /// That line as generated; `None` when the generated text ends before it.
    pub(crate) expected: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |line: &Option<String>| line.clone().unwrap_or_else(|| "(no such line)".into());
        writeln!(f, "{}:{}", self.path.display(), self.line)?;
        writeln!(f, "  committed: {}", show(&self.committed))?;
        write!(f, "  generated: {}", show(&self.expected))
    }
}

type LineDifference = (usize, Option<String>, Option<String>);

fn first_difference(committed: Option<&str>, expected: &str) -> Option<LineDifference> {
    let Some(committed) = committed else {
        return Some((1, None, expected.lines().next().map(str::to_owned)));
    };
    if committed == expected {
        return None;
    }
    // split, not lines: a missing or extra newline at the end is a difference too.
    let (mut old, mut new) = (committed.split('\n'), expected.split('\n'));
    let mut line = 0;
    loop {
        line += 1;
        match (old.next(), new.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some((line, a.map(str::to_owned), b.map(str::to_owned))),
        }
    }
}

fn format_rust(root: &Path, text: &str) -> Result<String> {
    let failed = |problem: String| Error::Tool { tool: "rustfmt".into(), problem };
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| failed(format!("{e}; install it with `rustup component add rustfmt`")))?;
    // rustfmt reads all of its input before it prints, so writing first cannot block on a full output pipe.
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|e| failed(e.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    String::from_utf8(output.stdout).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modified_copy_is_detected_and_its_line_named() {
        let folder = std::env::temp_dir().join(format!("bindings-check-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let output = Output::header("made.h", "one\ntwo\nthree\n".into());
        assert!(output.difference(&folder).is_some_and(|d| d.line == 1 && d.committed.is_none()));
        assert!(output.write(&folder).unwrap());
        assert_eq!(output.difference(&folder), None);
        assert!(!output.write(&folder).unwrap(), "an unchanged file is left alone");

        std::fs::write(folder.join("made.h"), "one\n2\nthree\n").unwrap();
        let difference = output.difference(&folder).unwrap();
        assert_eq!((difference.line, difference.committed.as_deref()), (2, Some("2")));
        assert!(difference.to_string().starts_with("made.h:2"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_lost_newline_and_a_lost_tail_are_differences() {
        assert_eq!(first_difference(Some("a\nb"), "a\nb\n"), Some((3, None, Some(String::new()))));
        assert_eq!(first_difference(Some("a\n"), "a\nb\n"), Some((2, Some(String::new()), Some("b".into()))));
        assert_eq!(first_difference(Some("a\n"), "a\n"), None);
    }
}
