//! Video devices of a real kernel show what is written into them: `cargo xtask guest-test`.
//!
//! The devices are those that `cargo xtask guest-test` makes: v4l2loopback "plain" and "exclusive" (`exclusive_caps=1`), and vivid's output, whose pictures
//! come back on its input.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use frame_vcam::{DeviceError, DeviceOpener, Geometry, Opener, Output, PixelFormat, Place, Transfer};
use pvcam_tests::{Program, VideoReader, video_device, vivid_loop};

/// Long enough that a reader has copied a frame before its buffer is written again: a loopback device has two.
const PAUSE: Duration = Duration::from_millis(40);

fn opened(path: &Path, geometry: Geometry, transfer: Transfer) -> Box<dyn Output> {
    let mut opener = DeviceOpener::new(Place::Path(path.to_owned()), transfer);
    opener.open(geometry, 25).unwrap_or_else(|why| panic!("{geometry} by {transfer:?}: {why}"))
}

/// A picture of which each byte depends on the number and on where it is; the first four bytes are the number.
fn picture(number: u32, out: &mut [u8]) {
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = (at as u32).wrapping_mul(7).wrapping_add(number.wrapping_mul(13)).wrapping_add(at as u32 >> 8)
            as u8;
    }
    out[..4].copy_from_slice(&number.to_le_bytes());
}

fn send(device: &mut dyn Output, number: u32) {
    if let Some(out) = device.buffer().expect("the device is good") {
        // Made before: a slow test would write for longer than a reader leaves it in peace.
        let mut pixels = vec![0; out.len()];
        picture(number, &mut pixels);
        out.copy_from_slice(&pixels);
        device.send(frame_pool::monotonic_ns()).expect("the device takes it");
    }
}

/// Sends until the reader has enough, and looks at each byte that it got.
fn read_back(device: &mut dyn Output, mut reader: VideoReader, what: &str) {
    let mut number = 1;
    while reader.reads() {
        send(device, number);
        number += 1;
        std::thread::sleep(PAUSE);
    }
    let numbers: Vec<u32> = reader.frames().iter().map(|frame| checked(frame, what)).collect();
    assert!(numbers.len() == 3 && numbers.is_sorted(), "{what}: {numbers:?}");
}

