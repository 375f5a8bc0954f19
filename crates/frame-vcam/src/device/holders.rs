//! Which programs have a device open, for messages.

use std::fs;
use std::path::Path;

/// More than this many names do not help anybody.
const MOST: usize = 8;

/// Programs that have the file open, ours not among them, as `ffmpeg (pid 4711)`. Only those that this user may look at.
pub(super) fn of(path: &Path) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    // What stands there is no link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let ours = std::process::id().to_string();
    processes
        .filter_map(Result::ok)
        .filter(|process| {
            let name = process.file_name();
            name.to_str().is_some_and(|pid| pid != ours && pid.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .filter(|process| has_open(&process.path(), path))
        .map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            format!("{} (pid {})", name.trim(), process.file_name().display())
        })
        .take(MOST)
        .collect()
}

fn has_open(process: &Path, path: &Path) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.filter_map(Result::ok).any(|file| fs::read_link(file.path()).is_ok_and(|target| target == path))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_that_has_the_file_open_is_named() {
        let file = std::env::temp_dir().join(format!("frame-vcam-holders-{}", std::process::id()));
        fs::write(&file, "").unwrap();
        assert_eq!(of(&file), [""; 0]);
        let ours = fs::File::open(&file).unwrap();
        assert_eq!(of(&file), [""; 0], "we are not in our own way");
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::from(ours)).spawn().unwrap();
        let found = of(&file);
        let link = file.with_extension("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let found_by_link = of(&link);
        child.kill().unwrap();
        fs::remove_file(&link).unwrap();
        let id = child.id();
        child.wait().unwrap();
        fs::remove_file(&file).unwrap();
        // Between fork and exec the child is not called `sleep` yet.
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with(&format!("(pid {id})")), "{found:?}");
        assert!(found_by_link[0].ends_with(&format!("(pid {id})")), "{found_by_link:?}");
    }
}
