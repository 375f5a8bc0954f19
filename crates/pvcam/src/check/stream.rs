//! One run, from start to stop, with everything measured.

use core::time::Duration;

use frame_pool::{Lease, monotonic_ns};

use super::bench::Bench;
use super::inspect::Inspector;
use super::judge::{Facts, judge, lost_elsewhere};
use super::report::Spread;
use super::tally::{RunFigures, Tally};
use super::{SimulatorStats, cpu};
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
    let wanted = reading.frames;
    let read = read(bench, &session, &frames, reading, tally);
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
    tally.wrong.extend(judge(&Facts {
        books,
        frame_bytes: settings.frame_bytes,
        armed_for: settings.delivery,
        ended_as,
        wanted,
        read: read.frames,
        measured: read.measured,
        allocations: read.allocations,
    }));
    lost_elsewhere(&books).into_iter().for_each(|loss| tally.remark(loss));
    note_simulator(before, bench.simulator(), &settings, tally);
    tally.add(&RunFigures {
        books,
        frame_bytes: settings.frame_bytes,
        frame_time: settings.frame_time,
        span: Duration::from_nanos(read.last_ns.saturating_sub(read.first_ns)),
        intervals: read.frames.saturating_sub(1),
        measured: read.measured,
        allocations: read.allocations,
        cpu: read.cpu,
        callback: (times.count > 0).then_some(Spread { p50: times.p50, p99: times.p99 }),
    });
    Some(stopped.armed)
}

/// What came of reading.
#[derive(Default)]
struct Read {
    frames: u64,
    measured: u64,
    allocations: Option<u64>,
    cpu: Option<Duration>,
    first_ns: u64,
    last_ns: u64,
}

/// Allocations and CPU time at one moment.
struct Mark {
    allocations: Option<u64>,
    cpu: Option<Duration>,
}

impl Mark {
    /// The beginning of a measurement: reading the CPU time allocates, so it comes first.
    fn begin(bench: &Bench<'_>) -> Self {
        let cpu = cpu::at_begin();
        Self { allocations: bench.options.allocations.map(|counter| counter.allocations()), cpu }
    }

    /// The end of one: the other way round.
    fn end(bench: &Bench<'_>) -> Self {
        let allocations = bench.options.allocations.map(|counter| counter.allocations());
        Self { allocations, cpu: cpu::at_end() }
    }
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
    let patience = settings.frame_time.saturating_add(settings.exposure).saturating_mul(4).max(PATIENCE);
    let mut inspector = Inspector::default();
    let mut read = Read::default();
    let mut begin = (warm_up == 0).then(|| Mark::begin(bench));
    let mut ended = None;
    let mut stepped = true;
    while read.frames < wanted {
        // A clock that runs by itself says so the first time.
        stepped = stepped && bench.step().is_some();
        let lease = match frames.next_within(patience) {
            Ok(Some(lease)) => lease,
            Ok(None) => break,
            Err(why) => {
                ended = Some(why);
                break;
            }
        };
        let now = monotonic_ns();
        let arrived = lease.record().arrived_ns;
        if read.frames == 0 {
            read.first_ns = arrived;
        }
        read.last_ns = arrived;
        read.frames += 1;
        if begin.is_some() {
            read.measured += 1;
            tally.latency.record_ns(now.saturating_sub(arrived));
        }
        inspector.look_at(&lease, settings.frame_bytes);
        take(lease);
        if read.frames == warm_up {
            begin = Some(Mark::begin(bench));
        }
    }
    if let Some(begin) = begin.filter(|_| read.measured > 0) {
        let end = Mark::end(bench);
        read.allocations = begin.allocations.zip(end.allocations).map(|(from, to)| to.saturating_sub(from));
        read.cpu = begin.cpu.zip(end.cpu).map(|(from, to)| to.saturating_sub(from));
    }
    tally.wrong.extend(ended.map(|why| why.to_string()));
    tally.wrong.extend(inspector.wrong);
    if inspector.unproven > 0 {
        tally.remark("nothing proves that frames were whole when they were lent (no metadata)".to_owned());
    }
    read
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
