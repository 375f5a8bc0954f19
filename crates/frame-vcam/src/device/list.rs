//! Which video devices there are, and which of them can show pictures.

use core::fmt;
use std::path::{Path, PathBuf};

use super::error::DeviceError;
use super::node::{About, Kind, Node};

/// Which device shows the pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Place {
    /// The first one, by number, that is an output and free.
    #[default]
    FirstFree,
    /// The device of this path: `/dev/video2`, or a link to it.
    Path(PathBuf),
    /// The device that calls itself so (`card_label` of the module). Of several the first that is free.
    Label(String),
}

/// A video device, as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VideoDevice {
    /// Its path.
    pub path: PathBuf,
    /// What it calls itself.
    pub label: String,
    /// Whether it can show pictures, and if not, why: a message that says what to type.
    pub usable: Result<(), DeviceError>,
}

impl fmt::Display for VideoDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\": ", self.path.display(), self.label)?;
        match &self.usable {
            Ok(()) => f.write_str("can show pictures"),
            Err(why) => why.fmt(f),
        }
    }
}

/// All video devices of this machine, by number, with what keeps each from showing pictures. Opens each for a moment; none is changed.
///
/// ```
/// for device in frame_vcam::video_devices() {
///     println!("{device}");
/// }
/// ```
#[must_use]
pub fn video_devices() -> Vec<VideoDevice> {
    found_in(Path::new("/sys/class/video4linux"), Path::new("/dev"))
}

/// The same with the folders named, so that a test can make its own.
fn found_in(listing: &Path, nodes: &Path) -> Vec<VideoDevice> {
    let Ok(entries) = std::fs::read_dir(listing) else { return Vec::new() };
    let mut numbers: Vec<u32> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("video")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let device = |number: u32| {
        let name = format!("video{number}");
        let label = std::fs::read_to_string(listing.join(&name).join("name")).unwrap_or_default();
        let path = nodes.join(name);
        let usable = usable(&path);
        VideoDevice { path, label: label.trim().to_owned(), usable }
    };
    numbers.into_iter().map(device).collect()
}

fn usable(path: &Path) -> Result<(), DeviceError> {
    let node = Node::open_any(path)?;
    let About { card, driver, kind } = node.about()?;
    let path = path.to_owned();
    match kind {
        // A dead one is repaired when it is opened to be used. One that a program of this crate has may look free (0.12).
        Kind::Output | Kind::Dead => node.is_unlocked(),
        Kind::WrittenTo => Err(DeviceError::Busy { by: super::holders::of(&path), path }),
        Kind::Capture => Err(DeviceError::NotAnOutput { path, card, driver }),
    }
}

/// Opens the device that is asked for, or the first of several for which `prepare` goes well. The `last` one that was opened comes
/// first, if it still is one that is asked for: programs that show it expect the next pictures there as well.
pub(super) fn first_that<T>(
    place: &Place,
    last: Option<&Path>,
    prepare: impl FnMut(&Path) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    choose(place, last, video_devices(), prepare)
}

