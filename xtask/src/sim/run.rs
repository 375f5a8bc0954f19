//! Runs a program on the simulated camera.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;

use super::{Library, build};
use crate::error::Error;
use crate::process::become_program;
use crate::workspace::{Workspace, make_folder, write};

/// The camera models that the simulator knows.
const MODELS: &[&str] = &[
    "prime-bsi-usb",
    "kinetix-pcie",
    "kinetix-usb",
    "kinetix22-pcie",
    "prime-bsi-express-usb",
    "prime-95b-usb",
    "prime-95b-25mm-pcie",
    "prime-pcie",
    "iris-15-pcie",
    "iris-9-pcie",
    "retiga-e7-usb",
    "retiga-e9-usb",
    "retiga-e20-usb",
    "retiga-r1-usb",
    "retiga-r3-usb",
    "retiga-r6-usb",
    "retiga-electro-usb",
    "evolve-512-usb",
    "optimos-usb",
];

/// The SDK version that the simulator plays. `pl_pvcam_get_ver` reads it from the environment, as on Linux.
const SDK_VERSION: &str = "3.10.2.5";

/// What `cargo xtask sim` is asked for.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask sim -- python3 live_view.py
  cargo xtask sim --model kinetix-pcie -- ./my-acquisition --frames 100
  LD_LIBRARY_PATH=$(cargo xtask sim --print) ./my-acquisition

What the simulator can be told in a configuration file (models, scenes, faults, triggers) is documented in
crates/pvcam-sim. Without one there is a single Prime BSI that shows a counter pattern.")]
pub(crate) struct Options {
    /// One camera of this model.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(MODELS), conflicts_with = "config")]
    model: Option<String>,
    /// A TOML file that describes the cameras; the program sees it as PVCAM_SIM_CONFIG.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Build the library and print the folder that holds it, run nothing.
    #[arg(long, conflicts_with_all = ["model", "config", "program"])]
    print: bool,
    /// The program and its arguments, after `--`. Its exit code is passed on.
    #[arg(last = true, required_unless_present = "print", value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Builds the library, then becomes the program.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<ExitCode, Error> {
    let library = build(workspace)?;
    let Some((program, arguments)) = options.program.split_first() else {
        println!("{}", library.folder.display());
        return Ok(ExitCode::SUCCESS);
    };
    let config = match (&options.model, &options.config) {
        (Some(model), _) => Some(model_file(workspace, model)?),
        (None, Some(file)) => Some(existing(file)?),
        (None, None) => None,
    };
    let mut command = Command::new(program);
    command.args(arguments);
    environment(&mut command, &library, config.as_deref());
    become_program(&mut command)
}

/// Sets what a program needs to find the simulator in the place of the vendor's library.
pub(crate) fn environment(command: &mut Command, library: &Library, config: Option<&Path>) {
    let mut folders = library.folder.clone().into_os_string();
    if let Some(others) = std::env::var_os("LD_LIBRARY_PATH").filter(|others| !others.is_empty()) {
        folders.push(":");
        folders.push(others);
    }
    command.env("LD_LIBRARY_PATH", folders);
    command.env("PVCAM_LIBRARY", &library.file);
    command.env("PVCAM_VERSION", SDK_VERSION);
    // The vendor's own installation sets it; programs that check for it find a folder.
    command.env("PVCAM_UMD_PATH", &library.folder);
    if let Some(config) = config {
        command.env("PVCAM_SIM_CONFIG", config);
    }
}

/// Writes a configuration with one camera of the model.
fn model_file(workspace: &Workspace, model: &str) -> Result<PathBuf, Error> {
    let folder = workspace.target.join("pvcam-sim-config");
    make_folder(&folder)?;
    let file = folder.join(format!("{model}.toml"));
    write(&file, &format!("[[camera]]\nmodel = \"{model}\"\n"))?;
    Ok(file)
}

/// The whole path of a file that must be there: the program may change its folder.
fn existing(file: &Path) -> Result<PathBuf, Error> {
    file.canonicalize().map_err(|source| Error::File { action: "read", path: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn the_program_finds_the_simulator_first() {
        let library =
            Library { folder: PathBuf::from("/t/sim"), file: PathBuf::from("/t/sim/libpvcam.so.2") };
        let mut command = Command::new("program");
        environment(&mut command, &library, Some(Path::new("/t/a.toml")));
        let set = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == OsStr::new(name));
            found.and_then(|(_, value)| value).map(|value| value.to_string_lossy().into_owned())
        };
        let path = set("LD_LIBRARY_PATH").unwrap();
        assert!(path == "/t/sim" || path.starts_with("/t/sim:"), "{path}");
        assert_eq!(set("PVCAM_LIBRARY").as_deref(), Some("/t/sim/libpvcam.so.2"));
        assert_eq!(set("PVCAM_VERSION").as_deref(), Some("3.10.2.5"));
        assert_eq!(set("PVCAM_SIM_CONFIG").as_deref(), Some("/t/a.toml"));
    }

    #[test]
    fn every_model_file_can_be_asked_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pvcam-sim/models");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut models = MODELS.to_vec();
        files.sort();
        models.sort_unstable();
        assert_eq!(files, models);
    }

    #[test]
    fn a_configuration_that_is_not_there_is_named() {
        let why = existing(Path::new("no-such.toml")).unwrap_err();
        assert_eq!(why.to_string(), "cannot read no-such.toml");
    }
}
