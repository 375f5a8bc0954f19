//! What must not be possible does not compile, for the reason it should: each `//~` mark in the programs of `compile_fail`
//! names a `cfg(wrong)` and the one error that comes with it, at that line. Without any the programs compile.
//!
//! Codes and lines are compared, not the compiler's words, which change from one version to the next.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use pvcam_tests::scratch;
use serde_json::Value;

/// Line and code of an error.
type Mistake = (u64, String);

/// A wrong that a program can do: its name, and the error that it must come to.
type Mark = (String, Mistake);

/// The folder with the libraries that this program was linked from.
fn libraries() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a name");
    program.parent().expect("it lies in a folder").to_owned()
}

/// The library of a crate, as built last: no older than the sources that this test was built from.
fn library(folder: &Path, name: &str) -> PathBuf {
    let files = std::fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let of_crate = files.filter(|file| {
        let file = file.file_name().unwrap_or_default().to_string_lossy();
        file.strip_prefix(&format!("lib{name}-")).is_some_and(|rest| rest.ends_with(".rlib"))
    });
    let built = |file: &PathBuf| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    of_crate.max_by_key(built).expect("the crate was built for this test")
}

/// The errors of a program that does one of its wrongs, or none.
fn mistakes(program: &Path, wrong: Option<&str>, out: &Path) -> Vec<Mistake> {
    let folder = libraries();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--emit", "metadata", "--error-format", "json"]);
    rustc.args(["--check-cfg", "cfg(wrong, values(any()))"]);
    rustc.arg("--out-dir").arg(out).arg("-L").arg(format!("dependency={}", folder.display()));
    for name in ["pvcam", "frame_pool"] {
        rustc.arg("--extern").arg(format!("{name}={}", library(&folder, name).display()));
    }
    if let Some(name) = wrong {
        rustc.args(["--cfg", &format!("wrong={name:?}")]);
    }
    let output = rustc.arg(program).output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["level"] == "error");
    // Remarks beside an error, and the line that counts them all, have no code.
    let placed: Vec<Mistake> = errors
        .filter_map(|error| {
            let spans = error["spans"].as_array()?;
            let span = spans.iter().find(|span| span["is_primary"] == true)?;
            Some((span["line_start"].as_u64()?, error["code"]["code"].as_str()?.to_owned()))
        })
        .collect();
    assert_eq!(output.status.success(), placed.is_empty(), "{}:\n{text}", program.display());
    placed
}

/// The marks in a program's text, `//~ name: code`.
fn marks(text: &str) -> Vec<Mark> {
    let marked = (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, text.split_once("//~ ")?.1)));
    let parts = marked.map(|(line, mark)| {
        let (name, code) = mark.split_once(": ").expect("a mark is `name: code`");
        (name.to_owned(), (line, code.trim().to_owned()))
    });
    parts.collect()
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile_fail");
    let entries = std::fs::read_dir(folder).expect("the folder is there").flatten();
    let mut programs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    programs.sort();
    programs
}

#[test]
fn each_misuse_is_refused_for_its_own_reason() {
    let (mut tried, out) = (0, scratch("misuse"));
    for program in programs() {
        let text = std::fs::read_to_string(&program).expect("it can be read");
        assert_eq!(mistakes(&program, None, &out), [], "{} without what is wrong", program.display());
        let marks = marks(&text);
        let wrongs = text.matches("cfg(wrong").count();
        assert!(!marks.is_empty() && wrongs >= marks.len(), "{} does no wrong", program.display());
        for (name, expected) in marks {
            assert_eq!(mistakes(&program, Some(&name), &out), [expected], "{}, {name}", program.display());
            tried += 1;
        }
    }
    std::fs::remove_dir_all(out).expect("the folder goes");
    assert!(tried >= 56, "only {tried} misuses were tried");
}
