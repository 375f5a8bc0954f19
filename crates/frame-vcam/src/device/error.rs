//! What can go wrong with a device, and what to type then.

use core::fmt;
use std::path::PathBuf;

use rustix::io::Errno;

use crate::format::Geometry;

/// The line that makes a virtual camera.
const MODPROBE: &str = "sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label=\"Microscope\"";

/// Why frames cannot be shown.
///
/// Each message names the device, says what was found, and what to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is no virtual camera on this machine.
    #[error(
        "there is no virtual camera on this machine{}: make one with\n    {MODPROBE}\nIf modprobe does not find the module: \
         sudo apt install v4l2loopback-dkms",
        listed("; the video devices here are no outputs: ", others)
    )]
    ModuleMissing {
        /// Video devices that there are, none of which takes pictures.
        others: Vec<String>,
    },
    /// There is no device of this path.
    #[error("there is no {}: `ls /dev/video*` lists what there is; `{MODPROBE}` makes one", path.display())]
    NoSuchDevice {
        /// The path asked for.
        path: PathBuf,
    },
    /// No device has this label.
    #[error(
        "no video device is called \"{label}\"{}: ask for one of them, or make it with\n    sudo modprobe v4l2loopback devices=1 \
         exclusive_caps=1 card_label=\"{label}\"",
        listed("; there is: ", there)
    )]
    NoSuchLabel {
        /// The label asked for.
        label: String,
        /// The labels that there are.
        there: Vec<String>,
    },
    /// This user may not open the device.
    #[error(
        "no permission to open {}: `sudo usermod -aG video $USER`, then log out and in again",
        path.display()
    )]
    NoPermission {
        /// The device.
        path: PathBuf,
    },
    /// The file is there, and is no video device.
    #[error("{} is no video device: `ls /dev/video*` lists those that are", path.display())]
    NotVideo {
        /// The file.
        path: PathBuf,
    },
    /// A video device that takes no pictures: a real camera, say.
    #[error(
        "{} (\"{card}\", driver {driver}) only gives pictures, it takes none: choose a virtual camera, or make one with\n    {MODPROBE}",
        path.display()
    )]
    NotAnOutput {
        /// The device.
        path: PathBuf,
        /// What it calls itself.
        card: String,
        /// Its driver.
        driver: String,
    },
    /// Another program uses the device in a way that keeps us out.
    #[error(
        "{} is in use{}: end that program (`fuser -v {}` lists who has it open), or choose another device",
        path.display(), listed(" by ", by), path.display()
    )]
    Busy {
        /// The device.
        path: PathBuf,
        /// Programs that have it open, as far as this user may see.
        by: Vec<String>,
    },
    /// Every virtual camera is in use, or cannot be opened.
    #[error(
        "no virtual camera is free: {}; add one with `sudo v4l2loopback-ctl add`, or load the module anew with devices=2",
        tried.join("; ")
    )]
    NoneFree {
        /// What was tried, and why it did not go.
        tried: Vec<String>,
    },
    /// The device answered another format or size than was asked for.
    #[error(
        "{} was asked for {asked} and stays at {got}: a program that shows it holds the old format. Close it (`fuser -v {}` lists who \
         has it open), or ask for that size and format",
        path.display(), path.display()
    )]
    FormatHeld {
        /// The device.
        path: PathBuf,
        /// What was asked for.
        asked: Geometry,
        /// What the device says it is.
        got: String,
    },
    /// The device does not know the pixel format.
    #[error("{} does not know {asked}: ask for YUYV, which every device and program knows", path.display())]
    FormatUnknown {
        /// The device.
        path: PathBuf,
        /// What was asked for.
        asked: Geometry,
    },
    /// The device's buffers are too small for what it agreed to.
    #[error(
        "{} agreed to {asked}, {} bytes a frame, but has buffers of {bytes} bytes: load the module anew (`sudo modprobe -r v4l2loopback`, \
         then `{MODPROBE}`)",
        path.display(), asked.frame_bytes()
    )]
    SmallBuffer {
        /// The device.
        path: PathBuf,
        /// What was asked for and agreed to.
        asked: Geometry,
        /// Bytes of its buffer.
        bytes: usize,
    },
    /// The device went away.
    #[error("{} is gone: the module was unloaded or the device removed; `{MODPROBE}` brings it back", path.display())]
    Gone {
        /// The device.
        path: PathBuf,
    },
    /// A call into the kernel failed for another reason.
    #[error("{}: {call} failed: {} ({why}); `sudo dmesg | tail` may say more", path.display(), why.kind())]
    Call {
        /// The device.
        path: PathBuf,
        /// The call.
        call: &'static str,
        /// What the system said.
        why: Errno,
    },
    /// The program that read a stream has ended, or there is none yet.
    #[error(
        "nobody reads {place}: start the program that is to show it, and this one anew if they are joined by a pipe"
    )]
    ReaderGone {
        /// The pipe.
        place: String,
    },
    /// No PipeWire server answers.
    #[cfg(feature = "pipewire")]
    #[error(
        "no PipeWire server answers at {server}: {why}. `systemctl --user start pipewire wireplumber` starts it (if it is not installed: \
         sudo apt install pipewire wireplumber). Run this as the desktop's user: the server is found by XDG_RUNTIME_DIR"
    )]
    NoServer {
        /// Where it should be.
        server: String,
        /// What the system said.
        why: String,
    },
    /// The PipeWire server ended, or dropped us.
    #[cfg(feature = "pipewire")]
    #[error(
        "the PipeWire server is gone ({why}): `systemctl --user restart pipewire wireplumber` brings it back"
    )]
    ServerGone {
        /// What the library said.
        why: String,
    },
    /// Something that is no device of the kernel (another [`crate::Output`]) failed.
    #[error("{place}: {why}")]
    Other {
        /// Where frames should have been shown.
        place: String,
        /// What it said.
        why: String,
    },
}

