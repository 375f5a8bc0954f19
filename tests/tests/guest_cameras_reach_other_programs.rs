//! A camera's pictures in other programs, through a real kernel: `cargo xtask guest-test`.
//!
//! The camera is simulated and shows the pages of a TIFF file. What ffmpeg and v4l2-ctl read from the device has to be, byte by byte, one of
//! the pages as the conversion makes it.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use frame_vcam::{
    DeviceError, DeviceOpener, Failure, Geometry, Opener, PixelFormat, Place, Scaling, State, Transfer,
    VirtualCamera, VirtualCameraBuilder, video_devices,
};
use pvcam_tests::{Microscope, Program, VideoReader, video_device, vivid_loop};

/// Patience with a guest that is emulated, on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(240);
/// Set in a child to the path of the device it plays a writer for.
const WRITER: &str = "PVCAM_TESTS_WRITER";

/// Frames come until they are shown.
fn await_showing(microscope: &Microscope, camera: &VirtualCamera) {
    let begun = Instant::now();
    microscope.run_while(|| {
        assert!(begun.elapsed() < PATIENCE, "{}; {}", camera.state(), camera.books());
        !showing(&camera.state())
    });
}

fn camera(path: &Path, transfer: Transfer) -> VirtualCameraBuilder {
    VirtualCamera::builder().device(path).transfer(transfer).frames_per_second(10)
}

fn showing(state: &State) -> bool {
    matches!(state, State::Showing { .. })
}

/// How far a frame is like the pages from its beginning and from its end: one that was painted over while it was read is like two of them.
fn parts(frame: &[u8], pages: &[Vec<u8>]) -> String {
    let alike = |page: &Vec<u8>| {
        let differ = |(a, b): (&u8, &u8)| a != b;
        let from_start = frame.iter().zip(page).position(differ).unwrap_or(frame.len());
        let from_end = frame.iter().rev().zip(page.iter().rev()).position(differ).unwrap_or(frame.len());
        (from_start, from_end)
    };
    format!(
        "of {} bytes the first and last like each page: {:?}",
        frame.len(),
        pages.iter().map(alike).collect::<Vec<_>>()
    )
}

/// What the readers got, frame by frame: each one is one of the pages.
fn assert_pages(readers: Vec<VideoReader>, wanted: &[Vec<u8>], what: &str) {
    for reader in readers {
        for (n, frame) in reader.frames().iter().enumerate() {
            assert!(
                wanted.contains(frame),
                "{what}: frame {n} is none of the pages: {}",
                parts(frame, wanted)
            );
        }
    }
}

fn reading(readers: &mut [VideoReader]) -> bool {
    readers.iter_mut().any(VideoReader::reads)
}

/// Whether v4l2loopback is 0.12: later ones tell their state.
fn is_old() -> bool {
    !Path::new("/sys/class/video4linux/video0/state").exists()
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn the_replayed_pages_arrive_in_every_pixel() {
    let microscope = Microscope::start(Microscope::WORMS);
    for label in ["plain", "exclusive"] {
        let path = video_device(label);
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Grey, PixelFormat::Rgb24] {
            for scaling in [Scaling::Down(1), Scaling::Down(2)] {
                let what = format!("{label} {format} {scaling:?}");
                let look = Microscope::look(scaling);
                let geometry = look.geometry(&microscope.layout, format).expect("it can be shown");
                let camera = camera(&path, Transfer::Auto)
                    .format(format)
                    .look(look.clone())
                    .start()
                    .expect("a thread");
                camera.follow(&microscope.bus).expect("room");
                camera.publish();
                await_showing(&microscope, &camera);
                // Each program with each format, in one size on the one device and the other size on the other.
                let by_ffmpeg = (label == "plain") == (scaling == Scaling::Down(1));
                let program = if by_ffmpeg { Program::Ffmpeg } else { Program::V4l2Ctl };
                let mut readers = vec![VideoReader::start(program, &path, geometry, 3)];
                microscope.run_while(|| reading(&mut readers));
                assert_pages(readers, &microscope.pictures(geometry, &look), &what);
                let books = camera.close();
                assert!(books.balance() && books.failures == 0, "{what}: {books}");
            }
        }
    }
    assert!(microscope.bus.books().balance() && microscope.session.books().balanced());
}

