//! The lane of `cargo xtask hardware-test`: with its default settings it passes on the three simulated cameras, and on
//! cameras with faults it fails where it should, with the step named.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::error::Error;
use crate::hardware_test::BUILD;
use crate::process::{run, shown};
use crate::workspace::{Workspace, make_folder, read, write};

/// Nine steps on three cameras.
const STEPS: usize = 27;

/// Frames of the step with the slow reader, each tenth of which is held; those that are held for a ring's time before its end.
const SLOW_READERS_FRAMES: u64 = 256;
const MOVED: u64 = (SLOW_READERS_FRAMES - 32) / 10;

/// What an exit code stands for (`hardware-test --help`).
const PASSED: i32 = 0;
const FAILED: i32 = 1;
const REFUSED: i32 = 2;

/// Frames lost before the host, in the camera, and by the SDK: the books must balance all the same.
const LOSING: &str = "[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"losing\"\nno_overwrite = \"lossy\"\nscene = \"stamp\"\n\
                      catch_up = \"burst\"\n[camera.faults]\ndrop_notification = [11]\nlose_before_host = [13, 14]\n\
                      lose_in_camera = [18]\n";

/// The stream ends without a word.
const DYING: &str = "[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"dying\"\nscene = \"stamp\"\n[camera.faults]\n\
                     silent_stop_after = 20\n";

/// A ring whose locks are refuted by the probe.
const BREAKING: &str = "[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"breaking\"\nno_overwrite = \"flag_error\"\n\
                        scene = \"stamp\"\ncatch_up = \"burst\"\n";

/// A ring that keeps its locks, with too small a reserve for what is held.
const CROWDED: &str = "[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"crowded\"\nno_overwrite = \"lossy\"\n\
                       scene = \"stamp\"\n";

/// The command as it is built, and where its files go.
struct Bench<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

/// Runs it as a new user would, then on what must fail.
pub(super) fn task(workspace: &Workspace) -> Result<String, Error> {
    run(workspace.cargo().arg("build").args(BUILD.split(' ')))?;
    let folder = workspace.target.join("hardware-test-lane");
    make_folder(&folder)?;
    let bench = Bench { workspace, folder };
    let steps = bench.default_settings()?;
    bench.losses_balance()?;
    bench.fails("dying", DYING, &["--steps", "sequence"], "FAILED: dying: sequence: no frame within")?;
    let in_place = ["--steps", "continuous", "--expect", "in-place"];
    bench.fails("breaking", BREAKING, &in_place, "FAILED: breaking: continuous: frames are copied")?;
    let crowded = ["--steps", "slow-reader", "--reserve", "4"];
    bench.fails("crowded", CROWDED, &crowded, "frames lost because readers held the whole ring")?;
    bench.refuses(&["--sdk", "/no/such/libpvcam.so.2"], "/no/such/libpvcam.so.2")?;
    bench.refuses(&["--simulator", "--camera", "nobody"], "there are: flag_error, lossy, halt")?;
    Ok(format!("{steps} steps passed; 5 controls failed as they must, 1 with losses balanced"))
}

