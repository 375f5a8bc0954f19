//! When the next frame arrives: the camera's time, played by the machine's clock, by nothing at all, or by steps.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

use super::Core;
use super::run::{Job, Run, Underway};
use super::stats::add;
use super::timeline::{Exposure, Next, Reach, Timeline};
use crate::config::{CatchUp, Speed};

/// What is known of a frame that has arrived; times in nanoseconds since power-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) bof_ns: u64,
    pub(super) eof_ns: u64,
    pub(super) exposure_ns: u64,
}

/// The pace of one acquisition.
pub(super) struct Schedule {
    pace: Pace,
    speed: Speed,
    catch_up: CatchUp,
    /// The start of the acquisition on the machine's clock.
    origin: Instant,
    /// The same on the stepped clock.
    origin_ns: u64,
    timeline: Timeline,
}

#[derive(Clone, Copy)]
enum Pace {
    Real,
    Unpaced,
    Stepped,
}

impl Schedule {
    pub(super) fn new(core: &Core, run: &Run) -> Self {
        let pace = match core.config.speed {
            _ if core.clock.is_stepped() => Pace::Stepped,
            Speed::Max => Pace::Unpaced,
            Speed::Factor(_) => Pace::Real,
        };
        Self {
            pace,
            speed: core.config.speed,
            catch_up: core.config.catch_up,
            origin: run.began,
            origin_ns: core.clock.stepped_ns(),
            timeline: Timeline::default(),
        }
    }

    /// Waits for the next frame to arrive; `None` when the acquisition ended or its plan changed meanwhile, or when a tear or a
    /// fruitless step is to be dealt with first.
    pub(super) fn wait(
        &mut self,
        core: &Core,
        run: &mut MutexGuard<'_, Run>,
        wake: &Condvar,
        job: &Job,
    ) -> Option<Moments> {
        while run.is_current(job) && !run.has_newer(job) && !(run.tear_now && run.tear.is_some()) {
            if let Pace::Stepped = self.pace {
                if run.tokens == 0 {
                    wake.wait(run);
                    continue;
                }
                run.tokens -= 1;
                return self.step(core, run, job);
            }
            let Some(Underway { exposure, eof, readout }) = run.exposing else {
                self.begin(core, run, wake, job);
                continue;
            };
            if let Pace::Real = self.pace
                && Instant::now() < eof
            {
                wake.wait_until(run, eof);
                continue;
            }
            let arrived = core.clock.at(self.arrive(core, job, exposure, eof));
            let bof_ns = arrived.saturating_sub(u64::try_from(readout.as_nanos()).unwrap_or(u64::MAX));
            return Some(Moments { bof_ns, eof_ns: arrived, exposure_ns: exposure.timing.exposure_ns });
        }
        None
    }

    /// Begins the next exposure, or waits for what may bring one on.
    fn begin(&mut self, core: &Core, run: &mut MutexGuard<'_, Run>, wake: &Condvar, job: &Job) {
        let reach = match self.pace {
            Pace::Real => {
                let now_ns = self.camera_ns(self.origin.elapsed());
                Reach { now_ns, horizon_ns: now_ns }
            }
            _ => Reach { now_ns: 0, horizon_ns: u64::MAX },
        };
        match self.timeline.next(run, job, reach, &core.stats) {
            Next::Expose(exposure) => {
                let eof = self.origin + self.scaled(exposure.eof_ns);
                let readout = self.scaled(exposure.timing.readout_ns);
                run.exposing = Some(Underway { exposure, eof, readout });
            }
            Next::NotBefore(rise_ns) => {
                wake.wait_until(run, self.origin + self.scaled(rise_ns));
            }
            Next::Nothing => wake.wait(run),
        }
    }

    /// One frame on the stepped clock, which goes on to the moment of its arrival; `None` without a trigger.
    fn step(&mut self, core: &Core, run: &mut Run, job: &Job) -> Option<Moments> {
        let now_ns = core.clock.stepped_ns() - self.origin_ns;
        let reach = Reach { now_ns, horizon_ns: u64::MAX };
        let Next::Expose(exposure) = self.timeline.next(run, job, reach, &core.stats) else {
            return None;
        };
        let eof_ns = self.origin_ns.saturating_add(exposure.eof_ns);
        core.clock.go_on_to(eof_ns);
        let Exposure { timing, .. } = exposure;
        let bof_ns = eof_ns.saturating_sub(timing.readout_ns);
        Some(Moments { bof_ns, eof_ns, exposure_ns: timing.exposure_ns })
    }

    fn scaled(&self, nanoseconds: u64) -> Duration {
        match self.speed {
            Speed::Factor(factor) => Duration::from_nanos(nanoseconds).div_f64(factor),
            Speed::Max => Duration::ZERO,
        }
    }

    /// The camera's time for a time of the machine.
    fn camera_ns(&self, elapsed: Duration) -> u64 {
        let Speed::Factor(factor) = self.speed else { return 0 };
        u64::try_from(elapsed.mul_f64(factor).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Settles at what time the frame due at `eof` counts as arrived, and how late the writer is.
    fn arrive(&mut self, core: &Core, job: &Job, exposure: Exposure, eof: Instant) -> Instant {
        let now = Instant::now();
        if let Pace::Unpaced = self.pace {
            return now;
        }
        let lag = now.saturating_duration_since(eof);
        core.stats
            .max_lag_us
            .fetch_max(u64::try_from(lag.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let period = self.scaled(exposure.timing.period_ns);
        // A frame that was asked for by a trigger is never left out.
        if self.catch_up == CatchUp::Burst || job.plan.trigger.per_frame() || period.is_zero() {
            return eof;
        }
        let missed = u32::try_from(lag.as_nanos() / period.as_nanos()).unwrap_or(u32::MAX);
        add(&core.stats.missed_schedule, missed.into());
        self.timeline.leave_out(exposure.timing.period_ns.saturating_mul(u64::from(missed)));
        eof + period * missed
    }
}
