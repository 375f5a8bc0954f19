//! The step `vcam`: the camera's pictures in a virtual camera, where this machine has one.

use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan};
use frame_vcam::{
    DeviceError, DeviceOpener, Geometry, Opener, PixelFormat, Place, State, Transfer, VirtualCamera,
};
use pvcam::{OpenPolicy, Plan, Sdk};

use super::options::VCAM;

/// How long the next picture is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the step ended, in one line.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Pictures were shown.
    Passed(String),
    /// There is no device that could be used, and what to type to have one; or a step before failed.
    Skipped(String),
    /// What went wrong.
    Failed(String),
}

impl Outcome {
    pub(super) fn passed(&self) -> bool {
        !matches!(self, Outcome::Failed(_))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Passed(what) => write!(f, "{VCAM}: ok: {what}"),
            Outcome::Skipped(why) => write!(f, "{VCAM}: skipped: {why}"),
            Outcome::Failed(why) => write!(f, "{VCAM}: FAILED: {why}"),
        }
    }
}

/// Shows so many pictures of a camera in the first device that is free. The camera's settings are left as they are.
pub(super) fn run(sdk: &Sdk, camera: &str, pictures: u32) -> Outcome {
    if let Err(why) = probe() {
        return Outcome::Skipped(format!("{why}\n(docs/virtual-camera.md has more)"));
    }
    show(sdk, camera, pictures.into()).map_or_else(|why| Outcome::Failed(why.to_string()), Outcome::Passed)
}

/// Whether there is a device to be had, before a camera exposes for it.
fn probe() -> Result<(), DeviceError> {
    let Ok(geometry) = Geometry::new(640, 480, PixelFormat::Yuyv) else { return Ok(()) };
    DeviceOpener::new(Place::FirstFree, Transfer::Auto).open(geometry, 30).map(drop)
}

fn show(sdk: &Sdk, camera: &str, pictures: u64) -> Result<String, Box<dyn std::error::Error>> {
    let camera = sdk.open(camera, OpenPolicy::Keep)?.camera;
    let armed = camera.arm(Plan::continuous())?;
    let bus = Bus::new(BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve))?;
    let shown = VirtualCamera::builder().start()?;
    shown.follow(&bus)?;
    shown.publish();
    let session = armed.start_into(bus.sink())?;
    let mut last = (0, Instant::now());
    while last.0 < pictures && last.1.elapsed() < PATIENCE {
        if let State::Failed(why) = shown.state() {
            return Err(why.into());
        }
        let so_far = shown.books().shown;
        if so_far > last.0 {
            last = (so_far, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let state = shown.state();
    let (lost, books) = (session.stop()?.books, shown.close());
    if books.shown < pictures || !books.balance() || lost.lost() > 0 {
        return Err(format!("{state}; {books}; {lost}").into());
    }
    Ok(format!("{state}; {books}"))
}