impl Bench<'_> {
    /// The command with these arguments; a configuration of the user's own is not his wish here.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.cargo();
        command.args(["run", "--quiet"]).args(BUILD.split(' ')).args(["--", "hardware-test"]).args(arguments);
        command.env_remove("PVCAM_SIM_CONFIG");
        command
    }

    /// All steps on all three cameras; returns how many there were.
    fn default_settings(&self) -> Result<usize, Error> {
        let file = self.folder.join("default.json");
        let mut command = self.command(&["--simulator", "--json"]);
        run(command.arg(&file))?;
        let steps = steps(&json(&file)?);
        let wrong = steps.iter().find(|(camera, step)| !is_right(camera, step));
        match wrong {
            Some((camera, step)) => Err(odd(&command, format!("exit code 0 in spite of {camera}: {step}"))),
            None if steps.len() < STEPS => {
                Err(Error::Nothing(format!("{} steps ran, not {STEPS}", steps.len())))
            }
            None => Ok(steps.len()),
        }
    }

    /// A camera that loses frames in three ways: pass, and each loss in its column.
    fn losses_balance(&self) -> Result<(), Error> {
        let file = self.folder.join("losing.json");
        let name = file.display().to_string();
        let (command, output) =
            self.simulated("losing", LOSING, &["--steps", "continuous", "--json", &name])?;
        expect(&command, &output, PASSED, "")?;
        let found = json(&file)?;
        let lost =
            steps(&found).into_iter().find(|(_, step)| step["step"] == "continuous").map(|(_, step)| {
                let figures = &step["figures"];
                let count = |cause: &str| figures["lost"][cause].as_u64();
                (
                    count("notification"),
                    count("before_host"),
                    count("in_camera"),
                    figures["balanced"].as_bool(),
                )
            });
        match lost {
            Some((Some(1), Some(2), Some(1), Some(true))) => Ok(()),
            _ => Err(odd(&command, format!("the losses are not those that were made: {lost:?}"))),
        }
    }

    fn fails(&self, name: &str, config: &str, arguments: &[&str], told: &str) -> Result<(), Error> {
        let (command, output) = self.simulated(name, config, arguments)?;
        expect(&command, &output, FAILED, told)
    }

    fn refuses(&self, arguments: &[&str], told: &str) -> Result<(), Error> {
        let mut command = self.command(arguments);
        let output = output(&mut command)?;
        expect(&command, &output, REFUSED, told)
    }

    /// A few frames of simulated cameras of one's own.
    fn simulated(&self, name: &str, config: &str, arguments: &[&str]) -> Result<(Command, Output), Error> {
        let file = self.folder.join(name).with_extension("toml");
        write(&file, config)?;
        let mut command = self.command(&["--simulator", "--frames", "32"]);
        command.args(arguments).env("PVCAM_SIM_CONFIG", file);
        let output = output(&mut command)?;
        Ok((command, output))
    }
}

fn output(command: &mut Command) -> Result<Output, Error> {
    command.output().map_err(|source| Error::Spawn { program: shown(command), source })
}

/// The command must end with this code and say this.
fn expect(command: &Command, output: &Output, code: i32, told: &str) -> Result<(), Error> {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    if output.status.code() == Some(code) && text.contains(told) {
        return Ok(());
    }
    println!("{text}");
    Err(odd(
        command,
        format!("{} instead of exit code {code} with `{told}`; it printed what stands above", output.status),
    ))
}

fn odd(command: &Command, why: String) -> Error {
    Error::Wrong { command: shown(command), why }
}

fn json(file: &Path) -> Result<Value, Error> {
    serde_json::from_str(&read(file)?)
        .map_err(|why| Error::Output { command: file.display().to_string(), why: why.to_string() })
}

/// All steps of all cameras, with the camera's name.
fn steps(found: &Value) -> Vec<(String, Value)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let named = |camera: Value| {
        let name = camera["name"].as_str().unwrap_or_default().to_owned();
        list(&camera["steps"]).into_iter().map(move |step| (name.clone(), step))
    };
    list(&found["cameras"]).into_iter().flat_map(named).collect()
}

/// What a passed step must show, read anew from the figures: its own verdict is not taken for it.
fn is_right(camera: &str, step: &Value) -> bool {
    let name = step["step"].as_str().unwrap_or_default();
    if step["verdict"] != "passed" || name == "open" {
        return step["verdict"] == "passed";
    }
    let figures = &step["figures"];
    let number = |key: &str| figures[key].as_u64().unwrap_or(u64::MAX);
    let lost: Option<u64> =
        figures["lost"].as_object().map(|columns| columns.values().filter_map(Value::as_u64).sum());
    let delivered = number("delivered");
    if name == "no-rescue" {
        return lost_for_want_of_room(camera, figures, delivered);
    }
    // Only a ring that writes over locked slots makes copies necessary, and a sequence is no ring.
    let copies = camera == "flag_error" && !["snap", "sequence"].contains(&name);
    let copied = if copies { number("frame_bytes").saturating_mul(delivered) } else { 0 };
    // What is held while three rings of others come in can stay only if it is moved.
    let moved = figures["rescues"]["frames"].as_u64().unwrap_or(0);
    let rescued = if name == "slow-reader" && camera != "flag_error" { moved >= MOVED } else { true };
    delivered > 0
        && lost.is_some_and(|lost| number("highest") == delivered + lost)
        && number("allocations") == 0
        && number("copied_bytes") == copied
        && rescued
}

