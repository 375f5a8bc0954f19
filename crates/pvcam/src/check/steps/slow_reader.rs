//! A reader that holds each tenth frame while half a ring of others comes in, and reads on meanwhile. Nothing need be lost.

use std::collections::VecDeque;

use crate::check::bench::Bench;
use crate::check::inspect::Held;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

use super::{WARM_UP, frames};

/// Each so manyth frame is held.
const EACH: u64 = 10;
/// While this part of the ring fills up.
const PART: u64 = 2;

/// Frames that are held, each until so many were read.
struct Holding {
    held: VecDeque<(u64, Held)>,
    released: u64,
    /// The first thing that was wrong with a frame when it was released.
    wrong: Option<String>,
}

impl Holding {
    /// Lets go of what was to be held until `read` frames were read.
    fn release(&mut self, read: u64) {
        while self.held.front().is_some_and(|(until, _)| *until <= read) {
            if let Some((_, lease)) = self.held.pop_front() {
                self.released += 1;
                self.wrong = self.wrong.take().or_else(|| lease.complaint());
            }
        }
    }
}

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let armed = bench.arm(bench.continuous())?;
    let span = u64::from(armed.settings().ring_slots) / PART;
    // Room for all that is held at once, so that nothing grows while frames are measured.
    let room = (span / EACH + 2) as usize;
    let mut holding = Holding { held: VecDeque::with_capacity(room), released: 0, wrong: None };
    let mut read = 0;
    let mut take = |lease| {
        read += 1;
        holding.release(read);
        if u64::is_multiple_of(read, EACH) {
            holding.held.push_back((read + span, Held::new(lease)));
        }
    };
    let armed =
        stream(bench, armed, Reading { frames: frames(bench), warm_up: WARM_UP, take: &mut take }, tally);
    holding.release(u64::MAX);
    tally.wrong.extend(holding.wrong);
    tally.remark(format!("{} frames held while {span} others came in", holding.released));
    if let Some(armed) = armed {
        bench.put_back(armed);
    }
    Ok(())
}
