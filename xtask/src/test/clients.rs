//! The lane of real clients: Python scripts in `tests/clients`, run with the vendor's own wheel on the simulator.
//!
//! A script that starts with `_` is a module of the others. Each other one is run by itself; it exits with 0 when what
//! it saw was right. Its simulator is described by `NAME.toml` beside it, or by a line `# sim: key=value ...` that
//! gives the keys of one camera, or it is the default one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::process::run_within;
use crate::workspace::{Workspace, make_folder, read, write};
use crate::{python, sim};

const FOLDER: &str = "tests/clients";

/// The vendor's Python client.
const CLIENT: &str = "pyvcam==2.3.2";

/// The client, the arrays it is built for, and what its source archive is opened with.
const PACKAGES: &[&str] = &[
    CLIENT,
    "numpy==2.2.6; python_version < '3.14'",
    "numpy==2.3.4; python_version >= '3.14'",
    "setuptools==80.9.0",
];

/// Names the client's source archive to the scripts: the client's own tests are in it, and not in what is installed.
const SOURCE: &str = "PYVCAM_SOURCE";

/// How long one script may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs all scripts, each on a simulator of its own.
pub(super) fn task(workspace: &Workspace) -> Result<String, Error> {
    let scripts = scripts(&workspace.root.join(FOLDER))?;
    if scripts.is_empty() {
        return Err(Error::Nothing(format!("{FOLDER} holds no script")));
    }
    let library = sim::build(workspace)?;
    let python = python::environment(workspace, "clients", PACKAGES)?;
    let source = python::source(&python, CLIENT, &[("PVCAM_SDK_PATH", &workspace.root)])?;
    let configs = workspace.target.join("client-config");
    make_folder(&configs)?;
    for script in &scripts {
        let started = Instant::now();
        println!("--- {}", name(script));
        let config = config(script, &configs)?;
        let mut command = Command::new(&python);
        command.arg(script).current_dir(&workspace.root).env("PYTHONUNBUFFERED", "1");
        command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PVCAM_SIM_CONFIG");
        command.env(SOURCE, &source);
        sim::environment(&mut command, &library, config.as_deref());
        run_within(&mut command, LIMIT)?;
        println!("--- {}: right, {:.1} s", name(script), started.elapsed().as_secs_f64());
    }
    let names: Vec<String> = scripts.iter().map(|script| name(script)).collect();
    Ok(format!("{} with {}", names.join(", "), CLIENT))
}

fn name(script: &Path) -> String {
    script.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The scripts of the folder, by name; none where there is no folder.
fn scripts(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::File { action: "read the folder", path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(failed(why)),
    };
    let mut scripts = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "py") && !name(&path).starts_with('_') {
            scripts.push(path);
        }
    }
    scripts.sort();
    Ok(scripts)
}

/// The configuration of a script's simulator; none means the default one.
fn config(script: &Path, folder: &Path) -> Result<Option<PathBuf>, Error> {
    let beside = script.with_extension("toml");
    if beside.exists() {
        return Ok(Some(beside));
    }
    let text = read(script)?;
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("# sim:")) else { return Ok(None) };
    let toml = one_camera(line).map_err(|entry| Error::SimLine { script: script.to_owned(), entry })?;
    let file = folder.join(name(script)).with_extension("toml");
    write(&file, &toml)?;
    Ok(Some(file))
}

/// The TOML of one camera from `key=value ...`, or the entry that is not one.
fn one_camera(line: &str) -> Result<String, String> {
    let mut toml = "[[camera]]\n".to_owned();
    for entry in line.split_whitespace() {
        let (key, value) = entry.split_once('=').ok_or_else(|| entry.to_owned())?;
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if key.is_empty() || !plain || value.is_empty() || value.contains('"') {
            return Err(entry.to_owned());
        }
        let bare = value.parse::<f64>().is_ok_and(f64::is_finite) || value == "true" || value == "false";
        let quote = if bare { "" } else { "\"" };
        toml.push_str(&format!("{key} = {quote}{value}{quote}\n"));
    }
    Ok(toml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sim_line_becomes_one_camera() {
        let toml = one_camera(" model=kinetix-pcie speed=2.5 seed=7 frame_nr_counts_lost=true").unwrap();
        let expected =
            "[[camera]]\nmodel = \"kinetix-pcie\"\nspeed = 2.5\nseed = 7\nframe_nr_counts_lost = true\n";
        assert_eq!(toml, expected);
    }

    #[test]
    fn what_is_no_entry_is_named() {
        for wrong in ["model", "=x", "model=", "a b=c", "a=\"b", "in[f]=1"] {
            assert!(one_camera(wrong).is_err(), "{wrong}");
        }
        assert_eq!(one_camera("model=x speed").unwrap_err(), "speed");
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_scripts() {
        assert!(scripts(Path::new("no/such/folder")).unwrap().is_empty());
    }

    #[test]
    fn scripts_modules_and_configurations_are_told_apart() {
        let folder = std::env::temp_dir().join(format!("xtask-clients-{}", std::process::id()));
        make_folder(&folder).unwrap();
        for (file, text) in [
            ("b.py", "#!/usr/bin/env python3\n# sim: scene=stamp\n"),
            ("a.py", "print()\n"),
            ("_common.py", ""),
            ("c.py", "# sim: speed=max\n"),
            ("c.toml", "[[camera]]\n"),
        ] {
            write(&folder.join(file), text).unwrap();
        }
        let found = scripts(&folder).unwrap();
        assert_eq!(found.iter().map(|script| name(script)).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(config(&found[0], &folder).unwrap(), None);
        let written = config(&found[1], &folder).unwrap().unwrap();
        assert_eq!(read(&written).unwrap(), "[[camera]]\nscene = \"stamp\"\n");
        assert_eq!(config(&found[2], &folder).unwrap(), Some(folder.join("c.toml")));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
