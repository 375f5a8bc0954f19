//! Every member says what it is for, and takes its lints from the workspace.

use std::path::Path;

use serde_json::Value;

use super::arrows::manifest_path;
use super::{File, Problem};

pub(super) fn check(metadata: &Value, root: &Path, files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let manifest = manifest_path(metadata, package);
        if package["description"].as_str().unwrap_or_default().is_empty() {
            problems.push(Problem::new(
                &manifest,
                1,
                "no `description`: say in one line what the crate is for",
            ));
        }
        if let Some(file) = files.iter().find(|file| file.path == manifest) {
            problems.extend(lints(file));
        }
        let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        for target in targets.iter().filter(|target| is_library_or_program(target)) {
            let path = target["src_path"].as_str().unwrap_or_default();
            let path = Path::new(path).strip_prefix(root).unwrap_or(Path::new(path)).to_string_lossy();
            problems.extend(files.iter().find(|file| file.path == path).and_then(docs));
        }
    }
    problems
}

fn is_library_or_program(target: &Value) -> bool {
    let kinds = target["kind"].as_array().map(Vec::as_slice).unwrap_or_default();
    kinds.iter().filter_map(Value::as_str).any(|kind| matches!(kind, "lib" | "rlib" | "staticlib" | "bin"))
}

fn lints(file: &File) -> Option<Problem> {
    let mut lines = file.text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    let inherits = lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.replace(' ', "") == "workspace=true");
    let cure = "lints are not the workspace's: add `[lints]` with `workspace = true`";
    (!inherits).then(|| Problem::new(&file.path, 1, cure))
}

fn docs(file: &File) -> Option<Problem> {
    let first = file.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
    let cure = "no crate docs: begin with `//!` and say what it is, who owns what, what never happens";
    (!first.is_some_and(|line| line.starts_with("//!"))).then(|| Problem::new(&file.path, 1, cure))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(description: &str, manifest: &str, lib: &str) -> Vec<String> {
        let metadata = json!({ "workspace_root": "/w", "packages": [{
            "name": "a", "description": description, "manifest_path": "/w/a/Cargo.toml",
            "targets": [{ "kind": ["lib"], "src_path": "/w/a/src/lib.rs" }],
        }]});
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file("a/Cargo.toml", manifest), file("a/src/lib.rs", lib)];
        check(&metadata, Path::new("/w"), &files).iter().map(ToString::to_string).collect()
    }

    const MANIFEST: &str = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";

    #[test]
    fn a_member_in_order_passes() {
        assert_eq!(problems("An a.", MANIFEST, "#![deny(x)]\n//! Docs.\n"), [""; 0]);
    }

    #[test]
    fn each_omission_fails() {
        assert!(problems("", MANIFEST, "//! Docs.\n")[0].contains("no `description`"));
        assert!(problems("An a.", MANIFEST, "mod a;\n")[0].starts_with("a/src/lib.rs:1: no crate docs"));
        assert!(problems("An a.", "[package]\n", "//! Docs.\n")[0].contains("lints are not"));
        let elsewhere = "[lints]\n[dependencies.b]\nworkspace = true\n";
        assert_eq!(problems("An a.", elsewhere, "//! Docs.\n").len(), 1);
    }
}
