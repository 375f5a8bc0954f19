//! A `lib.rs` is a table of contents: docs, attributes, `mod` and `use` lines, nothing that runs. It may refuse a
//! target it is not made for (`compile_error!`).

use super::source::{Source, after_balanced, line_at};
use super::{File, Problem};

pub(super) fn check(file: &File) -> Vec<Problem> {
    let source = Source::new(&file.text);
    let bare = source.bare();
    let mut problems = Vec::new();
    let mut at = 0;
    loop {
        at = bare.len() - bare[at..].trim_start().len();
        if at >= bare.len() {
            return problems;
        }
        let item = &bare[at..];
        if item.starts_with('#') {
            let open = item.find('[').map(|offset| at + offset);
            at = open.and_then(|open| after_balanced(bare, open)).unwrap_or(bare.len());
            continue;
        }
        let (end, has_body) = item_end(bare, at);
        if has_body || !is_contents(item) {
            problems.push(Problem::new(
                &file.path,
                line_at(bare, at),
                "a lib.rs holds only docs, attributes, `mod` and `use`: move this into a module",
            ));
        }
        at = end;
    }
}

/// Whether an item is `mod name;`, `use ...;` or `extern crate ...;` under any visibility, or a `compile_error!`.
fn is_contents(item: &str) -> bool {
    let mut rest = item;
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.trim_start();
        if rest.starts_with('(') {
            rest = after_balanced(rest, 0).map_or("", |end| rest[end..].trim_start());
        }
    }
    ["mod ", "use ", "extern crate ", "compile_error!("].iter().any(|keyword| rest.starts_with(keyword))
}

/// Where an item ends, and whether it ends with a body in braces. The braces of a `use` list are no body.
fn item_end(bare: &str, from: usize) -> (usize, bool) {
    for (offset, byte) in bare.bytes().enumerate().skip(from) {
        match byte {
            b';' => return (offset + 1, false),
            b'{' if !bare[from..offset].trim_end().ends_with("::") => {
                return (after_balanced(bare, offset).unwrap_or(bare.len()), true);
            }
            _ => {}
        }
    }
    (bare.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = File { path: "crates/a/src/lib.rs".to_owned(), text: text.to_owned() };
        check(&file).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn contents_pass() {
        let text = "//! Doc with fn main() {}.\n#![deny(unsafe_code)]\n\nmod a;\npub(crate) mod b;\n\
                    #[cfg(feature = \"x\")]\npub mod c;\npub use a::{A, b::{B, C}};\nuse d::*;\n";
        assert_eq!(lines(text), [0; 0]);
        assert_eq!(lines("//! Only docs.\n"), [0; 0]);
        assert_eq!(lines("#[cfg(windows)]\ncompile_error!(\"not { here\");\nmod a;\n"), [0; 0]);
    }

    #[test]
    fn code_fails_at_its_line() {
        assert_eq!(lines("mod a;\n\nfn f() { g(); }\nmod b;\npub const N: usize = 3;\n"), [3, 5]);
        assert_eq!(lines("mod tests {\n    fn a() {}\n}\n"), [1]);
        assert_eq!(lines("pub struct A;\nimpl A { fn b() {} }\nmodule!(x);\n"), [1, 2, 3]);
    }
}