/// A list with words before it, or nothing where the list is empty.
fn listed(before: &str, items: &[String]) -> impl fmt::Display {
    if items.is_empty() { String::new() } else { format!("{before}{}", items.join(", ")) }
}

impl DeviceError {
    /// What opening `path` met.
    pub(super) fn of_open(path: &std::path::Path, why: Errno) -> Self {
        let path = path.to_owned();
        match why {
            Errno::NOENT | Errno::NOTDIR => Self::NoSuchDevice { path },
            Errno::ACCESS | Errno::PERM => Self::NoPermission { path },
            Errno::BUSY => Self::Busy { by: super::holders::of(&path), path },
            Errno::NXIO | Errno::NODEV => Self::Gone { path },
            // A folder, a file system that is mounted read-only: neither is a device that can be written.
            Errno::ISDIR | Errno::ROFS => Self::NotVideo { path },
            why => Self::Call { path, call: "open", why },
        }
    }

    /// What a call on an open device met.
    pub(super) fn of_call(path: &std::path::Path, call: &'static str, why: Errno) -> Self {
        let path = path.to_owned();
        match why {
            Errno::NODEV | Errno::NXIO => Self::Gone { path },
            Errno::BUSY => Self::Busy { by: super::holders::of(&path), path },
            why => Self::Call { path, call, why },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The rights of root do not fail, so this is the one message that a test cannot provoke by a file of its own; the guest's
    /// tests do it as another user.
    #[test]
    fn what_open_says_becomes_what_to_type() {
        let message = |why| DeviceError::of_open(Path::new("/dev/video7"), why).to_string();
        for (why, says) in [
            (Errno::ACCESS, "usermod -aG video"),
            (Errno::NOENT, "there is no /dev/video7"),
            (Errno::BUSY, "`fuser -v /dev/video7`"),
            (Errno::NODEV, "is gone"),
            (Errno::NOMEM, "open failed"),
        ] {
            assert!(message(why).contains(says), "{why}: {}", message(why));
        }
    }
}
