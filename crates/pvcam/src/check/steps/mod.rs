//! The steps, one file each.

mod continuous;
mod leases_out;
mod open;
mod readers;
mod rearm;
mod sequence;
mod slow_reader;
mod snap;

use super::bench::Bench;
use super::tally::Tally;
use super::{Report, Step};

/// Frames at the start of a run that warm caches and queues up, and are not measured.
const WARM_UP: u64 = 8;

/// Runs one step. What was wrong stands in the tally afterwards.
pub(super) fn run(bench: &mut Bench<'_>, step: Step, report: &mut Report, tally: &mut Tally) {
    let done = match step {
        Step::Open => open::run(bench, report, tally),
        Step::Snap => snap::run(bench, tally),
        Step::Sequence => sequence::run(bench, tally),
        Step::Continuous => continuous::run(bench, tally),
        Step::SlowReader => slow_reader::run(bench, tally),
        Step::NoRescue => slow_reader::control(bench, tally),
        Step::Readers => readers::run(bench, tally),
        Step::Rearm => rearm::run(bench, tally),
        Step::LeasesOut => leases_out::run(bench, tally),
    };
    tally.wrong.extend(done.err());
}

/// Frames that a streaming step reads.
fn frames(bench: &Bench<'_>) -> u64 {
    u64::from(bench.options.frames).max(2 * WARM_UP)
}
