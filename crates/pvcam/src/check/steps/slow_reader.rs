//! A reader that holds each tenth frame for half the time that the ring lasts, and reads on meanwhile. Nothing need be lost.

use std::collections::VecDeque;

use frame_pool::monotonic_ns;

use crate::check::bench::Bench;
use crate::check::inspect::Held;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

use super::{WARM_UP, frames};

/// Each so manyth frame is held.
const EACH: u64 = 10;
/// For this part of a ring's time.
const PART: u32 = 2;

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let armed = bench.arm(bench.continuous())?;
    let settings = *armed.settings();
    let time = settings.frame_time.saturating_mul(settings.ring_slots) / PART;
    let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // Room for all that can be held at once, so that nothing grows while frames are measured.
    let room = (settings.ring_slots + settings.reserve) as usize;
    let mut held: VecDeque<(u64, Held)> = VecDeque::with_capacity(room);
    let (mut count, mut released, mut wrong) = (0_u64, 0_u64, None);
    let mut release = |held: &mut VecDeque<(u64, Held)>, until: u64| {
        while held.front().is_some_and(|(end, _)| *end <= until) {
            if let Some((_, lease)) = held.pop_front() {
                released += 1;
                wrong = wrong.take().or_else(|| lease.complaint());
            }
        }
    };
    let mut take = |lease| {
        let now = monotonic_ns();
        release(&mut held, now);
        if count.is_multiple_of(EACH) && held.len() < room {
            held.push_back((now.saturating_add(time_ns), Held::new(lease)));
        }
        count += 1;
    };
    let armed =
        stream(bench, armed, Reading { frames: frames(bench), warm_up: WARM_UP, take: &mut take }, tally);
    release(&mut held, u64::MAX);
    tally.wrong.extend(wrong);
    tally.remark(format!("{released} frames held for {time:.0?} each"));
    if let Some(armed) = armed {
        bench.put_back(armed);
    }
    Ok(())
}
