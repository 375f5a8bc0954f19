//! The steps by name.

use core::fmt;
use core::str::FromStr;

/// A step of the check. Each is one way in which programs use a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// Open into a known state and read it back.
    Open,
    /// One frame, as a sequence of one; twice.
    Snap,
    /// A sequence of frames that ends by itself.
    Sequence,
    /// A continuous run as fast as the camera goes.
    Continuous,
    /// A continuous run with sixteen readers, of which one holds each tenth frame while three rings of others come in.
    SlowReader,
    /// The control of `SlowReader`, on simulated cameras: the same without room for what is held, which must lose frames.
    NoRescue,
    /// A continuous run whose frames are read by several threads, each with leases of its own.
    Readers,
    /// Start, read, stop and arm again, twenty times.
    Rearm,
    /// Stop while frames are leased, use the leases, and arm again.
    LeasesOut,
}

impl Step {
    /// All steps, in the order in which they run.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Snap,
        Self::Sequence,
        Self::Continuous,
        Self::SlowReader,
        Self::NoRescue,
        Self::Readers,
        Self::Rearm,
        Self::LeasesOut,
    ];

    /// The name by which a person asks for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snap => "snap",
            Self::Sequence => "sequence",
            Self::Continuous => "continuous",
            Self::SlowReader => "slow-reader",
            Self::NoRescue => "no-rescue",
            Self::Readers => "readers",
            Self::Rearm => "rearm",
            Self::LeasesOut => "leases-out",
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Open => "open into a known state and read it back",
            Self::Snap => "one frame, twice",
            Self::Sequence => "a sequence that ends by itself",
            Self::Continuous => "continuous, as fast as the camera goes",
            Self::SlowReader => "of 16 readers one holds each tenth frame for three rings",
            Self::NoRescue => "control: the same without room for them must lose frames",
            Self::Readers => "several threads that clone and drop leases",
            Self::Rearm => "stop and arm again, 20 times",
            Self::LeasesOut => "stop while frames are leased, then arm again",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// There is no step of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no step {asked:?}; there are: {}", Step::ALL.map(Step::name).join(", "))]
pub struct UnknownStep {
    /// The name asked for.
    pub asked: String,
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(name: &str) -> Result<Self, UnknownStep> {
        let found = Self::ALL.into_iter().find(|step| step.name() == name);
        found.ok_or_else(|| UnknownStep { asked: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_name() {
        for step in Step::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        let why = "continous".parse::<Step>().unwrap_err().to_string();
        assert!(why.contains("\"continous\"") && why.contains("continuous, slow-reader, no-rescue"), "{why}");
    }
}
