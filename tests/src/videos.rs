//! Programs that read a video device, as users have them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use frame_vcam::{Geometry, PixelFormat, video_devices};

/// Patience with a program under emulation, on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(400);

/// A program that reads frames and hands them on as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `ffmpeg`, which checks sizes itself and refuses a frame that is longer than it should be.
    Ffmpeg,
    /// `v4l2-ctl`, which hands on what it gets.
    V4l2Ctl,
}

/// What `v4l2-ctl` asks for by itself.
const V4L2_CTL_BUFFERS: u32 = 3;

impl Program {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ffmpeg, Self::V4l2Ctl];
}

/// A reader that runs.
pub struct VideoReader {
    child: Child,
    output: Option<JoinHandle<Vec<u8>>>,
    errors: Option<JoinHandle<Vec<u8>>>,
    received: Arc<AtomicUsize>,
    frame_bytes: usize,
    begun: Instant,
}

/// The device of this label.
#[must_use]
pub fn video_device(label: &str) -> PathBuf {
    let devices = video_devices();
    let found = devices.iter().find(|device| device.label == label);
    found.unwrap_or_else(|| panic!("no device \"{label}\" among {devices:?}")).path.clone()
}

/// Output and input of the driver vivid, 640 x 480, made so that what is queued to the one comes back on the other, without text on it.
#[must_use]
pub fn vivid_loop() -> (PathBuf, PathBuf) {
    let (output, input) = (video_device("vivid-000-vid-out"), video_device("vivid-000-vid-cap"));
    let control = |device: &Path, arguments: &[&str]| {
        let mut command = Command::new("v4l2-ctl");
        command.arg("-d").arg(device).args(arguments).output().expect("v4l2-ctl runs").status.success()
    };
    for device in [&output, &input] {
        // Timings that are the ones before change nothing, and the driver would go on to scale the picture as for the size that somebody
        // asked for last. So: others first.
        for timings in ["index=1", "index=0"] {
            assert!(control(device, &["--set-dv-bt-timings", timings]));
        }
    }
    // The control's name differs between kernels.
    let loops = ["loop_video=1", "hdmi_000_0_is_connected_to=2"];
    assert!(loops.iter().any(|name| control(&input, &["-c", name])), "the loop can be closed");
    assert!(control(&input, &["-c", "osd_text_mode=2"]));
    (output, input)
}

impl VideoReader {
    /// Starts `program` on a device that gives this geometry; it ends after so many frames.
    #[must_use]
    pub fn start(program: Program, device: &Path, geometry: Geometry, frames: u32) -> Self {
        let command = match program {
            Program::Ffmpeg => ffmpeg(device, geometry, frames),
            Program::V4l2Ctl => v4l2_ctl(device, geometry, frames, V4L2_CTL_BUFFERS),
        };
        Self::run(command, geometry)
    }

    /// Starts `v4l2-ctl` so that it asks for so many buffers.
    #[must_use]
    pub fn with_buffers(buffers: u32, device: &Path, geometry: Geometry, frames: u32) -> Self {
        Self::run(v4l2_ctl(device, geometry, frames, buffers), geometry)
    }

    /// Starts a program that writes frames of this geometry to its standard output and ends by itself.
    #[must_use]
    pub fn run(mut command: Command, geometry: Geometry) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?} does not start: {why}"));
        let received = Arc::new(AtomicUsize::new(0));
        let output = child.stdout.take().map(|pipe| drained(pipe, Arc::clone(&received)));
        let errors = child.stderr.take().map(|pipe| drained(pipe, Arc::default()));
        Self { child, output, errors, received, frame_bytes: geometry.frame_bytes(), begun: Instant::now() }
    }

    /// Whole frames that it has handed on so far.
    #[must_use]
    pub fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed) / self.frame_bytes
    }

    /// Whether it has buffers of the device mapped, as it has from just before it streams.
    #[must_use]
    pub fn has_mapped(&self, device: &Path) -> bool {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap_or_default();
        maps.lines().any(|line| line.ends_with(&*device.to_string_lossy()))
    }

    /// Whether it still reads. Panics when it takes far too long.
    pub fn reads(&mut self) -> bool {
        assert!(self.begun.elapsed() < PATIENCE, "the reader gets no frames: {}", self.said());
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// What it read, frame by frame. Panics if it was not content, or read something that is no whole frame.
    pub fn frames(mut self) -> Vec<Vec<u8>> {
        while self.reads() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let status = self.child.wait().expect("it has ended");
        let bytes = self.output.take().expect("it was not taken").join().expect("the pipe was read");
        let said = self.said();
        assert!(status.success(), "{status}: {said}");
        assert!(
            bytes.len().is_multiple_of(self.frame_bytes) && !bytes.is_empty(),
            "{} bytes are no frames of {}: {said}",
            bytes.len(),
            self.frame_bytes
        );
        bytes.chunks(self.frame_bytes).map(<[u8]>::to_vec).collect()
    }

    /// Ends it, as a user who closes the window.
    pub fn close(self) {}

    /// What it complained of. Ends it first.
    fn said(&mut self) -> String {
        let _ = self.child.kill();
        let text = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for VideoReader {
    /// One that was left would hold the device's format against the tests that follow.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, and counts as it goes.
fn drained(mut from: impl Read + Send + 'static, received: Arc<AtomicUsize>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut bytes, mut part) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let count = from.read(&mut part).expect("a pipe can be read");
            if count == 0 {
                return bytes;
            }
            bytes.extend_from_slice(&part[..count]);
            received.fetch_add(count, Ordering::Relaxed);
        }
    })
}

fn ffmpeg(device: &Path, geometry: Geometry, frames: u32) -> Command {
    let pixels = match geometry.format {
        PixelFormat::Yuyv => "yuyv422",
        PixelFormat::Nv12 => "nv12",
        PixelFormat::I420 => "yuv420p",
        PixelFormat::Grey => "gray",
        PixelFormat::Rgb24 => "rgb24",
        _ => "gray16le",
    };
    let size = format!("{}x{}", geometry.width, geometry.height);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "v4l2", "-input_format", pixels, "-video_size", &size, "-i"]);
    command.arg(device).args(["-frames:v", &frames.to_string(), "-fps_mode", "passthrough"]);
    command.args(["-f", "rawvideo", "-pix_fmt", pixels, "-"]);
    command
}

fn v4l2_ctl(device: &Path, geometry: Geometry, frames: u32, buffers: u32) -> Command {
    let code = geometry.format.fourcc();
    let format = format!(
        "--set-fmt-video=width={},height={},pixelformat={}",
        geometry.width,
        geometry.height,
        String::from_utf8_lossy(&code)
    );
    let mut command = Command::new("v4l2-ctl");
    command.arg("-d").arg(device).args([&format, "--stream-to=-"]);
    command.arg(format!("--stream-mmap={buffers}")).arg(format!("--stream-count={frames}"));
    command
}
