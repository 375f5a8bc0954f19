//! A sequence that ends by itself.

use crate::check::bench::Bench;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

use super::{WARM_UP, frames};

/// Every frame of a sequence takes memory of its own, so a sequence is kept short.
const LONGEST: u64 = 32;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let frames = frames(bench).min(LONGEST);
    // At most 32.
    let armed = bench.arm(bench.sequence(frames as u16))?;
    // A sequence keeps its frames: they are held until the end, and must not change.
    let mut held = Vec::with_capacity(frames as usize);
    let reading = Reading { frames, warm_up: WARM_UP, take: &mut |lease| held.push(lease) };
    let armed = stream(bench, armed, reading, tally);
    for lease in &held {
        tally.wrong.extend(lease.verify().err().map(|torn| format!("after the sequence: {torn}")));
    }
    drop(held);
    if let Some(armed) = armed {
        bench.put_back(armed);
    }
    Ok(())
}
