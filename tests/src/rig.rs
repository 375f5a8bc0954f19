//! An initialised SDK on the simulator, with its clock in hand.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pvcam::{Camera, Frames, Lease, OpenPolicy, Opened, Region, RingTrust, Sdk};
use pvcam_sim::{Control, Stats};

use crate::sim_library::{control, shared_library};

/// Patience with what has happened already, or happens at once on a machine that is not overloaded.
pub const SOON: Duration = Duration::from_secs(20);

/// The SDK is one per process, and so is the simulator's configuration.
static TURN: Mutex<()> = Mutex::new(());

/// The SDK on simulated cameras. Dropping it (and all cameras) lets the next test configure others.
pub struct Rig {
    /// The SDK, loaded from the shared library.
    pub sdk: Sdk,
    /// Clock, faults and counters of the cameras.
    pub control: Control,
    /// Given up last.
    _turn: MutexGuard<'static, ()>,
}

impl Rig {
    /// Cameras as a whole configuration describes them.
    #[must_use]
    pub fn configured(toml: &str) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let control = control();
        control.configure(toml).expect("a good configuration");
        Self::start(control, turn)
    }

    /// One Prime BSI on USB with a stepped clock; `lines` are added to its configuration.
    #[must_use]
    pub fn stepped(lines: &str) -> Self {
        Self::configured(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n{lines}\n"))
    }

    /// Cameras as the file describes that `PVCAM_SIM_CONFIG` names, as for any program of a user.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::start(control(), TURN.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn start(control: Control, turn: MutexGuard<'static, ()>) -> Self {
        let sdk = Sdk::load_from(shared_library()).expect("the simulator's library starts");
        Self { sdk, control, _turn: turn }
    }

    /// Opens a camera by name, raw.
    #[must_use]
    pub fn open(&self, name: &str) -> Camera {
        let Opened { camera, .. } = self.sdk.open(name, OpenPolicy::Raw).expect("the camera opens");
        camera
    }

    /// Exposes `frames` frames of camera `index` on the stepped clock; all callbacks have returned when it returns.
    pub fn step(&self, index: i16, frames: u32) {
        let stepped = self.control.step(index, frames, SOON);
        assert_eq!(stepped, Some(frames), "the stepped clock goes on");
    }

    /// As [`Self::step`], but the acquisition may end meanwhile or be over; says how many frames were exposed.
    #[must_use]
    pub fn step_at_most(&self, index: i16, frames: u32) -> u32 {
        self.control.step(index, frames, SOON).unwrap_or(0)
    }

    /// Counters of camera `index`.
    #[must_use]
    pub fn stats(&self, index: i16) -> Stats {
        self.control.stats(index).expect("there is such a camera")
    }
}

/// What a probe says of the ring of a Prime BSI whose full ring behaves like `story`. It probes one that runs on the real
/// clock, because a probe waits for frames; the trust holds for every later camera of the same identity.
#[must_use]
pub fn trust(story: &str) -> RingTrust {
    let rig =
        Rig::configured(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nno_overwrite = \"{story}\"\n"));
    let mut camera = rig.open("pvcamUSB_0");
    camera.probe_ring().expect("the probe finds an answer").trust
}

/// A small picture, so that tests are quick.
#[must_use]
pub fn small(camera: &Camera) -> Region {
    Region::centred(camera.sensor(), 64, 48)
}

/// The next frame, which must come.
pub fn next(frames: &Frames) -> Lease {
    frames.next_within(SOON).expect("a frame comes").expect("the stream goes on")
}

/// All frames up to the end of a run that is over.
#[must_use]
pub fn rest(frames: &Frames) -> Vec<Lease> {
    std::iter::from_fn(|| frames.next_within(SOON).expect("the run is over")).collect()
}
