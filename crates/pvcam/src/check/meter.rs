//! What is measured while frames are read.

use core::time::Duration;

use frame_pool::{Lease, monotonic_ns};

use super::bench::Bench;
use super::cpu;
use super::inspect::Inspector;
use super::tally::Tally;

/// What came of reading.
#[derive(Default)]
pub(super) struct Read {
    /// Frames that were wanted, and read.
    pub(super) wanted: u64,
    pub(super) frames: u64,
    /// Those after the warm-up.
    pub(super) measured: u64,
    pub(super) allocations: Option<u64>,
    pub(super) cpu: Option<Duration>,
    /// From the arrival of the first frame to that of the last; zero if that means nothing.
    pub(super) span: Duration,
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

/// Looks at each frame and measures, after a warm-up, what it costs to get it.
pub(super) struct Meter<'a> {
    bench: &'a Bench<'a>,
    frame_bytes: u32,
    warm_up: u64,
    inspector: Inspector,
    begin: Option<Mark>,
    read: Read,
    first_ns: u64,
    last_ns: u64,
}

impl<'a> Meter<'a> {
    /// For `wanted` frames of `frame_bytes`, of which the first `warm_up` are not measured.
    pub(super) fn new(bench: &'a Bench<'a>, frame_bytes: u32, wanted: u64, warm_up: u64) -> Self {
        Self {
            bench,
            frame_bytes,
            warm_up,
            inspector: Inspector::default(),
            begin: (warm_up == 0).then(|| Mark::begin(bench)),
            read: Read { wanted, ..Read::default() },
            first_ns: 0,
            last_ns: 0,
        }
    }

    /// Frames read so far.
    pub(super) fn frames(&self) -> u64 {
        self.read.frames
    }

    /// A reader has this frame now.
    pub(super) fn has(&mut self, lease: &Lease, tally: &Tally) {
        let now = monotonic_ns();
        let arrived = lease.record().arrived_ns;
        if self.read.frames == 0 {
            self.first_ns = arrived;
        }
        self.last_ns = arrived;
        self.read.frames += 1;
        if self.begin.is_some() {
            self.read.measured += 1;
            tally.latency.record_ns(now.saturating_sub(arrived));
        }
        self.inspector.look_at(lease, self.frame_bytes);
    }

    /// The reader has done with it: the warm-up may be over.
    pub(super) fn done(&mut self) {
        if self.read.frames == self.warm_up && self.begin.is_none() {
            self.begin = Some(Mark::begin(self.bench));
        }
    }

    /// Ends the measurement, and enters what was wrong with frames. `paced`: whether the time between frames was the camera's.
    pub(super) fn finish(self, paced: bool, tally: &mut Tally) -> Read {
        let Self { bench, inspector, begin, mut read, .. } = self;
        if let Some(begin) = begin.filter(|_| read.measured > 0) {
            let end = Mark::end(bench);
            read.allocations =
                begin.allocations.zip(end.allocations).map(|(from, to)| to.saturating_sub(from));
            read.cpu = begin.cpu.zip(end.cpu).map(|(from, to)| to.saturating_sub(from));
        }
        if paced {
            read.span = Duration::from_nanos(self.last_ns.saturating_sub(self.first_ns));
        }
        tally.wrong.extend(inspector.wrong);
        if inspector.unproven > 0 {
            tally
                .remark("nothing proves that frames were whole when they were lent (no metadata)".to_owned());
        }
        read
    }
}
