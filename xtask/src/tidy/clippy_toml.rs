//! A crate with a `clippy.toml` of its own says the workspace's settings again, because clippy reads the nearest file only.

use super::{File, Problem};

const WORKSPACE: &str = "clippy.toml";

pub(super) fn check(files: &[File]) -> Vec<Problem> {
    let Some(whole) = files.iter().find(|file| file.path == WORKSPACE) else { return Vec::new() };
    let mut problems = Vec::new();
    for own in files.iter().filter(|file| file.path.ends_with("/clippy.toml")) {
        let missing = settings(&whole.text).filter(|setting| !settings(&own.text).any(|s| s == *setting));
        problems.extend(missing.map(|setting| {
            let what =
                format!("clippy reads only this file for the crate: `{setting}` of /{WORKSPACE} is missing");
            Problem::new(&own.path, 1, what)
        }));
    }
    problems
}

fn settings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(own: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file("clippy.toml", "# Why.\nmsrv = \"1\"\n\nlines = 60\n"), file("a/clippy.toml", own)];
        check(&files).into_iter().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn all_settings_and_more_pass() {
        assert_eq!(problems("more = 1\nlines = 60\nmsrv = \"1\"\n"), [""; 0]);
    }

    #[test]
    fn a_setting_that_is_missing_or_differs_fails_by_name() {
        let found = problems("msrv = \"1\"\nlines = 61\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a/clippy.toml:1:") && found[0].contains("`lines = 60`"), "{found:?}");
        assert_eq!(problems("").len(), 2);
    }
}
