//! A PipeWire server without a desktop: in a folder of its own, with a session manager that links readers with what they ask for.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::sim_library::scratch;

/// Patience with a server that starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server and its session manager. Dropping it ends both.
pub struct PipeWire {
    folder: PathBuf,
    programs: Vec<Child>,
}

impl PipeWire {
    /// Starts both; `name` is that of the test.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let mut server = Self { folder: scratch(name), programs: Vec::new() };
        server.restart();
        server
    }

    /// Starts both again, in the same place.
    pub fn restart(&mut self) {
        self.kill();
        // The socket of a server that was killed stays behind.
        let _ = std::fs::remove_file(self.socket());
        self.spawn(self.command("pipewire"));
        let begun = Instant::now();
        while !self.socket().exists() {
            assert!(begun.elapsed() < PATIENCE, "pipewire does not listen in {}", self.folder.display());
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut manager = self.command("dbus-run-session");
        manager.args(["--", "wireplumber"]);
        self.spawn(manager);
    }

    /// Kills both, as a crash does.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        for mut program in self.programs.drain(..) {
            let _ = program.wait();
        }
    }

    /// Stops both where they are, as a machine does that has too much to do; or lets them go on.
    pub fn stand_still(&self, still: bool) {
        self.signal(if still { Signal::STOP } else { Signal::CONT });
    }

    fn signal(&self, signal: Signal) {
        for program in &self.programs {
            // Each leads a group: the bus has children. The number is that of a child which was not waited for yet, so it is no other's.
            if let Some(group) = i32::try_from(program.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, signal);
            }
        }
    }

    /// Where files of the test may lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("pipewire-0")
    }

    /// The same as text, for `PipeWireSource::server`.
    #[must_use]
    pub fn name(&self) -> String {
        self.socket().display().to_string()
    }

    /// A program that finds this server, and no settings of the user.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for variable in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(variable, &self.folder);
        }
        command.env_remove("PIPEWIRE_REMOTE").env_remove("DBUS_SESSION_BUS_ADDRESS");
        command
    }

    fn spawn(&mut self, mut command: Command) {
        let log = |name: &str| {
            let options = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join(name));
            Stdio::from(options.expect("a log can be written"))
        };
        command.stdin(Stdio::null()).stdout(log("log")).stderr(log("log")).process_group(0);
        let started = command.spawn();
        self.programs.push(started.unwrap_or_else(|why| panic!("{command:?} does not start: {why}")));
    }

    /// What server and session manager said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for PipeWire {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