/// A driver as the kernel's documentation wants it, which keeps buffers until it is done with them.
#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn the_replayed_pages_come_back_from_vivid() {
    let (output, input) = vivid_loop();
    let microscope = Microscope::start(Microscope::WORMS);
    let (look, geometry) = (Microscope::look(Scaling::Fit), Geometry::new(640, 480, PixelFormat::Yuyv));
    let geometry = geometry.expect("a good size");
    let builder = camera(&output, Transfer::Buffers).size(geometry.width, geometry.height);
    let camera = builder.look(look.clone()).start().expect("a thread");
    camera.follow(&microscope.bus).expect("room");
    camera.publish();
    microscope.run_while(|| camera.books().shown < 4);
    let mut reader = VideoReader::start(Program::V4l2Ctl, &input, geometry, 60);
    microscope.run_while(|| reader.reads());
    let (frames, pages) = (reader.frames(), microscope.pictures(geometry, &look));
    // The first ones may be from before the loop was closed: noise.
    for (n, frame) in frames.iter().enumerate().skip(15) {
        assert!(pages.contains(frame), "frame {n} is none of the pages: {}", parts(frame, &pages));
    }
    let seen = pages.iter().filter(|page| frames.contains(page)).count();
    assert!(seen > 1, "the picture does not change: {}", camera.books());
    let books = camera.close();
    assert!(books.balance() && books.failures == 0, "{books}");
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn readers_may_come_first_leave_and_come_back() {
    let (microscope, path) = (Microscope::start(Microscope::WORMS), video_device("plain"));
    let look = Microscope::look(Scaling::Down(2));
    let geometry = look.geometry(&microscope.layout, PixelFormat::Yuyv).expect("it can be shown");
    let pages = microscope.pictures(geometry, &look);
    let camera = camera(&path, Transfer::Auto).look(look).start().expect("a thread");
    camera.follow(&microscope.bus).expect("room");
    // Before there was a writer both versions refuse a reader, in the kernel.
    let mut early = VideoReader::start(Program::V4l2Ctl, &path, geometry, 3);
    microscope.run_while(|| early.reads());
    assert_eq!(early.received(), 0, "there was nothing to be read");
    camera.publish();
    await_showing(&microscope, &camera);
    // One that is closed while it looks.
    let mut closed = VideoReader::start(Program::Ffmpeg, &path, geometry, 1000);
    microscope.run_while(|| closed.reads() && closed.received() < 2);
    // 0.15 lets one program look at a time, 0.12 any number.
    let mut second = VideoReader::start(Program::V4l2Ctl, &path, geometry, 3);
    microscope.run_while(|| second.reads());
    if is_old() {
        assert_pages(vec![second], &pages, "a second reader");
    } else {
        assert_eq!(second.received(), 0, "a second reader");
    }
    closed.close();
    // With the format kept, a reader may come first and wait.
    assert!(keeps_format(&path, true));
    hide(&camera);
    let mut first = VideoReader::start(Program::V4l2Ctl, &path, geometry, 40);
    microscope.run_while(|| first.reads() && !first.has_mapped(&path));
    assert_eq!(first.received(), 0, "nobody writes");
    camera.publish();
    // It stays when the camera goes, and sees it come back.
    microscope.run_while(|| first.reads() && first.received() < 5);
    hide(&camera);
    assert!(first.reads(), "the reader waits");
    camera.publish();
    microscope.run_while(|| first.reads());
    assert_pages(vec![first], &pages, "a reader that came first and stays");
    let books = camera.close();
    assert!(books.balance() && books.failures == 0, "{books}");
    assert!(keeps_format(&path, false));
}

