//! Stop while frames are leased. The leases stay as they are, and the camera can be started again: with memory of its own
//! beside the leased one, or, where the budget does not allow that, after they were dropped and a refusal that says so.

use crate::check::bench::Bench;
use crate::check::inspect::Held;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;
use crate::error::StartError;
use crate::{Armed, Refused};

/// A small ring, so that the second run goes round it and would write over what is leased.
const SLOTS: u32 = 32;
/// Frames of the first run, which fit the ring with those held at its start.
const FIRST: u64 = 12;
/// Frames of the second run: twice round.
const SECOND: u64 = 2 * SLOTS as u64;
const WARM_UP: u64 = 2;
/// Each so manyth frame is kept.
const EACH: u64 = 4;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let armed = bench.arm(bench.continuous().ring(SLOTS))?;
    let mut held: Vec<Held> = Vec::with_capacity((FIRST / EACH) as usize + 1);
    let mut count = 0;
    let mut keep = |lease| {
        count += 1;
        if u64::is_multiple_of(count, EACH) {
            held.push(Held::new(lease));
        }
    };
    let reading = Reading { frames: FIRST, warm_up: WARM_UP, take: &mut keep };
    let Some(armed) = stream(bench, armed, reading, tally) else { return Ok(()) };
    tally.wrong.extend(held.iter().find_map(Held::complaint).map(|why| format!("after the stop: {why}")));
    let armed = match again(bench, armed, &mut held, tally) {
        Some(armed) => armed,
        None => return Ok(()),
    };
    tally
        .wrong
        .extend(held.iter().find_map(Held::complaint).map(|why| format!("during the next run: {why}")));
    bench.put_back(armed);
    Ok(())
}

/// Starts again while frames are held.
fn again(bench: &mut Bench<'_>, armed: Armed, held: &mut Vec<Held>, tally: &mut Tally) -> Option<Armed> {
    let armed = match armed.start() {
        Ok((session, frames)) => {
            // Only whether it starts was asked; the run that is measured comes next.
            drop(frames);
            tally.remark(format!("started again while {} frames were leased", held.len()));
            match session.stop() {
                Ok(stopped) => stopped.armed,
                Err(why) => {
                    tally.wrong.push(format!("stopping: {why}"));
                    return None;
                }
            }
        }
        Err(Refused { given_back, why: why @ StartError::LeasesOut { .. } }) => {
            tally.remark(format!("refused while frames were leased, as it must be: {why}"));
            held.clear();
            given_back
        }
        Err(Refused { given_back, why }) => {
            tally.wrong.push(format!("starting while frames are leased: {why}"));
            bench.put_back(given_back);
            return None;
        }
    };
    bench.rest();
    stream(bench, armed, Reading { frames: SECOND, warm_up: WARM_UP, take: &mut drop }, tally)
}
