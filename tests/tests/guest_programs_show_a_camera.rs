//! The example and the step of hardware-test that show a camera in a device, run as a user runs them: `cargo xtask guest-test`.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use frame_vcam::{DeviceOpener, Geometry, Opener, Output, PixelFormat, Place, Transfer};
use pvcam_tests::{Program, VideoReader, scratch, shared_library, video_device};

/// A camera in its own time, slow enough for a guest that is emulated.
fn camera(scene: &str, name: &str) -> PathBuf {
    let file = scratch(name).join("camera.toml");
    let text = format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nscene = \"{scene}\"\nspeed = 0.02\n");
    std::fs::write(&file, text).expect("it can be written");
    file
}

/// A program on the simulator, whose path `cargo xtask guest-test` gives in a variable.
fn program(variable: &str, config: &Path) -> Command {
    let path =
        std::env::var_os(variable).unwrap_or_else(|| panic!("no {variable}: cargo xtask guest-test sets it"));
    let mut command = Command::new(path);
    command.env("PVCAM_LIBRARY", shared_library()).env("PVCAM_SIM_CONFIG", config);
    command
}

/// A program that runs until it is no longer needed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn the_example_is_seen_by_both_programs() {
    let path = video_device("exclusive");
    let mut command = program("PVCAM_TESTS_WEBCAM", &camera("counter", "webcam"));
    command.args(["exclusive", "3600"]).stdout(Stdio::piped());
    let mut webcam = Running(command.spawn().expect("it starts"));
    let mut lines = BufReader::new(webcam.0.stdout.take().expect("a pipe")).lines();
    let says = format!("showing 1280 x 720 YUYV at {}", path.display());
    // The list of devices, what it does, then this; the end of its output would be the end of the program.
    let mut said = Vec::new();
    while said.last() != Some(&says) {
        said.push(lines.next().unwrap_or_else(|| panic!("it ended: {said:?}")).expect("text"));
    }
    assert!(said.iter().any(|line| line.contains("\"exclusive\": can show pictures")), "{said:?}");
    let geometry = Geometry::new(1280, 720, PixelFormat::Yuyv).expect("a good size");
    for program in Program::ALL {
        // Enough that the placeholder, which comes first, is over.
        let mut reader = VideoReader::start(program, &path, geometry, 60);
        while reader.reads() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let frames = reader.frames();
        let last = frames.last().expect("frames were read");
        // A square camera in a wide picture: black at both sides, the counter's pattern between them.
        let row = &last[360 * 1280 * 2..361 * 1280 * 2];
        let (left, right) = (&row[..280 * 2], &row[1000 * 2..]);
        for side in [left, right] {
            assert!(side.chunks_exact(2).all(|pixel| pixel == [16, 128]), "{program:?}: {:?}", &side[..8]);
        }
        let greys: std::collections::BTreeSet<u8> =
            row[280 * 2..1000 * 2].iter().step_by(2).copied().collect();
        assert!(greys.len() > 20, "{program:?}: {greys:?}");
    }
}

/// What `hardware-test --steps vcam` says, and whether it is content.
fn hardware_test(name: &str) -> (String, bool) {
    let mut command = program("PVCAM_TESTS_HARDWARE_TEST", &camera("stamp", name));
    command.args(["hardware-test", "--steps", "vcam", "--frames", "16", "--sdk"]).arg(shared_library());
    let output = command.output().expect("it runs");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (said, output.status.success())
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn the_step_vcam_of_hardware_test_shows_pictures_or_says_why_not() {
    let (said, good) = hardware_test("vcam-free");
    assert!(good && said.contains("vcam: ok: showing 2048 x 2048 YUYV at /dev/video"), "{said}");
    let geometry = Geometry::new(640, 480, PixelFormat::Yuyv).expect("a good size");
    let labels = ["plain", "exclusive", "spare", "vivid-000-vid-out"];
    let busy: Vec<Box<dyn Output>> = labels
        .iter()
        .map(|label| {
            let place = Place::Path(video_device(label));
            DeviceOpener::new(place, Transfer::Auto).open(geometry, 25).unwrap_or_else(|why| panic!("{why}"))
        })
        .collect();
    let (said, good) = hardware_test("vcam-busy");
    assert!(good && said.contains("vcam: skipped: no virtual camera is free"), "{said}");
    assert!(said.contains("/dev/video2 is in use"), "{said}");
    drop(busy);
}