fn choose<T>(
    place: &Place,
    last: Option<&Path>,
    devices: Vec<VideoDevice>,
    mut prepare: impl FnMut(&Path) -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    let (mut wanted, others): (Vec<_>, Vec<_>) = match place {
        Place::Path(path) => return prepare(path),
        Place::Label(label) => devices.into_iter().partition(|device| device.label == *label),
        Place::FirstFree => {
            let is_output = |device: &VideoDevice| {
                !matches!(
                    device.usable,
                    Err(DeviceError::NotAnOutput { .. } | DeviceError::NoSuchDevice { .. })
                )
            };
            devices.into_iter().partition(is_output)
        }
    };
    let is_last = |device: &VideoDevice| last == Some(device.path.as_path());
    wanted.sort_by_key(|device| !is_last(device));
    let mut refused = Vec::new();
    for device in &wanted {
        match device.usable.clone().and_then(|()| prepare(&device.path)) {
            Ok(done) => return Ok(done),
            // Its viewers wait for us; another device would not show them anything.
            Err(why @ DeviceError::FormatHeld { .. }) if is_last(device) => return Err(why),
            Err(why) => refused.push(why),
        }
    }
    Err(match (refused.len(), place) {
        (0, Place::Label(label)) => DeviceError::NoSuchLabel {
            label: label.clone(),
            there: others.into_iter().map(|device| device.label).collect(),
        },
        (0, _) => DeviceError::ModuleMissing {
            others: others.iter().map(|d| format!("{} \"{}\"", d.path.display(), d.label)).collect(),
        },
        (1, _) => refused.swap_remove(0),
        _ => DeviceError::NoneFree { tried: refused.iter().map(ToString::to_string).collect() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Geometry, PixelFormat};

    fn device(number: u32, label: &str, usable: Result<(), DeviceError>) -> VideoDevice {
        VideoDevice { path: format!("/dev/video{number}").into(), label: label.to_owned(), usable }
    }

    fn busy(number: u32) -> DeviceError {
        DeviceError::Busy { path: format!("/dev/video{number}").into(), by: vec!["obs (pid 7)".to_owned()] }
    }

    fn camera(number: u32) -> VideoDevice {
        let path = format!("/dev/video{number}").into();
        let (card, driver) = ("HD Webcam".to_owned(), "uvcvideo".to_owned());
        device(number, "HD Webcam", Err(DeviceError::NotAnOutput { path, card, driver }))
    }

    fn chosen(place: &Place, devices: Vec<VideoDevice>) -> Result<PathBuf, String> {
        choose(place, None, devices, |path| Ok(path.to_owned())).map_err(|why| why.to_string())
    }

    #[test]
    fn the_device_of_the_last_time_is_the_first_choice_for_as_long_as_it_is_what_is_asked_for() {
        let last = Some(Path::new("/dev/video2"));
        let again = |place: &Place, devices| choose(place, last, devices, |path| Ok(path.to_owned()));
        let free = || vec![device(1, "a", Ok(())), device(2, "a", Ok(()))];
        let a = Place::Label("a".to_owned());
        for place in [&Place::FirstFree, &a] {
            assert_eq!(again(place, free()), Ok("/dev/video2".into()));
            // Somebody else took it, it went away, or it is a camera now.
            let taken = vec![device(1, "a", Ok(())), device(2, "a", Err(busy(2)))];
            assert_eq!(again(place, taken), Ok("/dev/video1".into()));
            assert_eq!(again(place, vec![device(1, "a", Ok(()))]), Ok("/dev/video1".into()));
            assert_eq!(again(place, vec![device(1, "a", Ok(())), camera(2)]), Ok("/dev/video1".into()));
        }
        // The module was loaded anew, with other labels.
        let renamed = vec![device(1, "a", Ok(())), device(2, "b", Ok(()))];
        assert_eq!(again(&a, renamed), Ok("/dev/video1".into()));
        // Whoever shows it is told to let go; nothing is shown elsewhere.
        let held = choose(&a, last, free(), |path| {
            let (asked, got) = (Geometry::new(8, 8, PixelFormat::Grey).unwrap(), "16 x 16".to_owned());
            if Some(path) == last {
                Err(DeviceError::FormatHeld { path: path.into(), asked, got })
            } else {
                Ok(())
            }
        });
        assert!(matches!(held, Err(DeviceError::FormatHeld { .. })), "{held:?}");
    }

    #[test]
    fn the_first_that_is_free_is_chosen() {
        let devices = vec![camera(0), device(1, "a", Err(busy(1))), device(2, "b", Ok(()))];
        assert_eq!(chosen(&Place::FirstFree, devices.clone()), Ok("/dev/video2".into()));
        assert_eq!(chosen(&Place::Label("b".to_owned()), devices), Ok("/dev/video2".into()));
    }

    #[test]
    fn one_that_does_not_open_gives_way_to_the_next() {
        let devices = vec![device(1, "a", Ok(())), device(2, "b", Ok(()))];
        let second = choose(&Place::FirstFree, None, devices.clone(), |path| {
            if path.ends_with("video1") { Err(busy(1)) } else { Ok(path.to_owned()) }
        });
        assert_eq!(second, Ok("/dev/video2".into()));
        let none = choose(&Place::FirstFree, None, devices, |_| Err::<(), _>(busy(1))).unwrap_err();
        assert!(matches!(&none, DeviceError::NoneFree { tried } if tried.len() == 2), "{none}");
        assert!(none.to_string().contains("obs (pid 7)"), "{none}");
    }

    #[test]
    fn without_a_virtual_camera_the_module_is_named() {
        let why = chosen(&Place::FirstFree, vec![camera(0)]).unwrap_err();
        assert!(why.contains("sudo modprobe v4l2loopback"), "{why}");
        assert!(why.contains("/dev/video0 \"HD Webcam\""), "{why}");
        let why = chosen(&Place::FirstFree, Vec::new()).unwrap_err();
        assert!(why.starts_with("there is no virtual camera on this machine: make one"), "{why}");
    }

    #[test]
    fn a_label_that_is_not_there_lists_those_that_are() {
        let why = chosen(&Place::Label("Microscope".to_owned()), vec![camera(0), device(3, "OBS", Ok(()))]);
        let why = why.unwrap_err();
        assert!(why.contains("there is: HD Webcam, OBS"), "{why}");
        assert!(why.contains("card_label=\"Microscope\""), "{why}");
    }

    #[test]
    fn devices_are_listed_by_number_with_what_keeps_them() {
        let root = std::env::temp_dir().join(format!("frame-vcam-list-{}", std::process::id()));
        for (name, label) in [("video10", "ten\n"), ("video2", "two\n"), ("v4l-subdev0", "other\n")] {
            std::fs::create_dir_all(root.join(name)).unwrap();
            std::fs::write(root.join(name).join("name"), label).unwrap();
        }
        let nodes = root.join("dev");
        std::fs::create_dir_all(&nodes).unwrap();
        std::fs::write(nodes.join("video2"), "a file").unwrap();
        let found = found_in(&root, &nodes);
        std::fs::remove_dir_all(&root).unwrap();
        let labels: Vec<_> = found.iter().map(|device| device.label.as_str()).collect();
        assert_eq!(labels, ["two", "ten"]);
        assert!(matches!(found[0].usable, Err(DeviceError::NotVideo { .. })), "{}", found[0]);
        assert!(matches!(found[1].usable, Err(DeviceError::NoSuchDevice { .. })), "{}", found[1]);
        assert_eq!(found_in(Path::new("/no/such/folder"), &nodes), []);
    }
}
