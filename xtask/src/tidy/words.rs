//! What must not stand in any tracked text: paths of one machine, and marks of unfinished work.

use super::{File, Problem};

/// Folders that exist on one machine only, and whether a name must follow to make a path of it.
/// Written in pieces, so that this file does not break its own rule.
const MACHINE_FOLDERS: &[(&str, bool)] = &[
    (concat!("/", "work/"), false),
    (concat!("/", "farm/"), false),
    (concat!("/", "root/"), false),
    (concat!("/", "home/"), true),
    (concat!("/", "Users/"), true),
    (concat!("/", "tmp/"), true),
];

const UNFINISHED: &[&str] =
    &[concat!("todo", "!"), concat!("unimplemented", "!"), concat!("FIX", "ME"), concat!("XX", "X")];

pub(super) fn check(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| names_folder(line, folder)) {
            problems.push(Problem::new(
                &file.path,
                index + 1,
                format!(
                    "a path of one machine ({}...): use a path relative to the file, an environment variable or \
                     a temporary folder",
                    folder.0
                ),
            ));
        }
        if let Some(mark) = UNFINISHED.iter().find(|mark| marks(line, mark)) {
            problems.push(Problem::new(
                &file.path,
                index + 1,
                format!("`{mark}`: finish it, or open an issue and take the mark out"),
            ));
        }
    }
    problems
}

fn names_folder(line: &str, (folder, name_must_follow): &(&str, bool)) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        let starts_path = !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c));
        starts_path && (!name_must_follow || after.is_some_and(char::is_alphanumeric))
    })
}

fn marks(line: &str, mark: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len()..].chars().next();
        !before.is_some_and(in_word) && (mark.ends_with('!') || !after.is_some_and(in_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = File { path: "README.md".to_owned(), text: text.to_owned() };
        check(&file).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn paths_of_a_machine_fail() {
        for (folder, _) in MACHINE_FOLDERS {
            assert_eq!(lines(&format!("fine\nsee \"{folder}a/b\"\n")), [2], "{folder}");
        }
    }

    #[test]
    fn paths_that_only_look_like_one_pass() {
        let work = MACHINE_FOLDERS[0].0;
        assert_eq!(lines(&format!("https://example.org{work}a and ..{work}b and ${{HOME}}{work}c")), [0; 0]);
        assert_eq!(lines(&format!("mount a tmpfs on {}", MACHINE_FOLDERS[5].0)), [0; 0]);
    }

    #[test]
    fn marks_of_unfinished_work_fail() {
        for mark in UNFINISHED {
            assert_eq!(lines(&format!("a\nb {mark}(c)\n")), [2], "{mark}");
        }
        assert_eq!(lines(&format!("a{m}b _{m}", m = UNFINISHED[3])), [0; 0]);
    }
}
