//! Tests that need a process of their own: another environment, or an end that can be looked at.

use std::process::Command;

/// Set in a child to the name of the test that it is to play.
const VARIABLE: &str = "PVCAM_TESTS_CHILD";

/// How a child process ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Everything that it wrote.
    pub output: String,
}

impl Ended {
    /// It ended by itself and was content.
    pub fn assert_clean(&self) {
        assert_eq!(self.code, Some(0), "the child process did not end cleanly:\n{}", self.output);
    }
}

/// Runs the test `name` (its path in the test program, as `--exact` takes it) again in a child process with the variables
/// `environment`, and says how it ended. `None` in that child: there the caller does the test's work.
#[must_use]
pub fn child(name: &str, environment: &[(&str, &str)]) -> Option<Ended> {
    if std::env::var(VARIABLE).is_ok_and(|playing| playing == name) {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program has a name"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    for variable in ["PVCAM_SIM_CONFIG", "PVCAM_LIBRARY", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command.env(VARIABLE, name).env("PVCAM_SIM_LIB", crate::shared_library());
    let output = command.envs(environment.iter().copied()).output().expect("the child starts");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let ended = Ended { code: output.status.code(), output: text };
    // A name with a slip would run nothing, and that would pass.
    assert!(
        ended.code != Some(0) || ended.output.contains("running 1 test"),
        "no test `{name}`:\n{}",
        ended.output
    );
    Some(ended)
}
