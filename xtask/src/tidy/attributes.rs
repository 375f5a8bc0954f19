//! Every `allow` and `expect` of a lint says why. Clippy asks the same of the code it compiles; this sees
//! also what is behind a `cfg` that is off.

use super::source::{Source, after_balanced, line_at, word_offsets};
use super::{File, Problem};

pub(super) fn check(file: &File) -> Vec<Problem> {
    let source = Source::new(&file.text);
    let bare = source.bare();
    let mut problems = Vec::new();
    for (from, to) in attributes(bare) {
        for word in ["allow", "expect"] {
            for at in word_offsets(&bare[from..to], word) {
                let open = from + at + word.len();
                let reasoned = || {
                    let end = after_balanced(bare, open)?;
                    Some(gives_reason(source.code_between(open, end)))
                };
                if bare[open..].starts_with('(') && reasoned() != Some(true) {
                    problems.push(Problem::new(
                        &file.path,
                        line_at(bare, open),
                        format!("`{word}` without a reason: write `#[expect(lint, reason = \"...\")]`, or mend the code"),
                    ));
                }
            }
        }
    }
    problems
}

/// Whether the list in brackets ends with `reason = "some text"`.
fn gives_reason(list: &str) -> bool {
    word_offsets(list, "reason").any(|at| {
        let value = list[at + "reason".len()..].trim_start().strip_prefix('=').map(str::trim_start);
        value.is_some_and(|value| value.starts_with(['"', 'r']) && !value.starts_with("\"\""))
    })
}

/// The byte ranges of attributes, inner and outer.
fn attributes(bare: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(hash) = bare[at..].find('#').map(|offset| at + offset) {
        at = hash + 1;
        let after = bare[at..].trim_start_matches('!');
        if after.starts_with('[') {
            let open = bare.len() - after.len();
            if let Some(end) = after_balanced(bare, open) {
                found.push((open, end));
                at = end;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
        check(&file).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn an_allow_without_a_reason_fails() {
        assert_eq!(lines("fn a() {}\n#[allow(dead_code)]\nfn b() {}"), [2]);
        assert_eq!(lines("#![expect(unused)]"), [1]);
        assert_eq!(lines("#[cfg_attr(test, allow(dead_code))]"), [1]);
        assert_eq!(lines("#[allow(dead_code, reason = \"\")]"), [1]);
        assert_eq!(lines("#[allow(a, reason = \"x\")]\n#[allow(b)]"), [2]);
    }

    #[test]
    fn one_with_a_reason_passes_and_methods_are_not_meant() {
        assert_eq!(lines("#[expect(dead_code, reason = \"read by a debugger\")]"), [0; 0]);
        assert_eq!(lines("#[cfg_attr(test, expect(a,\n    reason = \"why (so)\"))]"), [0; 0]);
        assert_eq!(lines("fn a() { b.expect(\"c\"); allow(d); }"), [0; 0]);
        assert_eq!(lines("// #[allow(dead_code)]\nlet s = \"#[allow(dead_code)]\";"), [0; 0]);
    }
}
