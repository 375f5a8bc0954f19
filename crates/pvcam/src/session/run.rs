//! One run, as the callback sees it.

use pvcam_sys::FRAME_INFO;

use super::context::Context;
use super::delivery::Delivering;
use crate::probe::ProbeRun;

/// What the callbacks of a run do.
pub(crate) enum Run {
    /// Deliver frames.
    Deliver(Box<Delivering>),
    /// Only note what happens to the ring.
    Probe(ProbeRun),
}

const _: () = {
    const fn shared_between_threads<T: Send + Sync>() {}
    // The context hands it to the SDK's thread by a raw pointer, which the compiler does not check.
    shared_between_threads::<Run>();
};

impl Run {
    /// One announced frame. Called by one thread at a time; neither locks, allocates, logs nor panics.
    pub(super) fn end_of_frame(&self, info: FRAME_INFO, arrived_ns: u64, context: &Context) {
        match self {
            Self::Deliver(run) => run.end_of_frame(&info, arrived_ns, context),
            Self::Probe(run) => run.end_of_frame(&info),
        }
    }
}
