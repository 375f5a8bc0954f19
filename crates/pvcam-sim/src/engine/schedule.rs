//! When the next frame arrives: an absolute schedule, no schedule at all, or steps.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

use super::Core;
use super::run::{Job, Run};
use super::stats::add;
use crate::config::{CatchUp, Speed};

/// Moments of one frame, in nanoseconds since power-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) bof_ns: u64,
    pub(super) eof_ns: u64,
}

/// The pace of one acquisition.
pub(super) struct Schedule {
    pace: Pace,
    speed: Speed,
    readout_ns: u64,
    catch_up: CatchUp,
    /// When the last frame arrived, or would have.
    last_eof: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Pace {
    Real,
    Unpaced,
    Stepped,
}

impl Schedule {
    pub(super) fn new(core: &Core, job: &Job) -> Self {
        let pace = match core.config.speed {
            _ if core.clock.is_stepped() => Pace::Stepped,
            Speed::Max => Pace::Unpaced,
            Speed::Factor(_) => Pace::Real,
        };
        Self {
            pace,
            speed: core.config.speed,
            readout_ns: job.plan.timing.readout_ns,
            catch_up: core.config.catch_up,
            last_eof: None,
        }
    }

    /// Waits for the next frame to arrive; `None` when the acquisition ended meanwhile, or when a tear or a
    /// fruitless step is to be dealt with first.
    pub(super) fn wait(
        &mut self,
        core: &Core,
        run: &mut MutexGuard<'_, Run>,
        wake: &Condvar,
        job: &Job,
    ) -> Option<Moments> {
        while run.is_current(job) && !(run.tear_now && run.tear.is_some()) {
            if let Pace::Stepped = self.pace {
                if run.tokens == 0 {
                    wake.wait(run);
                    continue;
                }
                run.tokens -= 1;
                if !run.take_trigger(job) {
                    return None;
                }
                return Some(self.moments(core.clock.step(job.plan.timing_of(run.exposed).period_ns)));
            }
            if !run.exposing {
                if !run.take_trigger(job) {
                    wake.wait(run);
                    continue;
                }
                run.exposing = true;
                run.next_eof = Some(self.next_eof(job, run.exposed));
            }
            let eof = run.next_eof.unwrap_or_else(Instant::now);
            if let Pace::Real = self.pace
                && Instant::now() < eof
            {
                wake.wait_until(run, eof);
                continue;
            }
            let period = self.scaled(job.plan.timing_of(run.exposed).period_ns);
            let arrived = self.arrive(core, eof, period);
            return Some(self.moments(core.clock.at(arrived)));
        }
        None
    }

    /// When the frame that starts to expose now will have arrived.
    fn next_eof(&self, job: &Job, exposed: u32) -> Instant {
        let now = Instant::now();
        let timing = job.plan.timing_of(exposed);
        // Exposures and readout: from the start of a frame to its arrival.
        let latency = self.scaled(timing.lead_ns + timing.exposure_ns + timing.readout_ns);
        let period = self.scaled(timing.period_ns);
        match self.last_eof {
            None => now + latency,
            Some(last) if job.plan.trigger.per_frame() => (last + period).max(now + latency),
            Some(last) => last + period,
        }
    }

    fn scaled(&self, nanoseconds: u64) -> Duration {
        match self.speed {
            Speed::Factor(factor) => Duration::from_nanos(nanoseconds).div_f64(factor),
            Speed::Max => Duration::ZERO,
        }
    }

    /// Settles at what time the frame due at `eof` counts as arrived, and how late the writer is.
    fn arrive(&mut self, core: &Core, mut eof: Instant, period: Duration) -> Instant {
        let now = Instant::now();
        if let Pace::Unpaced = self.pace {
            return now;
        }
        let lag = now.saturating_duration_since(eof);
        core.stats
            .max_lag_us
            .fetch_max(u64::try_from(lag.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if self.catch_up == CatchUp::Skip && !period.is_zero() {
            let missed = u32::try_from(lag.as_nanos() / period.as_nanos()).unwrap_or(u32::MAX);
            add(&core.stats.missed_schedule, missed.into());
            eof += period * missed;
        }
        self.last_eof = Some(eof);
        eof
    }

    fn moments(&self, eof_ns: u64) -> Moments {
        Moments { bof_ns: eof_ns.saturating_sub(self.readout_ns), eof_ns }
    }
}

impl Run {
    /// Uses up what the trigger mode asks for before an exposure; false when it is not there yet.
    fn take_trigger(&mut self, job: &Job) -> bool {
        let trigger = job.plan.trigger;
        if trigger == super::Trigger::Internal || (self.triggered && !trigger.per_frame()) {
            return true;
        }
        if self.triggers == 0 {
            return false;
        }
        self.triggers -= 1;
        self.triggered = true;
        true
    }
}
