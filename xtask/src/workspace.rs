//! Where the workspace stands and what cargo knows about it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::process::{capture, cargo, shown};

/// The workspace: its root, its target folder and cargo's metadata.
pub(crate) struct Workspace {
    /// The folder that holds the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds; `CARGO_TARGET_DIR` and cargo's configuration count.
    pub(crate) target: PathBuf,
    /// What `cargo metadata --no-deps` says: the members, their targets and dependences.
    pub(crate) metadata: Value,
}

impl Workspace {
    /// Asks cargo, from the folder of this crate.
    pub(crate) fn find() -> Result<Workspace, Error> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = cargo();
        command.current_dir(here).args(["metadata", "--no-deps", "--format-version", "1"]);
        let text = capture(&mut command)?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|why| Error::Output { command: shown(&command), why: why.to_string() })?;
        let folder = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| Error::Output { command: shown(&command), why: format!("no `{key}` in it") })
        };
        Ok(Workspace { root: folder("workspace_root")?, target: folder("target_directory")?, metadata })
    }

    /// A cargo that works on this workspace.
    pub(crate) fn cargo(&self) -> std::process::Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// The test programs whose file names begin so: those that need something that not every machine has.
    pub(crate) fn tests_named(&self, prefix: &str) -> Vec<String> {
        let packages = self.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let targets = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
        let tests = targets.filter(|target| target["kind"][0] == "test");
        let names = tests.filter_map(|target| target["name"].as_str());
        names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect()
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::File {
        action: "make the folder",
        path: path.to_owned(),
        source,
    })
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

/// Writes a text file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|source| Error::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tests_are_found_by_how_their_names_begin() {
        let target = |name: &str, kind: &str| json!({ "name": name, "kind": [kind] });
        let metadata = json!({ "packages": [{ "targets": [
            target("guest_a", "test"), target("no_guest", "test"), target("guest_b", "example"),
        ]}]});
        let workspace = Workspace { root: ".".into(), target: ".".into(), metadata };
        assert_eq!(workspace.tests_named("guest_"), ["guest_a"]);
    }
}
