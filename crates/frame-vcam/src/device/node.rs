//! Opening a device: is it an output, is it free, is it alive.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use super::abi::{CAN_CAPTURE, CAN_OUTPUT, Capability, HAS_DEVICE_CAPS};
use super::error::DeviceError;
use super::ioctl::VideoFile;

/// What v4l2loopback calls itself, whatever its card label is.
const LOOPBACK: &str = "v4l2 loopback";

/// How long somebody may look, and how often we find somebody who does.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: u32 = 5;

/// An open device that takes pictures, ours alone among programs of this crate.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) path: PathBuf,
    pub(super) video: VideoFile,
    /// Whether the driver is v4l2loopback.
    pub(super) is_loopback: bool,
}

/// What a device is at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes pictures.
    Output,
    /// Only gives pictures: a camera.
    Capture,
    /// A loopback device with `exclusive_caps` that somebody writes to: it shows itself as a camera.
    WrittenTo,
    /// A loopback device with `exclusive_caps` whose writer left without a word (v4l2loopback 0.12): it is neither, until it is repaired.
    Dead,
}

/// What a device says of itself.
#[derive(Debug)]
pub(super) struct About {
    pub(super) card: String,
    pub(super) driver: String,
    pub(super) kind: Kind,
}

impl Node {
    /// Opens the device to show pictures. A dead one is repaired.
    pub(super) fn open(path: &Path) -> Result<Self, DeviceError> {
        let node = Self::open_any(path)?;
        // Before anything else: a device that a program of this crate is setting up looks dead for a moment, and to repair it would take
        // it from that program.
        node.lock()?;
        let about = node.about()?;
        let is_loopback = about.driver == LOOPBACK;
        let node = match about.kind {
            Kind::Output => node,
            Kind::Dead => node.repaired()?,
            Kind::WrittenTo => return Err(node.busy()),
            Kind::Capture => {
                let About { card, driver, .. } = about;
                return Err(DeviceError::NotAnOutput { path: node.path, card, driver });
            }
        };
        Ok(Self { is_loopback, ..node })
    }

    /// Opens any video device, to look at it.
    pub(super) fn open_any(path: &Path) -> Result<Self, DeviceError> {
        let failed = |why| DeviceError::of_open(path, why);
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = open(path, flags, Mode::empty()).map_err(failed)?;
        match VideoFile::new(file).map_err(failed)? {
            Some(video) => Ok(Self { path: path.to_owned(), video, is_loopback: false }),
            None => Err(DeviceError::NotVideo { path: path.to_owned() }),
        }
    }

    /// What it says of itself.
    pub(super) fn about(&self) -> Result<About, DeviceError> {
        Ok(About::of(&self.video.capability().map_err(|why| self.failed("VIDIOC_QUERYCAP", why))?))
    }

    pub(super) fn failed(&self, call: &'static str, why: Errno) -> DeviceError {
        DeviceError::of_call(&self.path, call, why)
    }

    fn busy(&self) -> DeviceError {
        self.failed("open", Errno::BUSY)
    }

    /// v4l2loopback 0.12 lets a second writer in, whose frames then alternate with ours. Programs of this crate keep each other out.
    fn lock(&self) -> Result<(), DeviceError> {
        keep_out(&self.video).map_err(|why| self.not_locked(why))
    }

    /// Whether no program of this crate has it.
    pub(super) fn is_unlocked(&self) -> Result<(), DeviceError> {
        look(&self.video).map_err(|why| self.not_locked(why))
    }

    fn not_locked(&self, why: Errno) -> DeviceError {
        match why {
            Errno::WOULDBLOCK => self.busy(),
            why => self.failed("flock", why),
        }
    }

    /// v4l2loopback 0.12 with `exclusive_caps` forgets to take back that frames are ready when a program that only used `write` closes
    /// it. A stream that is switched on makes this opener the writer, whose close is noticed.
    fn repaired(self) -> Result<Self, DeviceError> {
        // It answers EINVAL, and does what it is wanted for.
        let _ = self.video.stream_on();
        let path = self.path.clone();
        drop(self);
        let again = Self::open_any(&path)?;
        again.lock()?;
        if again.about()?.kind == Kind::Output { Ok(again) } else { Err(again.busy()) }
    }
}

/// Takes the lock for as long as the file is open.
fn keep_out(file: &impl AsFd) -> Result<(), Errno> {
    for _ in 0..LOOKS {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            // Who only looks has it for a moment.
            Err(Errno::WOULDBLOCK) => std::thread::sleep(LOOK),
            done => return done,
        }
    }
    Err(Errno::WOULDBLOCK)
}

/// Whether nobody keeps us out. Those who look do not keep each other out.
fn look(file: &impl AsFd) -> Result<(), Errno> {
    flock(file, FlockOperation::NonBlockingLockShared)
}

impl About {
    fn of(capability: &Capability) -> Self {
        let has = capability.capabilities & HAS_DEVICE_CAPS != 0;
        let can = if has { capability.device_caps } else { capability.capabilities };
        let driver = text(&capability.driver);
        let loopback = driver == LOOPBACK;
        let kind = match (can & CAN_OUTPUT != 0, can & CAN_CAPTURE != 0) {
            (true, _) => Kind::Output,
            (false, true) if loopback => Kind::WrittenTo,
            (false, false) if loopback => Kind::Dead,
            (false, _) => Kind::Capture,
        };
        Self { card: text(&capability.card), driver, kind }
    }
}

/// What stands before the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_device_is_seen_by_who_looks_and_looking_disturbs_nobody() {
        let path = std::env::temp_dir().join(format!("frame-vcam-lock-{}", std::process::id()));
        std::fs::write(&path, "").unwrap();
        let file = || std::fs::File::open(&path).unwrap();
        let (one, two, three, four) = (file(), file(), file(), file());
        std::fs::remove_file(&path).unwrap();
        assert_eq!((look(&one), look(&two)), (Ok(()), Ok(())));
        assert_eq!(keep_out(&three), Err(Errno::WOULDBLOCK), "who looks and stays is in the way");
        drop((one, two));
        assert_eq!(keep_out(&three), Ok(()));
        assert_eq!((look(&four), keep_out(&four)), (Err(Errno::WOULDBLOCK), Err(Errno::WOULDBLOCK)));
    }

    fn kind(driver: &str, device_caps: u32) -> Kind {
        let mut capability =
            Capability { capabilities: HAS_DEVICE_CAPS | 3, device_caps, ..Capability::default() };
        capability.driver[..driver.len()].copy_from_slice(driver.as_bytes());
        About::of(&capability).kind
    }

    #[test]
    fn a_loopback_device_is_told_from_a_camera_by_what_it_can_now() {
        // The capabilities that were seen in v4l2loopback 0.12.7 and 0.15.0.
        assert_eq!(kind(LOOPBACK, 0x0520_0003), Kind::Output);
        assert_eq!(kind(LOOPBACK, 0x0520_0002), Kind::Output);
        assert_eq!(kind(LOOPBACK, 0x0520_0001), Kind::WrittenTo);
        assert_eq!(kind(LOOPBACK, 0x0520_0000), Kind::Dead);
        assert_eq!(kind("uvcvideo", 0x0520_0001), Kind::Capture);
        assert_eq!(kind("uvcvideo", 0x0520_0000), Kind::Capture);
        assert_eq!(kind("vivid", 0x0520_0002), Kind::Output);
    }
}
