//! As fast as the camera goes.

use crate::check::bench::Bench;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

use super::{WARM_UP, frames};

/// A real camera that stays below this part of the rate that it promises is held up by something.
const SLOWEST: f64 = 0.9;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let armed = bench.arm(bench.continuous())?;
    let settings = *armed.settings();
    tally.remark(format!(
        "{} slots and {} in reserve, {} bytes each; exposure {:?}",
        settings.ring_slots, settings.reserve, settings.frame_bytes, settings.exposure
    ));
    let reading = Reading { frames: frames(bench), warm_up: WARM_UP, take: &mut drop };
    if let Some(armed) = stream(bench, armed, reading, tally) {
        bench.put_back(armed);
    }
    if bench.options.simulator.is_none() {
        tally.wrong.extend(too_slow(tally));
    }
    Ok(())
}

/// Whether the camera stays behind its own promise. A simulated one may run at any factor of it.
fn too_slow(tally: &Tally) -> Option<String> {
    let figures = tally.figures()?;
    let (asked, got) = (figures.fps_asked, figures.fps_got?);
    (got < asked * SLOWEST).then(|| {
        format!("only {got:.1} of the {asked:.1} frames per second that the camera promises: look at link, port and hub")
    })
}
