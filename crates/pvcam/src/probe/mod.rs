//! Measuring whether a camera's ring honours locks.

mod run;
mod trust;

pub(crate) use run::ProbeRun;
pub(crate) use trust::RingKey;
pub use trust::{FullRing, RingTrust};
