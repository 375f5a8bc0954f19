//! What the check is asked to do, and what the program that runs it can tell it.

use core::time::Duration;

use super::Step;

/// Frames per step when nobody says.
pub const FRAMES: u32 = 100;

/// What to check, on which camera.
///
/// ```
/// use pvcam::check::{Options, Step};
/// let mut options = Options::new("pvcamUSB_0");
/// options.steps = vec![Step::Open, Step::Continuous];
/// options.frames = 1000;
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Options<'a> {
    /// The camera's name, as `Sdk::cameras` lists it.
    pub camera: String,
    /// The steps to run; they run in the order of [`Step::ALL`], each at most once. `Open` always runs.
    pub steps: Vec<Step>,
    /// Frames that each of the streaming steps reads; at least 16. `Snap`, `Rearm` and `LeasesOut` have numbers of
    /// their own; `SlowReader` takes at least eight rings' worth, 256.
    pub frames: u32,
    /// Exposure time of each frame; `None` for one that is short enough for the camera's full rate.
    pub exposure: Option<Duration>,
    /// Probe whether the ring honours locks before the continuous steps. It exposes: light sources that the camera
    /// triggers will fire.
    pub probe: bool,
    /// What the continuous steps are to deliver. `None`: whatever the camera's ring allows.
    pub expect: Option<Expectation>,
    /// Most bytes of frame memory; `None` for the driver's default.
    pub budget: Option<u64>,
    /// Blocks of the reserve in the step `SlowReader`. `None`: as many as it needs to lose nothing.
    pub reserve: Option<u32>,
    /// Counts allocations. Without it that column stays empty.
    pub allocations: Option<&'a dyn AllocationCounter>,
    /// The simulator behind the library, if it is one.
    pub simulator: Option<&'a dyn Simulator>,
}

impl Options<'_> {
    /// All steps with the usual number of frames, at the camera's full rate, without a probe.
    #[must_use]
    pub fn new(camera: &str) -> Self {
        Self {
            camera: camera.to_owned(),
            steps: Step::ALL.to_vec(),
            frames: FRAMES,
            exposure: None,
            probe: false,
            expect: None,
            budget: None,
            reserve: None,
            allocations: None,
            simulator: None,
        }
    }
}

impl core::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Options")
            .field("camera", &self.camera)
            .field("steps", &self.steps)
            .field("frames", &self.frames)
            .field("exposure", &self.exposure)
            .field("probe", &self.probe)
            .field("expect", &self.expect)
            .field("budget", &self.budget)
            .field("reserve", &self.reserve)
            .field("counts_allocations", &self.allocations.is_some())
            .field("simulated", &self.simulator.is_some())
            .finish()
    }
}

/// How frames of a continuous run are demanded to reach their readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// Where the camera wrote them, without a copy: the ring honours locks.
    InPlace,
    /// By one validated copy: the ring overwrites, or is not known.
    Copied,
}

/// Counts allocations: usually the program's global allocator.
pub trait AllocationCounter: Sync {
    /// Allocations made so far on the way of a frame from the SDK's callback to its readers. An allocator that counts
    /// for the whole process will do: while the check measures it does nothing else. It must not allocate itself.
    fn allocations(&self) -> u64;
}

/// A simulated camera: one whose clock is this machine's, and which can be starved by other programs.
pub trait Simulator: Sync {
    /// Counters of the camera at this index of the SDK's list; `None` if the simulator does not tell.
    fn stats(&self, camera: i16) -> Option<SimulatorStats>;

    /// Lets the camera at this index expose one frame, if its clock waits to be told so; the frame has been announced
    /// when this returns. `None` if its clock runs by itself, as it does unless this is implemented.
    fn step(&self, camera: i16) -> Option<u32> {
        let _ = camera;
        None
    }

    /// Puts the camera at this index onto a clock that waits for [`Simulator::step`], or back onto this machine's, from the next
    /// start on; returns whether it was on the former. `None` if it has only one clock, as it does unless this is implemented.
    fn set_stepped(&self, camera: i16, stepped: bool) -> Option<bool> {
        let _ = (camera, stepped);
        None
    }
}

/// What a simulated camera tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SimulatorStats {
    /// How late the camera has been at most since the last start.
    pub max_lag: Duration,
    /// Frames that a starved camera left out, since it was opened.
    pub missed_schedule: u64,
    /// Parameters accessed while it was acquiring, since it was opened: each of them would stop a real camera.
    pub params_while_running: u64,
}