/// The number of a picture that is good in every byte.
fn checked(frame: &[u8], what: &str) -> u32 {
    let number = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
    let mut wanted = vec![0; frame.len()];
    picture(number, &mut wanted);
    let wrong = frame.iter().zip(&wanted).filter(|(got, sent)| got != sent).count();
    assert_eq!(wrong, 0, "{what}, frame {number}: so many bytes are not what was sent");
    number
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn each_format_arrives_byte_by_byte_on_both_kinds_of_device() {
    for label in ["plain", "exclusive"] {
        let path = video_device(label);
        // A size whose frames are no whole pages, which v4l2loopback 0.12 rounds up to.
        for format in PixelFormat::ALL {
            let geometry = Geometry::new(322, 242, format).expect("a good size");
            for (transfer, program) in
                [(Transfer::Buffers, Program::Ffmpeg), (Transfer::Write, Program::V4l2Ctl)]
            {
                let what = format!("{label} {geometry} {transfer:?}");
                let mut device = opened(&path, geometry, transfer);
                send(&mut *device, 0);
                read_back(&mut *device, VideoReader::start(program, &path, geometry, 3), &what);
            }
        }
    }
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn a_reader_that_asks_for_fewer_buffers_sees_new_pictures_only() {
    let path = video_device("spare");
    // Small ones go through the reader's pipe at once: it has copied them long before their buffer is written again.
    let geometry = Geometry::new(64, 48, PixelFormat::Yuyv).expect("a good size");
    // First the reader comes while all buffers are in use; then the writer comes when 0.12 has kept the smaller number.
    for buffers in [2, 3] {
        let mut device = opened(&path, geometry, Transfer::Buffers);
        let mut number = 0;
        // So that more buffers than the reader asks for are in use.
        (0..6).for_each(|_| {
            send(&mut *device, number);
            number += 1;
        });
        let mut reader = VideoReader::with_buffers(buffers, &path, geometry, 12);
        while reader.reads() {
            send(&mut *device, number);
            number += 1;
            std::thread::sleep(PAUSE * 3);
        }
        let numbers: Vec<u32> = reader.frames().iter().map(|frame| checked(frame, "few buffers")).collect();
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "an old picture was shown, {buffers} buffers: {numbers:?}"
        );
    }
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn vivid_which_keeps_its_buffers_for_a_while_shows_every_byte() {
    let (output, input) = vivid_loop();
    let geometry = Geometry::new(640, 480, PixelFormat::Yuyv).expect("a good size");
    let mut device = opened(&output, geometry, Transfer::Buffers);
    (0..4).for_each(|_| send(&mut *device, 0));
    let mut reader = VideoReader::start(Program::V4l2Ctl, &input, geometry, 30);
    let mut number = 1;
    while reader.reads() {
        send(&mut *device, number);
        number += 1;
    }
    let frames = reader.frames();
    // The first ones may be from before the loop was closed: noise.
    let numbers: Vec<u32> = frames.iter().skip(15).map(|frame| checked(frame, "vivid")).collect();
    assert!(numbers.is_sorted() && numbers.last() > Some(&0), "{numbers:?}");
}

/// What opening is answered.
fn refusal(place: Place, geometry: Geometry) -> DeviceError {
    let opened = DeviceOpener::new(place, Transfer::Auto).open(geometry, 25);
    opened.err().unwrap_or_else(|| panic!("it was opened"))
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn each_refusal_says_what_to_type() {
    if let Some(path) = std::env::var_os(UNPRIVILEGED) {
        return unprivileged(Path::new(&path));
    }
    let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
    let says = |place: Place, wanted: &[&str]| {
        let why = refusal(place, geometry).to_string();
        assert!(wanted.iter().all(|part| why.contains(part)), "{why}");
    };
    let at = |path: &Path| Place::Path(path.to_owned());
    says(
        at(Path::new("/dev/video77")),
        &["there is no /dev/video77", "ls /dev/video*", "modprobe v4l2loopback"],
    );
    says(at(Path::new("/dev/null")), &["/dev/null is no video device"]);
    says(at(&video_device("vivid-000-vid-cap")), &["only gives pictures", "driver vivid", "modprobe"]);
    says(
        Place::Label("Microscope".to_owned()),
        &["no video device is called \"Microscope\"", "plain, exclusive, spare"],
    );
    // One that is open keeps a second writer out; on 0.12 the kernel would let it in.
    let spare = video_device("spare");
    let first = opened(&spare, geometry, Transfer::Auto);
    says(at(&spare), &["is in use", "fuser -v /dev/video2"]);
    says(Place::Label("spare".to_owned()), &["is in use"]);
    let others = ["plain", "exclusive"].map(|label| opened(&video_device(label), geometry, Transfer::Auto));
    let vivid = opened(
        &video_device("vivid-000-vid-out"),
        Geometry::new(640, 480, PixelFormat::Yuyv).expect("a good size"),
        Transfer::Auto,
    );
    says(Place::FirstFree, &["no virtual camera is free", "/dev/video0 is in use", "v4l2loopback-ctl add"]);
    drop((first, others, vivid));
    drop(opened(&spare, geometry, Transfer::Auto));
    agreed_on_by_another(&spare, geometry);
    // A video driver that does not know the size answers another one.
    let odd = Geometry::new(62, 14, PixelFormat::Yuyv).expect("a good size");
    let why = refusal(at(&video_device("vivid-000-vid-out")), odd);
    assert!(
        matches!(&why, DeviceError::FormatHeld { .. }) && why.to_string().contains("62 x 14 YUYV"),
        "{why}"
    );
    not_allowed(&spare);
}

/// Another program has agreed on a size with the device and shows nothing yet. 0.12 answers ours as if it did not know it.
fn agreed_on_by_another(path: &Path, geometry: Geometry) {
    let mut command = Command::new("v4l2-ctl");
    command.arg("-d").arg(path);
    command.args(["--set-fmt-video-out=width=1024,height=768,pixelformat=YUYV", "--sleep=3600"]);
    let mut other = command.stdout(Stdio::null()).spawn().expect("v4l2-ctl runs");
    let begun = Instant::now();
    let why = loop {
        assert!(begun.elapsed() < Duration::from_secs(240), "v4l2-ctl does not get the device");
        match DeviceOpener::new(Place::Path(path.to_owned()), Transfer::Auto).open(geometry, 25) {
            Ok(device) => drop(device),
            Err(why) => break why,
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    other.kill().expect("it is ours");
    other.wait().expect("it has ended");
    let DeviceError::Busy { by, .. } = &why else { panic!("{why}") };
    assert!(by.iter().any(|name| name == &format!("v4l2-ctl (pid {})", other.id())), "{why}");
    drop(opened(path, geometry, Transfer::Auto));
}

/// Set in a child that is nobody to the device that it may not open.
const UNPRIVILEGED: &str = "PVCAM_TESTS_UNPRIVILEGED";

fn not_allowed(path: &Path) {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(std::env::current_exe().expect("this program has a name"));
    command.args(["--exact", "each_refusal_says_what_to_type", "--ignored"]).env(UNPRIVILEGED, path);
    let output = command.output().expect("setpriv runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn unprivileged(path: &Path) {
    let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
    let why = refusal(Place::Path(path.to_owned()), geometry);
    assert!(matches!(why, DeviceError::NoPermission { .. }), "{why}");
    assert!(why.to_string().contains("sudo usermod -aG video $USER"), "{why}");
    let listed = frame_vcam::video_devices().into_iter().find(|device| device.path == path);
    assert!(matches!(listed.expect("it is listed").usable, Err(DeviceError::NoPermission { .. })));
}
