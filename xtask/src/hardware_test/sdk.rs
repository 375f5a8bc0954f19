//! Which SDK the test runs on: the one that is asked for, the one that is installed, or the simulator.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use pvcam::Sdk;
use pvcam::check::SimulatorStats;
use pvcam::error::SdkError;
use pvcam_sim::Control;
use pvcam_sys::LoadError;

use super::{Options, plan};
use crate::error::Error;
use crate::process::become_program;
use crate::sim;
use crate::workspace::Workspace;

/// The environment variable that names the simulator's configuration.
const CONFIG: &str = "PVCAM_SIM_CONFIG";

/// How long a simulated camera on a stepped clock may take for one frame.
const STEP: Duration = Duration::from_secs(1);

/// A library that is loaded, and what controls it if it is the simulator.
pub(super) struct Loaded {
    pub(super) sdk: Sdk,
    pub(super) simulator: Option<Simulated>,
}

/// The simulator behind a loaded library.
pub(super) struct Simulated {
    control: Control,
    /// The configuration that it read, if a file was named.
    pub(super) config: Option<PathBuf>,
}

impl pvcam::check::Simulator for Simulated {
    fn stats(&self, camera: i16) -> Option<SimulatorStats> {
        let stats = self.control.stats(camera).ok()?;
        Some(SimulatorStats {
            max_lag: Duration::from_micros(stats.max_lag_us),
            missed_schedule: stats.missed_schedule,
            params_while_running: stats.params_while_running,
        })
    }

    fn step(&self, camera: i16) -> Option<u32> {
        self.control.step(camera, 1, STEP)
    }

    fn set_stepped(&self, camera: i16, stepped: bool) -> Option<bool> {
        self.control.set_stepped(camera, stepped).ok()
    }
}

/// Loads the SDK that is asked for or installed. `None`: there is none, or the simulator was asked for.
pub(super) fn find(options: &Options) -> Result<Option<Loaded>, SdkError> {
    let sdk = match &options.sdk {
        _ if options.simulator => return Ok(None),
        Some(path) => Sdk::load_from(path)?,
        None => match Sdk::load() {
            Err(SdkError::NotLoaded(LoadError::NotFound { .. })) => return Ok(None),
            loaded => loaded?,
        },
    };
    let control = sdk.library_path().and_then(Control::of_loaded);
    let config = std::env::var_os(CONFIG).filter(|file| !file.is_empty()).map(PathBuf::from);
    Ok(Some(Loaded { sdk, simulator: control.map(|control| Simulated { control, config }) }))
}

/// Builds the simulator and starts this program again on it, as any program of a user would run on it: by the environment.
pub(super) fn become_simulated(workspace: &Workspace, options: &Options) -> Result<ExitCode, Error> {
    if !options.simulator {
        println!(
            "No PVCAM SDK is installed: simulated cameras are tested instead (--doctor says where it was sought)."
        );
    }
    let library = sim::build(workspace)?;
    let program = std::env::current_exe().map_err(|source| Error::File {
        action: "find",
        path: PathBuf::from("the running program"),
        source,
    })?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1).filter(|argument| argument != "--simulator"));
    command.arg("--sdk").arg(&library.file);
    // A configuration that the user named wins.
    let named = std::env::var_os(CONFIG).is_some_and(|file| !file.is_empty());
    let config = if named { None } else { Some(plan::write_file(workspace)?) };
    sim::environment(&mut command, &library, config.as_deref());
    become_program(&mut command)
}

/// The version as the SDK tells it, or why it does not.
pub(super) fn version(sdk: &Sdk) -> String {
    match sdk.version() {
        Ok(version) => version.to_string(),
        Err(_) => "of a version that it does not tell (--doctor says why)".to_owned(),
    }
}

/// The library's file, for people.
pub(super) fn place(sdk: &Sdk) -> String {
    sdk.library_path().map_or_else(|| "linked in".to_owned(), |path: &Path| path.display().to_string())
}
