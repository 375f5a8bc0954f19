//! The step `vcam`: the camera's pictures in a virtual camera, where this machine has one.

use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan};
use frame_vcam::{State, VirtualCamera, video_devices};
use pvcam::{OpenPolicy, Plan, Sdk};

use super::options::VCAM;

/// How long pictures are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the step ended, in one line.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Pictures were shown.
    Passed(String),
    /// There is no device, and what to type to have one.
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
    if video_devices().iter().all(|device| device.usable.is_err()) {
        let why = "no virtual camera that is free; docs/virtual-camera.md says how to make one";
        return Outcome::Skipped(why.to_owned());
    }
    show(sdk, camera, pictures.into()).map_or_else(|why| Outcome::Failed(why.to_string()), Outcome::Passed)
}

fn show(sdk: &Sdk, camera: &str, pictures: u64) -> Result<String, Box<dyn std::error::Error>> {
    let camera = sdk.open(camera, OpenPolicy::Keep)?.camera;
    let armed = camera.arm(Plan::continuous())?;
    let bus = Bus::new(BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve))?;
    let shown = VirtualCamera::builder().start()?;
    shown.follow(&bus)?;
    shown.publish();
    let session = armed.start_into(bus.sink())?;
    let begun = Instant::now();
    while shown.books().shown < pictures && begun.elapsed() < PATIENCE {
        if let State::Failed(why) = shown.state() {
            return Err(why.into());
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
