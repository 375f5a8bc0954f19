//! Start, read, stop and arm again, twenty times.

use core::time::Duration;
use std::time::Instant;

use crate::Refused;
use crate::check::bench::Bench;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

const TIMES: u32 = 20;
const FRAMES: u64 = 4;
const WARM_UP: u64 = 1;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let plan = bench.continuous();
    let mut armed = bench.arm(plan.clone())?;
    let mut arming = Duration::ZERO;
    for time in 1..=TIMES {
        let before = tally.wrong.len();
        let reading = Reading { frames: FRAMES, warm_up: WARM_UP, take: &mut drop };
        let Some(stopped) = stream(bench, armed, reading, tally) else {
            return Err(format!("start {time} of {TIMES} failed"));
        };
        if tally.wrong.len() > before {
            bench.put_back(stopped);
            return Err(format!("run {time} of {TIMES} went wrong"));
        }
        let begun = Instant::now();
        armed = match stopped.rearm(plan.clone()) {
            Ok(armed) => armed,
            Err(Refused { given_back, why }) => {
                bench.put_back(given_back);
                return Err(format!("arming again, time {time} of {TIMES}: {why}"));
            }
        };
        arming += begun.elapsed();
    }
    tally.remark(format!("arming again took {:.1?} on average", arming / TIMES));
    bench.put_back(armed);
    Ok(())
}
