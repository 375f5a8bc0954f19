//! Decisions are kept as `docs/adr/NNNN-title.md`, each number once, with the sections a reader looks for.

use std::collections::BTreeMap;

use super::{File, Problem};

const FOLDER: &str = "docs/adr/";

/// What a heading must contain, without regard to case.
const SECTIONS: &[&str] = &["context", "options", "decision", "how we would notice it was wrong"];

pub(super) fn check(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        let Some(name) = file.path.strip_prefix(FOLDER) else { continue };
        let Some(number) = number(name) else {
            let cure = "the name of a decision is NNNN-title.md, in small letters, digits and hyphens";
            problems.push(Problem::new(&file.path, 1, cure));
            continue;
        };
        if let Some(other) = numbers.insert(number, name) {
            problems.push(Problem::new(
                &file.path,
                1,
                format!("{other} has this number too: take the next free one"),
            ));
        }
        problems.extend(SECTIONS.iter().filter(|section| !has_section(&file.text, section)).map(|section| {
            Problem::new(
                &file.path,
                1,
                format!("no section \"{section}\": a reader of a decision looks for it"),
            )
        }));
    }
    problems
}

/// The four digits of `NNNN-title.md`.
fn number(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let title_is_plain =
        !title.is_empty() && title.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && title_is_plain).then_some(number)
}

fn has_section(text: &str, section: &str) -> bool {
    text.lines().any(|line| {
        line.starts_with('#') && line.trim_start_matches('#').trim().to_lowercase().starts_with(section)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# 0001 A title\n\n## Context\n\n## Options\n\n## Decision\n\n## How we would notice it was wrong\n";

    fn problems(named: &[(&str, &str)]) -> Vec<String> {
        let file =
            |(name, text): &(&str, &str)| File { path: format!("{FOLDER}{name}"), text: (*text).to_owned() };
        check(&named.iter().map(file).collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn decisions_in_order_pass() {
        assert_eq!(problems(&[("0001-a-lease.md", TEXT), ("0002-b.md", TEXT)]), [""; 0]);
    }

    #[test]
    fn a_wrong_name_fails() {
        for name in ["1-a.md", "0001-A.md", "0001.md", "0001-a.txt", "notes.md"] {
            assert_eq!(problems(&[(name, TEXT)]).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_number_taken_twice_fails() {
        assert!(
            problems(&[("0001-a.md", TEXT), ("0001-b.md", TEXT)])[0].contains("0001-a.md has this number")
        );
    }

    #[test]
    fn a_missing_section_fails_by_name() {
        let text = TEXT.replace("## How we would notice", "## Whether we would notice");
        let found = problems(&[("0001-a.md", &text)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("how we would notice it was wrong"), "{found:?}");
    }
}
