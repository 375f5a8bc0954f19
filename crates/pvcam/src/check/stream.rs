//! One run, from start to stop, with everything measured.

use core::time::Duration;

use frame_pool::Lease;

use super::SimulatorStats;
use super::bench::Bench;
use super::judge::{Facts, judge, lost_elsewhere};
use super::meter::{Meter, Read};
use super::report::Spread;
use super::tally::{RunFigures, Tally};
use crate::{Armed, Frames, Refused, Session, Settings};

/// How long to wait for a frame beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A lag of the simulator by more than this part of a ring's time proves nothing.
const LAG_PART: u32 = 4;

/// What a step does with the frames of a run.
pub(super) struct Reading<'a> {
    /// Frames to read.
    pub(super) frames: u64,
    /// Those at the start for which allocations, CPU time and latency are not counted.
    pub(super) warm_up: u64,
    /// Gets each frame. It must not allocate.
    pub(super) take: &'a mut dyn FnMut(Lease),
}

/// Starts what is armed, reads, stops, and enters everything in the tally. The camera stays armed; `None` if it did not
/// start or did not stop (then it is idle again, or given up).
pub(super) fn stream(
    bench: &mut Bench<'_>,
    armed: Armed,
    reading: Reading<'_>,
    tally: &mut Tally,
) -> Option<Armed> {
    let (armed, facts) = run(bench, armed, tally, |bench, session, frames, tally| {
        read(bench, session, frames, reading, tally)
    })?;
    tally.wrong.extend(judge(&facts));
    Some(armed)
}

/// As [`stream`], with a way of reading of the caller's own, who judges what came of it.
pub(super) fn run(
    bench: &mut Bench<'_>,
    armed: Armed,
    tally: &mut Tally,
    read: impl FnOnce(&Bench<'_>, &Session, &Frames, &mut Tally) -> Read,
) -> Option<(Armed, Facts)> {
    let before = bench.simulator();
    let (session, frames) = match armed.start() {
        Ok(started) => started,
        Err(Refused { given_back, why }) => {
            tally.wrong.push(format!("starting: {why}"));
            bench.put_back(given_back);
            return None;
        }
    };
    let settings = *session.settings();
    let read = read(bench, &session, &frames, tally);
    let ended_as = session.delivery();
    let stopped = match session.stop() {
        Ok(stopped) => stopped,
        Err(why) => {
            tally.wrong.push(format!("stopping: {why}"));
            return None;
        }
    };
    // What was delivered and not read goes back before anything else is armed.
    drop(frames);
    let books = stopped.books;
    let times = stopped.callback_times;
    lost_elsewhere(&books).into_iter().for_each(|loss| tally.remark(loss));
    note_simulator(before, bench.simulator(), &settings, tally);
    tally.add(&RunFigures {
        books,
        frame_bytes: settings.frame_bytes,
        frame_time: settings.frame_time,
        span: read.span,
        intervals: read.frames.saturating_sub(1),
        measured: read.measured,
        allocations: read.allocations,
        cpu: read.cpu,
        callback: (times.count > 0).then_some(Spread { p50: times.p50, p99: times.p99 }),
    });
    let facts = Facts {
        books,
        frame_bytes: settings.frame_bytes,
        armed_for: settings.delivery,
        ended_as,
        wanted: read.wanted,
        read: read.frames,
        measured: read.measured,
        allocations: read.allocations,
    };
    Some((stopped.armed, facts))
}

/// How long to wait for a frame before something is wrong.
pub(super) fn patience(settings: &Settings) -> Duration {
    settings.frame_time.saturating_add(settings.exposure).saturating_mul(4).max(PATIENCE)
}

fn read(
    bench: &Bench<'_>,
    session: &Session,
    frames: &Frames,
    reading: Reading<'_>,
    tally: &mut Tally,
) -> Read {
    let Reading { frames: wanted, warm_up, take } = reading;
    let settings = *session.settings();
    let mut meter = Meter::new(bench, settings.frame_bytes, wanted, warm_up);
    let mut stepped = true;
    while meter.frames() < wanted {
        // A clock that runs by itself says so the first time.
        stepped = stepped && bench.step().is_some();
        match frames.next_within(patience(&settings)) {
            Ok(Some(lease)) => {
                meter.has(&lease, tally);
                take(lease);
                meter.done();
            }
            Ok(None) => break,
            Err(why) => {
                tally.wrong.push(why.to_string());
                break;
            }
        }
    }
    meter.finish(true, tally)
}

/// Notes whether the simulator was starved, and whether we did to it what would stop a real camera.
fn note_simulator(
    before: Option<SimulatorStats>,
    after: Option<SimulatorStats>,
    settings: &Settings,
    tally: &mut Tally,
) {
    let (Some(before), Some(after)) = (before, after) else { return };
    let accessed = after.params_while_running.saturating_sub(before.params_while_running);
    if accessed > 0 {
        tally.wrong.push(format!("{accessed} parameters were accessed while frames streamed"));
    }
    let missed = after.missed_schedule.saturating_sub(before.missed_schedule);
    let allowed = settings.frame_time.saturating_mul(settings.ring_slots) / LAG_PART;
    // A sequence has memory for every frame: what comes late is none the worse.
    let in_ring = settings.frames.is_none();
    if missed > 0 {
        tally.starved = Some(format!("the simulator was starved and left out {missed} frames"));
    } else if in_ring && after.max_lag > allowed {
        tally.starved = Some(format!("the simulator was starved for {:.0?}", after.max_lag));
    }
}
