//! A configuration error says where: file, line, key.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Why a configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// `None` when the text did not come from a file.
    pub(crate) file: Option<PathBuf>,
    /// 1-based; `None` when the file could not be read at all.
    pub(crate) line: Option<usize>,
    /// The key or table at fault, empty when there is none.
    pub(crate) key: String,
    pub(crate) reason: String,
}

impl ConfigError {
    /// An error at a place in `text`.
    pub(crate) fn at(text: &str, span: Range<usize>, reason: impl Into<String>) -> Self {
        let start = span.start.min(text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[..start].matches('\n').count() + 1;
        let before = &text[line_start..start];
        let whole = &text[line_start..line_end];
        Self { file: None, line: Some(line), key: key_of(before, whole), reason: reason.into() }
    }

    /// A file that could not be read.
    pub(crate) fn unread(error: &std::io::Error) -> Self {
        Self { file: None, line: None, key: String::new(), reason: error.to_string() }
    }

    /// An error at the first line that sets `key`.
    pub(crate) fn at_key(text: &str, key: &str, reason: impl Into<String>) -> Self {
        let begins = |line: &str, place: usize| {
            let before = line[..place].trim_end();
            let inline = before.ends_with('{') || before.ends_with(',');
            let assigned = line[place + key.len()..].trim_start().starts_with('=');
            assigned && (before.is_empty() || inline)
        };
        let place = |line: &str| line.match_indices(key).map(|found| found.0).find(|&at| begins(line, at));
        let found = text.lines().find_map(|line| {
            let line_start = line.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            place(line).map(|at| line_start + at)
        });
        let start = found.unwrap_or(0);
        Self { key: key.to_owned(), ..Self::at(text, start..start, reason) }
    }

    /// The reader's own error, with the line and key worked out.
    pub(crate) fn from_toml(text: &str, error: &toml::de::Error) -> Self {
        Self::at(text, error.span().unwrap_or(0..0), error.message())
    }
}

/// The key whose value starts after `before`; else the key or table that the whole line starts with.
fn key_of(before: &str, whole: &str) -> String {
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    if let Some(equals) = before.rfind('=') {
        let left = before[..equals].trim_end();
        let from = left.rfind(|c| !is_key(c)).map_or(0, |at| at + 1);
        return left[from..].to_owned();
    }
    whole.trim().trim_matches(['[', ']']).split('=').next().unwrap_or_default().trim().to_owned()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(out, "{}: ", file.display())?;
        }
        if let Some(line) = self.line {
            write!(out, "line {line}, ")?;
        }
        if !self.key.is_empty() {
            write!(out, "key `{}`: ", self.key)?;
        }
        out.write_str(&self.reason)
    }
}
