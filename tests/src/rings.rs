//! The ways in which a continuous run reaches its readers, so that a test can be run in each of them.

use std::time::{Duration, Instant};

use pvcam::{Camera, Frames, Lease, Plan, RingTrust, Session, StreamMode};

use crate::rig::{Rig, SOON, small, trust};

/// A continuous run's ring: which story the camera tells when it is full, and what is known of that.
#[derive(Debug, Clone)]
pub struct Ring {
    /// `no_overwrite` of the simulated camera.
    pub story: &'static str,
    /// What a probe has found. `None`: nobody has probed.
    pub trust: Option<RingTrust>,
}

impl Ring {
    /// Slots of the rings that [`Self::start`] makes.
    pub const SLOTS: u32 = 8;

    /// Both rings that honour locks, probed, and one of which nothing is known.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let locked = |story| Self { story, trust: Some(trust(story)) };
        vec![locked("lossy"), locked("halt"), Self::copied()]
    }

    /// A ring of which nothing is known.
    #[must_use]
    pub const fn copied() -> Self {
        Self { story: "flag_error", trust: None }
    }

    /// How its frames are delivered.
    #[must_use]
    pub const fn mode(&self) -> StreamMode {
        if self.trust.is_some() { StreamMode::Locked } else { StreamMode::Copied }
    }

    /// A stepped camera with this ring; `lines` are added to its configuration.
    #[must_use]
    pub fn rig(&self, lines: &str) -> Rig {
        Rig::stepped(&format!("no_overwrite = \"{}\"\n{lines}", self.story))
    }

    /// A small, quick, continuous acquisition.
    #[must_use]
    pub fn plan(&self, camera: &Camera) -> Plan {
        let plan =
            Plan::continuous().region(small(camera)).exposure(Duration::from_millis(1)).ring(Self::SLOTS);
        match &self.trust {
            Some(trust) => plan.trust(trust),
            // Room for as many copies to be held as a locked ring has slots.
            None => plan.reserve(Self::SLOTS),
        }
    }

    /// Starts that acquisition.
    pub fn start(&self, camera: Camera) -> (Session, Taker) {
        let plan = self.plan(&camera);
        let armed = camera.arm(plan).expect("the plan is good");
        assert_eq!(armed.settings().delivery, self.mode());
        let (session, frames) = armed.start().expect("it starts");
        (session, Taker::new(frames))
    }
}

/// A reader on the stepped clock, who knows when there is no more to wait for.
#[derive(Debug)]
pub struct Taker {
    /// The frames.
    pub frames: Frames,
    taken: u64,
}

impl Taker {
    /// Takes frames from the beginning of a run.
    #[must_use]
    pub const fn new(frames: Frames) -> Self {
        Self { frames, taken: 0 }
    }

    /// Everything that has been delivered since the last call, after the copier, where there is one, has done its work.
    #[must_use]
    pub fn settled(&mut self, session: &Session) -> Vec<Lease> {
        let (mut leases, begun) = (Vec::new(), Instant::now());
        loop {
            // A copy counts as delivered a moment before it can be taken.
            let books = session.books();
            leases.extend(std::iter::from_fn(|| self.frames.try_next()));
            if books.in_flight == 0 && self.taken + leases.len() as u64 >= books.delivered {
                self.taken += leases.len() as u64;
                return leases;
            }
            assert!(begun.elapsed() < SOON, "the copier does not come to an end: {books}");
            std::thread::yield_now();
        }
    }
}
