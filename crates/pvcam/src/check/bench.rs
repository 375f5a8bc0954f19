//! What the steps work on: the camera, and how to get it armed and back.

use core::time::Duration;

use super::{Expectation, Options, SimulatorStats};
use crate::camera::Camera;
use crate::plan::Plan;
use crate::probe::RingTrust;
use crate::{Armed, Refused};

/// Shortest exposure that is of use; short enough for the full rate of every camera known.
const FULL_RATE: Duration = Duration::from_millis(1);

/// How long to wait after memory was allocated, before a simulated camera is started.
const REST: Duration = Duration::from_millis(100);

/// The camera on the bench.
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options<'a>,
    /// Index in the SDK's list, by which the simulator knows it.
    index: i16,
    /// `None` once it was given up because it did not stop.
    camera: Option<Camera>,
    /// What the probe found.
    pub(super) trust: Option<RingTrust>,
    /// Exposure time of every plan.
    exposure: Duration,
}

impl<'a> Bench<'a> {
    pub(super) fn new(options: &'a Options<'a>, index: i16, camera: Camera) -> Self {
        let range = camera.exposure_range();
        // An exposure that was asked for is the camera's to refuse.
        let exposure =
            options.exposure.unwrap_or(FULL_RATE.clamp(range.shortest, range.longest.max(range.shortest)));
        Self { options, index, camera: Some(camera), trust: None, exposure }
    }

    /// The idle camera; `None` once it was given up.
    pub(super) fn camera(&mut self) -> Option<&mut Camera> {
        self.camera.as_mut()
    }

    /// A continuous plan for as fast as the camera goes, in place if a probe allows it.
    pub(super) fn continuous(&self) -> Plan {
        let plan = self.with_budget(Plan::continuous());
        self.trust.iter().fold(plan, |plan, trust| plan.trust(trust))
    }

    /// A sequence of so many frames.
    pub(super) fn sequence(&self, frames: u16) -> Plan {
        self.with_budget(Plan::sequence(frames))
    }

    fn with_budget(&self, plan: Plan) -> Plan {
        let plan = plan.exposure(self.exposure);
        self.options.budget.into_iter().fold(plan, Plan::budget)
    }

    /// Arms the camera. When that is refused, or is not what was expected, it stays idle, and the reason is the answer.
    pub(super) fn arm(&mut self, plan: Plan) -> Result<Armed, String> {
        let camera = self.camera.take().ok_or("the camera was given up")?;
        let armed = camera.arm(plan).map_err(|Refused { given_back, why }| {
            self.camera = Some(given_back);
            format!("arming: {why}")
        })?;
        match self.unexpected(&armed) {
            None => {
                self.rest();
                Ok(armed)
            }
            Some(why) => {
                self.put_back(armed);
                Err(why.to_owned())
            }
        }
    }

    /// On a busy machine the scheduler makes a program that has just used a lot of CPU time (to allocate a ring) wait for the
    /// others, and with it the simulator's threads. A camera does not mind.
    pub(super) fn rest(&self) {
        if self.options.simulator.is_some() {
            std::thread::sleep(REST);
        }
    }

    /// What is not as expected: only continuous runs can be delivered in two ways.
    fn unexpected(&self, armed: &Armed) -> Option<&'static str> {
        let expected = self.options.expect.filter(|_| armed.settings().frames.is_none())?;
        match (expected, armed.settings().is_in_place()) {
            (Expectation::InPlace, false) => Some(
                "frames are copied, but in place was expected (no probe has shown that the ring honours locks)",
            ),
            (Expectation::Copied, true) => Some("frames are lent in place, but copies were expected"),
            _ => None,
        }
    }

    /// Takes the camera back.
    pub(super) fn put_back(&mut self, armed: Armed) {
        self.camera = Some(armed.disarm());
    }

    /// Lets a simulated camera expose a frame, if it waits to be told so.
    pub(super) fn step(&self) -> Option<u32> {
        self.options.simulator.and_then(|simulator| simulator.step(self.index))
    }

    /// Puts a simulated camera onto the stepped clock or back; returns where it was. `None` if it has no other clock.
    pub(super) fn set_stepped(&self, stepped: bool) -> Option<bool> {
        self.options.simulator.and_then(|simulator| simulator.set_stepped(self.index, stepped))
    }

    /// What the simulator tells now; `None` for a real camera.
    pub(super) fn simulator(&self) -> Option<SimulatorStats> {
        self.options.simulator.and_then(|simulator| simulator.stats(self.index))
    }
}
