//! The simulated cameras of a run: one for each story of a full locking ring.

use std::path::{Path, PathBuf};

use pvcam::check::Expectation;

use crate::error::Error;
use crate::workspace::{Workspace, make_folder, write};

/// A simulated camera: its name, which is its story, and how it must deliver once its ring was probed.
const CAMERAS: [(&str, Expectation); 3] =
    [("flag_error", Expectation::Copied), ("lossy", Expectation::InPlace), ("halt", Expectation::InPlace)];

/// Where the configuration goes.
pub(super) fn file(workspace: &Workspace) -> PathBuf {
    workspace.target.join("hardware-test").join("cameras.toml")
}

/// Writes the configuration and returns its path.
pub(super) fn write_file(workspace: &Workspace) -> Result<PathBuf, Error> {
    let file = file(workspace);
    make_folder(file.parent().unwrap_or(&workspace.target))?;
    write(&file, &text())?;
    Ok(file)
}

/// Frames carry their numbers in their metadata, and that is all that is written of them: painting pixels would be a cost of
/// the simulator. After starvation the frames that are due come in a burst, as from a camera with memory of its own; left
/// out, they would make every busy machine fail.
fn text() -> String {
    let mut text = String::from("# Written by `cargo xtask hardware-test`, anew each time.\n");
    for (story, _) in CAMERAS {
        text.push_str(&format!(
            "\n[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"{story}\"\nno_overwrite = \"{story}\"\n\
             scene = \"stamp\"\ncatch_up = \"burst\"\n"
        ));
    }
    text
}

/// How a camera of this configuration must deliver; `None` if `config` is another one.
pub(super) fn expectation(workspace: &Workspace, config: Option<&Path>, camera: &str) -> Option<Expectation> {
    if config != Some(&file(workspace)) {
        return None;
    }
    CAMERAS.iter().find(|(name, _)| *name == camera).map(|(_, expectation)| *expectation)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn workspace(target: &Path) -> Workspace {
        Workspace { root: ".".into(), target: target.to_owned(), metadata: Value::Null }
    }

    #[test]
    fn there_is_one_camera_per_story() {
        let text = text();
        for story in ["flag_error", "lossy", "halt"] {
            assert!(text.contains(&format!("name = \"{story}\"\nno_overwrite = \"{story}\"")), "{text}");
        }
        assert_eq!(text.matches("[[camera]]").count(), 3);
    }

    #[test]
    fn only_our_own_configuration_says_what_to_expect() {
        let target = std::env::temp_dir().join(format!("xtask-hardware-test-{}", std::process::id()));
        let workspace = workspace(&target);
        let written = write_file(&workspace).unwrap();
        let expected = |config: Option<&Path>, camera| expectation(&workspace, config, camera);
        assert_eq!(expected(Some(&written), "halt"), Some(Expectation::InPlace));
        assert_eq!(expected(Some(&written), "flag_error"), Some(Expectation::Copied));
        assert_eq!(expected(Some(&written), "other"), None);
        assert_eq!(expected(Some(Path::new("own.toml")), "halt"), None);
        assert_eq!(expected(None, "halt"), None);
        std::fs::remove_dir_all(&target).unwrap();
    }
}
