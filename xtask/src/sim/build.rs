//! Links `libpvcam.so.2` from the static library of pvcam-sim, because rustc can set neither the symbol
//! versions nor the name (SONAME) that programs built against the vendor's library ask for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::error::Error;
use crate::process::{capture, run, shown};
use crate::workspace::{Workspace, make_folder};

/// The name in the vendor's library that the dynamic linker looks for.
const SONAME: &str = "libpvcam.so.2";

/// The other names under which programs ask for it.
const LINKS: &[&str] = &["libpvcam.so", "libpvcam.so.2.6"];

/// What a static library of Rust needs from the system (`rustc --print native-static-libs`).
const SYSTEM_LIBRARIES: &[&str] = &["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// The simulator's shared library, built.
pub(crate) struct Library {
    /// The folder to put on the library path; it holds nothing else.
    pub(crate) folder: PathBuf,
    /// The library itself.
    pub(crate) file: PathBuf,
}

/// Builds the library, or finds that the one that is there is new enough.
pub(crate) fn build(workspace: &Workspace) -> Result<Library, Error> {
    let archive = build_archive(workspace)?;
    let versions = workspace.root.join("crates/pvcam-sim/libpvcam.map");
    let folder = workspace.target.join("pvcam-sim");
    make_folder(&folder)?;
    let library = Library { file: folder.join(SONAME), folder };
    if is_older(&library.file, &[&archive, &versions]) {
        link(&archive, &versions, &library.file)?;
    }
    for name in LINKS {
        point(&library.folder.join(name))?;
    }
    Ok(library)
}

/// Builds pvcam-sim and returns the path of its static library, as cargo reports it.
fn build_archive(workspace: &Workspace) -> Result<PathBuf, Error> {
    let mut command = workspace.cargo();
    command.args([
        "build",
        "--package",
        "pvcam-sim",
        "--release",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let messages = capture(&mut command)?;
    archive_in(&messages).ok_or_else(|| Error::Output {
        command: shown(&command),
        why: "no static library in it; crates/pvcam-sim/Cargo.toml must have the crate type `staticlib`"
            .to_owned(),
    })
}

fn archive_in(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = messages
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == "pvcam_sim"
        })
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    files
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|e| e == "a"))
}

/// Whether a file is missing or older than one of those it is made from.
fn is_older(made: &Path, from: &[&Path]) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified());
    let Ok(made) = changed(made) else { return true };
    from.iter().any(|path| changed(path).unwrap_or_else(|_| SystemTime::now()) > made)
}

fn link(archive: &Path, versions: &Path, library: &Path) -> Result<(), Error> {
    // Linked beside and renamed, so that a program never loads half a library.
    let beside = library.with_extension(format!("{}.new", std::process::id()));
    let mut command = Command::new("cc");
    command.arg("-shared").arg("-o").arg(&beside);
    command.arg("-Wl,--whole-archive").arg(archive).arg("-Wl,--no-whole-archive");
    command.arg(format!("-Wl,-soname,{SONAME}"));
    command.arg(format!("-Wl,--version-script={}", versions.display()));
    command.args(["-Wl,--gc-sections", "-Wl,-z,defs", "-Wl,-z,relro,-z,now"]).args(SYSTEM_LIBRARIES);
    run(&mut command)?;
    std::fs::rename(&beside, library).map_err(|source| Error::File {
        action: "rename to",
        path: library.to_owned(),
        source,
    })
}

/// Makes `name` a link to the library beside it.
#[cfg(unix)]
fn point(name: &Path) -> Result<(), Error> {
    if std::fs::read_link(name).is_ok_and(|target| target == Path::new(SONAME)) {
        return Ok(());
    }
    match std::fs::remove_file(name) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(why),
        _ => std::os::unix::fs::symlink(SONAME, name),
    }
    .map_err(|source| Error::File { action: "make the link", path: name.to_owned(), source })
}

#[cfg(not(unix))]
fn point(_name: &Path) -> Result<(), Error> {
    Err(Error::CannotRun {
        what: "the simulator's library",
        why: "it is built on Linux only so far".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_found_among_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"libc"},"filenames":["/t/liblibc.a"]}"#,
            "\n{\"reason\":\"build-script-executed\"}\n",
            r#"{"reason":"compiler-artifact","target":{"name":"pvcam_sim"},"filenames":["/t/a.rlib","/t/b.a"]}"#,
            "\n"
        );
        assert_eq!(archive_in(messages), Some(PathBuf::from("/t/b.a")));
        assert_eq!(archive_in("{\"reason\":\"build-finished\"}\nnoise\n"), None);
    }

    #[test]
    fn a_missing_library_counts_as_old() {
        let here = Path::new(file!());
        assert!(is_older(Path::new("no/such/file"), &[here]));
        let this = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(!is_older(&this, &[&this]));
        assert!(is_older(&this, &[Path::new("no/such/file")]));
    }
}