/// The control of the slow reader: frames are lost for the reason that its camera's story tells, and for no other.
fn lost_for_want_of_room(camera: &str, figures: &Value, delivered: u64) -> bool {
    let lost = |cause: &str| figures["lost"][cause].as_u64().unwrap_or(u64::MAX);
    let (ring, reserve, highest) = (lost("ring_full"), lost("reserve"), &figures["highest"]);
    let as_told = match camera {
        "flag_error" => ring == 0 && reserve > 0,
        "lossy" => ring > 0 && reserve == 0,
        // The stream ended with a full ring: what came after that nobody knows.
        _ => ring == 0 && reserve == 0 && delivered < SLOW_READERS_FRAMES,
    };
    as_told
        && figures["rescues"]["frames"] == 0
        && figures["balanced"] == true
        && lost("torn") == 0
        && highest.as_u64() == Some(delivered + ring + reserve)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(highest: u64, copied: u64, allocations: u64) -> Value {
        json!({ "step": "continuous", "verdict": "passed", "figures": {
            "highest": highest, "delivered": 10, "lost": { "at_stop": 1, "torn": 0 }, "frame_bytes": 8,
            "copied_bytes": copied, "allocations": allocations,
        }})
    }

    #[test]
    fn figures_are_judged_anew() {
        assert!(is_right("lossy", &step(11, 0, 0)));
        assert!(is_right("flag_error", &step(11, 80, 0)));
        assert!(!is_right("lossy", &step(11, 80, 0)), "copied in place");
        assert!(!is_right("flag_error", &step(11, 0, 0)), "not copied");
        assert!(!is_right("lossy", &step(12, 0, 0)), "books");
        assert!(!is_right("lossy", &step(11, 0, 1)), "allocations");
        assert!(!is_right("lossy", &json!({ "step": "snap", "verdict": "passed", "figures": null })));
        assert!(!is_right("lossy", &json!({ "step": "open", "verdict": "failed", "figures": null })));
        assert!(is_right("lossy", &json!({ "step": "open", "verdict": "passed", "figures": null })));
    }

    #[test]
    fn the_slow_reader_must_have_been_rescued_and_its_control_must_have_lost() {
        let slow = |camera: &str, moved: u64| {
            let mut step = step(11, if camera == "flag_error" { 80 } else { 0 }, 0);
            (step["step"], step["figures"]["rescues"]) = (json!("slow-reader"), json!({ "frames": moved }));
            is_right(camera, &step)
        };
        assert!(slow("lossy", MOVED) && slow("flag_error", 0));
        assert!(!slow("lossy", MOVED - 1));
        let control = |camera: &str, highest: u64, ring: u64, reserve: u64| {
            let lost = json!({ "ring_full": ring, "reserve": reserve, "torn": 0 });
            let figures = json!({ "highest": highest, "delivered": 10, "lost": lost, "balanced": true,
                                  "rescues": { "frames": 0 } });
            is_right(camera, &json!({ "step": "no-rescue", "verdict": "passed", "figures": figures }))
        };
        assert!(control("lossy", 15, 5, 0) && control("flag_error", 15, 0, 5) && control("halt", 10, 0, 0));
        assert!(!control("lossy", 10, 0, 0), "nothing was lost");
        assert!(!control("flag_error", 15, 5, 0), "for another reason");
        assert!(!control("lossy", 16, 5, 0), "books");
    }

    #[test]
    fn all_steps_of_all_cameras_are_found() {
        let found = json!({ "cameras": [{ "name": "a", "steps": [1, 2] }, { "name": "b", "steps": [3] }] });
        let names: Vec<String> = steps(&found).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "a", "b"]);
        assert_eq!(steps(&json!({})).len(), 0);
    }
}
