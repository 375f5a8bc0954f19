//! Devices that go while they are shown in, and machines without the module: `cargo xtask guest-test`.
//!
//! Modules are unloaded here and loaded again as they were.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use frame_vcam::{
    DeviceError, DeviceOpener, Failure, Geometry, Opener, PixelFormat, Place, State, Transfer, VirtualCamera,
    video_devices,
};
use pvcam_tests::video_device;

/// Patience with a guest that is emulated, on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(240);
const VIVID: &str = "vivid";
const LOOPBACK: &str = "v4l2loopback";

fn geometry() -> Geometry {
    Geometry::new(640, 480, PixelFormat::Yuyv).expect("a good size")
}

/// A camera that shows its placeholder.
fn camera(place: &Place) -> VirtualCamera {
    let builder = VirtualCamera::builder().size(640, 480).frames_per_second(10);
    let camera = match place {
        Place::Path(path) => builder.device(path),
        Place::Label(label) => builder.label(label),
        _ => builder,
    };
    let camera = camera.start().expect("a thread");
    camera.publish();
    camera
}

fn await_showing(camera: &VirtualCamera) {
    let shows = camera.await_state(PATIENCE, |state| matches!(state, State::Showing { .. }));
    shows.unwrap_or_else(|state| panic!("{state}"));
}

fn await_failure(camera: &VirtualCamera, wanted: impl Fn(&DeviceError) -> bool) -> String {
    let fails = camera
        .await_state(PATIENCE, |state| matches!(state, State::Failed(Failure::Device(why)) if wanted(why)));
    fails.unwrap_or_else(|state| panic!("{state}")).to_string()
}

fn refusal(place: Place) -> DeviceError {
    let opened = DeviceOpener::new(place, Transfer::Auto).open(geometry(), 25);
    opened.err().unwrap_or_else(|| panic!("it was opened"))
}

/// `modprobe` with these words; whether it went.
fn modprobe(words: &[&str]) -> bool {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("/usr/bin/env")
        .arg("modprobe")
        .args(words)
        .env("PATH", path)
        .output()
        .expect("env runs");
    output.status.success()
}

/// A module as the guest was started with it.
fn load(module: &str) {
    let all = std::env::var("PVCAM_TESTS_MODULES").expect("cargo xtask guest-test sets it");
    let line = all.split(';').find(|line| line.starts_with(module)).expect("the guest has it");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert!(modprobe(&words), "{line}");
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn a_device_that_is_removed_while_it_shows_is_gone_until_it_comes_back() {
    let path = video_device("vivid-000-vid-out");
    let driver = Path::new("/sys/bus/platform/drivers/vivid");
    let tell = |file: &str| std::fs::write(driver.join(file), "vivid.0").expect("sysfs takes it");
    let camera = camera(&Place::Path(path.clone()));
    await_showing(&camera);
    // The file stays open, and the kernel answers that there is no device behind it any more.
    tell("unbind");
    let why = await_failure(&camera, |why| matches!(why, DeviceError::Gone { .. }));
    let says =
        format!("{} is gone: the module was unloaded or the device removed; `sudo modprobe", path.display());
    assert!(why.contains(&says), "{why}");
    await_failure(&camera, |why| matches!(why, DeviceError::NoSuchDevice { .. }));
    tell("bind");
    await_showing(&camera);
    assert!(camera.close().failures >= 2);
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn without_the_module_each_message_says_how_to_load_it() {
    let shown = camera(&Place::Label("plain".to_owned()));
    await_showing(&shown);
    assert!(!modprobe(&["-r", LOOPBACK]), "a module in use stays");
    await_showing(&shown);
    drop(shown);
    assert!(modprobe(&["-r", LOOPBACK]) && modprobe(&["-r", VIVID]));
    assert_eq!(video_devices(), []);
    let why = refusal(Place::FirstFree).to_string();
    assert!(
        why.starts_with("there is no virtual camera on this machine: make one with\n    sudo modprobe"),
        "{why}"
    );
    assert!(why.contains("sudo apt install v4l2loopback-dkms"), "{why}");
    let why = refusal(Place::Path("/dev/video0".into()));
    assert!(matches!(why, DeviceError::NoSuchDevice { .. }), "{why}");
    let why = refusal(Place::Label("plain".to_owned())).to_string();
    assert!(
        why.starts_with("no video device is called \"plain\": ask for") && why.contains("modprobe"),
        "{why}"
    );
    // One that waits for the module shows as soon as it is there.
    let waits = camera(&Place::FirstFree);
    await_failure(&waits, |why| matches!(why, DeviceError::ModuleMissing { others } if others.is_empty()));
    // A real camera is no virtual one, and is named.
    assert!(modprobe(&[VIVID, "n_devs=1", "node_types=0x1"]));
    let why = await_failure(
        &waits,
        |why| matches!(why, DeviceError::ModuleMissing { others } if others.len() == 1),
    );
    assert!(why.contains("the video devices here are no outputs: /dev/video"), "{why}");
    assert!(why.contains("\"vivid-000-vid-cap\""), "{why}");
    assert!(modprobe(&["-r", VIVID]));
    load(LOOPBACK);
    await_showing(&waits);
    drop(waits);
    load(VIVID);
    assert_eq!(video_devices().len(), 5);
}
