//! One frame, and another: the first warms up, the second is measured.

use crate::check::bench::Bench;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let mut armed = bench.arm(bench.sequence(1))?;
    for warm_up in [1, 0] {
        let reading = Reading { frames: 1, warm_up, take: &mut drop };
        let Some(again) = stream(bench, armed, reading, tally) else { return Ok(()) };
        armed = again;
    }
    bench.put_back(armed);
    Ok(())
}