/// Asks the device for no buffers at all, as programs do that end well.
const LETS_GO: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), 0xc0145608, struct.pack('5I', 0, 1, 1, 0, 0))";

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn a_reader_that_lets_go_of_its_buffers_does_not_end_the_others() {
    let path = video_device("plain");
    // So slow that the other one lets go while nobody takes a picture. Where it does so just then, a reader of 0.12 ends all the same.
    let camera = VirtualCamera::builder().device(&path).size(320, 240).frames_per_second(2).start();
    let camera = camera.expect("a thread");
    camera.publish();
    camera.await_state(PATIENCE, showing).unwrap_or_else(|state| panic!("{state}"));
    let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
    let mut outlived = 0;
    for _ in 0..3 {
        let mut stays = VideoReader::start(Program::V4l2Ctl, &path, geometry, 1000);
        await_received(&mut stays, 2);
        // 0.15 refuses it: the buffers are another's.
        let let_go = Command::new("python3").args(["-c", LETS_GO]).arg(&path).output().expect("python3 runs");
        assert_eq!(let_go.status.success(), is_old(), "{let_go:?}");
        let so_far = stays.received();
        await_received(&mut stays, so_far + 4);
        outlived += u32::from(stays.reads());
    }
    assert!(outlived > 0, "none of the readers saw more");
}

