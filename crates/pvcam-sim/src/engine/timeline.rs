//! When exposures begin and frames arrive, on the camera's own time: nanoseconds since the start of the acquisition.
//!
//! A clock that is at the end of its 64 bits stays there: levels and sums of long exposures can be longer than it goes.
//!
//! No clock is looked at here; `schedule.rs` brings this together with the machine's clock, or with steps.

use super::run::{Job, Run};
use super::stats::{Stats, count};
use super::{Plan, Trigger};
use crate::model::Timing;

/// An exposure that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exposure {
    pub(super) timing: Timing,
    /// When its frame has arrived.
    pub(super) eof_ns: u64,
}

/// What the camera does next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    Expose(Exposure),
    /// Nothing before this time, when the script has a pulse.
    NotBefore(u64),
    /// Nothing before somebody sends a trigger.
    Nothing,
}

/// How far the next exposure may be looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// When a trigger counts that was sent.
    pub(super) now_ns: u64,
    /// Up to where the script may be played.
    pub(super) horizon_ns: u64,
}

/// The times of one acquisition.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// From when on the next exposure can begin.
    free_ns: u64,
    /// When the newest frame has arrived, or 0.
    eof_ns: u64,
    /// An exposure has begun.
    begun: bool,
}

impl Timeline {
    /// Begins the next exposure if its time has come.
    pub(super) fn next(&mut self, run: &mut Run, job: &Job, reach: Reach, stats: &Stats) -> Next {
        let plan = &job.plan;
        let own = job.timing_of(run.exposed);
        if plan.trigger == Trigger::Internal || (run.triggered && !plan.trigger.per_frame()) {
            let eof_ns = if self.begun {
                self.eof_ns.saturating_add(own.period_ns)
            } else {
                reach.now_ns.saturating_add(own.latency_ns())
            };
            return Next::Expose(self.begin(run, own, eof_ns, eof_ns));
        }
        let soonest = reach.now_ns.max(self.free_ns);
        if let Some(high_ns) = run.pulses.take_sent() {
            let timing = own.by_level(plan, high_ns);
            // A level that was sent begins when the camera can follow it to its end.
            let start = if plan.trigger == Trigger::LevelOverlap {
                soonest.max(self.eof_ns.saturating_add(1).saturating_sub(timing.exposure_ns))
            } else {
                soonest
            };
            return Next::Expose(self.triggered(run, plan, timing, start));
        }
        while let Some(pulse) = run.pulses.peek().filter(|_| plan.trigger.takes_edges()) {
            if pulse.rise_ns > reach.horizon_ns {
                return Next::NotBefore(pulse.rise_ns);
            }
            run.pulses.advance();
            let timing = own.by_level(plan, pulse.high_ns);
            let ends_too_soon = plan.trigger == Trigger::LevelOverlap
                && self.begun
                && pulse.rise_ns.saturating_add(timing.exposure_ns) <= self.eof_ns;
            if pulse.rise_ns < self.free_ns || ends_too_soon {
                count(&stats.triggers_ignored);
            } else {
                return Next::Expose(self.triggered(run, plan, timing, pulse.rise_ns));
            }
        }
        Next::Nothing
    }

    /// Begins an exposure at `start` that a trigger has asked for.
    fn triggered(&mut self, run: &mut Run, plan: &Plan, timing: Timing, start: u64) -> Exposure {
        let free_ns = match plan.trigger {
            // The next level may begin while this frame is read out.
            Trigger::LevelOverlap => start.saturating_add(timing.exposure_ns),
            _ => start.saturating_add(timing.period_ns),
        };
        self.begin(run, timing, start.saturating_add(timing.latency_ns()), free_ns)
    }

    fn begin(&mut self, run: &mut Run, timing: Timing, eof_ns: u64, free_ns: u64) -> Exposure {
        run.triggered = true;
        self.begun = true;
        self.eof_ns = eof_ns;
        self.free_ns = free_ns;
        Exposure { timing, eof_ns }
    }

    /// Leaves out `nanoseconds` in which nothing was exposed.
    pub(super) fn leave_out(&mut self, nanoseconds: u64) {
        self.eof_ns = self.eof_ns.saturating_add(nanoseconds);
        self.free_ns = self.free_ns.saturating_add(nanoseconds);
    }
}

impl Timing {
    /// These times, with the exposure that a level of `high_ns` makes where levels make exposures.
    fn by_level(self, plan: &Plan, high_ns: u64) -> Self {
        if plan.trigger.exposes_by_level() { self.exposing(high_ns) } else { self }
    }
}