/// Waits until the reader has got so many frames, or ends.
fn await_received(reader: &mut VideoReader, frames: usize) {
    while reader.reads() && reader.received() < frames {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hide(camera: &VirtualCamera) {
    camera.unpublish();
    assert_eq!(camera.await_state(PATIENCE, |_| true), Ok(State::Hidden));
}

/// Tells the module to let readers stay, and come, while there is no writer.
fn keeps_format(path: &Path, keep: bool) -> bool {
    let control = format!("keep_format={}", u8::from(keep));
    let mut command = Command::new("v4l2-ctl");
    command.arg("-d").arg(path).args(["-c", &control]).status().expect("v4l2-ctl runs").success()
}

/// A writer in a process of its own, which shows the dark chequerboard.
struct Writer(Child);

impl Writer {
    fn start(path: &Path, transfer: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a name"));
        command.args([
            "--exact",
            "a_writer_that_is_killed_leaves_a_device_that_works",
            "--ignored",
            "--nocapture",
        ]);
        command.env(WRITER, path).env("PVCAM_TESTS_TRANSFER", transfer).stdout(Stdio::null());
        Self(command.spawn().expect("the writer starts"))
    }

    /// Waits until it has the device, keeps us out of it, and the device shows itself as a camera.
    fn await_pictures(&mut self, path: &Path) {
        let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
        let begun = Instant::now();
        loop {
            let lives = self.0.try_wait().expect("a child can be asked").is_none();
            assert!(lives && begun.elapsed() < PATIENCE, "the writer does not write");
            let mut opener = DeviceOpener::new(Place::Path(path.to_owned()), Transfer::Auto);
            match opener.open(geometry, 25) {
                Err(DeviceError::Busy { by, .. }) => {
                    assert!(by.iter().any(|name| name.contains(&self.0.id().to_string())), "{by:?}");
                    if can(path).contains("Video Capture") {
                        return;
                    }
                }
                Ok(device) => drop(device),
                Err(why) => panic!("{why}"),
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn kill(mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What v4l2-ctl says that a device can do now.
fn can(path: &Path) -> String {
    let said = Command::new("v4l2-ctl").arg("-d").arg(path).arg("-D").output().expect("v4l2-ctl runs").stdout;
    let said = String::from_utf8_lossy(&said);
    said.split_once("Device Caps").expect("it tells what the device can").1.to_owned()
}

fn write_for_ever(path: &Path) {
    let by_write = std::env::var("PVCAM_TESTS_TRANSFER").is_ok_and(|transfer| transfer == "write");
    let transfer = if by_write { Transfer::Write } else { Transfer::Buffers };
    let camera = camera(path, transfer).size(320, 240).start().expect("a thread");
    camera.publish();
    std::thread::sleep(PATIENCE * 10);
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn a_writer_that_is_killed_leaves_a_device_that_works() {
    if let Some(path) = std::env::var_os(WRITER) {
        return write_for_ever(Path::new(&path));
    }
    let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
    for (label, transfer) in [("plain", "buffers"), ("exclusive", "buffers"), ("exclusive", "write")] {
        let path = video_device(label);
        let mut first = Writer::start(&path, transfer);
        first.await_pictures(&path);
        let mut reader = VideoReader::start(Program::V4l2Ctl, &path, geometry, 60);
        await_received(&mut reader, 5);
        first.kill();
        assert!(reader.reads(), "{label} {transfer}: the reader waits");
        let second = Writer::start(&path, transfer);
        while reader.reads() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let frames = reader.frames();
        assert!(frames.iter().all(|frame| frame[1] == 128 && [32, 48].contains(&frame[0])), "{label}");
        second.kill();
        let mut opener = DeviceOpener::new(Place::Path(path), Transfer::Auto);
        drop(opener.open(geometry, 25).unwrap_or_else(|why| panic!("{label} {transfer}: {why}")));
    }
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn a_device_that_another_program_left_dead_is_repaired() {
    let path = video_device("exclusive");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-frames:v", "3"]);
    ffmpeg.args(["-pix_fmt", "yuyv422", "-f", "v4l2"]).arg(&path);
    assert!(ffmpeg.status().expect("ffmpeg runs").success());
    let can = can(&path);
    if is_old() {
        assert!(!can.contains("Video Output") && !can.contains("Video Capture"), "it is not dead: {can}");
    }
    let listed = video_devices().into_iter().find(|device| device.path == path).expect("it is there");
    assert_eq!(listed.usable, Ok(()), "{listed}");
    let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).expect("a good size");
    DeviceOpener::new(Place::Path(path), Transfer::Auto)
        .open(geometry, 25)
        .map(drop)
        .expect("it is repaired");
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn another_size_waits_for_readers_of_the_old_one() {
    let path = video_device("plain");
    let look = Microscope::look(Scaling::Down(2));
    let camera = camera(&path, Transfer::Auto).look(look.clone()).start().expect("a thread");
    camera.publish();
    // Each of the two programs sees every pixel, before the change and after it.
    let read_by_all = |microscope: &Microscope, geometry| {
        let pages = microscope.pictures(geometry, &look);
        for program in Program::ALL {
            let mut readers = vec![VideoReader::start(program, &path, geometry, 3)];
            microscope.run_while(|| reading(&mut readers));
            assert_pages(readers, &pages, &format!("{program:?} {geometry}"));
        }
    };
    let mut before: Option<VideoReader> = None;
    for pages in [Microscope::WORMS, Microscope::NUCLEI, Microscope::WORMS] {
        let microscope = Microscope::start(pages);
        let geometry = look.geometry(&microscope.layout, PixelFormat::Yuyv).expect("it can be shown");
        camera.follow(&microscope.bus).expect("room");
        if let Some(reader) = before.take() {
            await_held(&microscope, &camera);
            reader.close();
        }
        microscope.run_while(
            || !matches!(camera.state(), State::Showing { geometry: shown, .. } if shown == geometry),
        );
        read_by_all(&microscope, geometry);
        let mut reader = VideoReader::start(Program::V4l2Ctl, &path, geometry, 100_000);
        microscope.run_while(|| reader.reads() && reader.received() < 2);
        assert!(reader.reads(), "it looks on while the size changes");
        before = Some(reader);
    }
    assert!(camera.close().balance());
}

/// Frames come until the device keeps its old size, because of a reader, and the state says so.
fn await_held(microscope: &Microscope, camera: &VirtualCamera) {
    microscope.run_while(|| !matches!(camera.state(), State::Failed(_)));
    let State::Failed(Failure::Device(why)) = camera.state() else { panic!("{}", camera.state()) };
    assert!(matches!(why, DeviceError::FormatHeld { .. } | DeviceError::Busy { .. }), "{why}");
    assert!(why.to_string().contains("fuser -v"), "{why}");
}
