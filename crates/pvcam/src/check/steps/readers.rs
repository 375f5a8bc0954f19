//! Several threads that get each frame, clone and drop leases as they like.

use std::sync::Mutex;

use frame_pool::{Lease, monotonic_ns};

use crate::check::bench::Bench;
use crate::check::histogram::Histogram;
use crate::check::mailbox::Mailbox;
use crate::check::stream::{Reading, stream};
use crate::check::tally::Tally;

use super::{WARM_UP, frames};

const READERS: usize = 3;
/// Clones that a reader makes of each frame.
const CLONES: usize = 4;

/// What the readers share.
struct Shared {
    latency: Histogram,
    /// The first thing that was wrong.
    wrong: Mutex<Option<String>>,
}

/// Clones a lease, looks at the frame through every clone, and drops them, first or last first.
fn read_one(lease: &Lease, order: usize, shared: &Shared) {
    shared.latency.record_ns(monotonic_ns().saturating_sub(lease.record().arrived_ns));
    let mut clones: [Option<Lease>; CLONES] = core::array::from_fn(|_| Some(lease.clone()));
    for at in 0..CLONES {
        let at = if order.is_multiple_of(2) { at } else { CLONES - 1 - at };
        let torn = clones[at].take().and_then(|clone| clone.verify().err());
        if let Some(torn) = torn
            && let Ok(mut wrong) = shared.wrong.lock()
        {
            wrong.get_or_insert_with(|| format!("reader {order}: {torn}"));
        }
    }
}

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let armed = bench.arm(bench.continuous())?;
    // More leases than there are slots cannot be out, so nothing is ever refused.
    let room = (armed.settings().ring_slots + armed.settings().reserve) as usize;
    let mailboxes: [Mailbox; READERS] = core::array::from_fn(|_| Mailbox::new(room));
    let shared = Shared { latency: Histogram::new(), wrong: Mutex::new(None) };
    let mut offered = 0_u64;
    let armed = std::thread::scope(|scope| {
        for (order, mailbox) in mailboxes.iter().enumerate() {
            let shared = &shared;
            scope.spawn(move || mailbox.read_all(|lease| read_one(lease, order, shared)));
        }
        let mut take = |lease: Lease| {
            offered += 1;
            mailboxes.iter().for_each(|mailbox| mailbox.put(lease.clone()));
        };
        let reading = Reading { frames: frames(bench), warm_up: WARM_UP, take: &mut take };
        let armed = stream(bench, armed, reading, tally);
        mailboxes.iter().for_each(Mailbox::close);
        armed
    });
    for (order, mailbox) in mailboxes.iter().enumerate() {
        let read = mailbox.read();
        if read != offered {
            tally.wrong.push(format!("reader {order} got {read} of {offered} frames"));
        }
    }
    tally.wrong.extend(shared.wrong.into_inner().unwrap_or_default());
    // What matters here is when the readers behind the first one have their frames.
    tally.latency = shared.latency;
    if let Some(armed) = armed {
        bench.put_back(armed);
    }
    Ok(())
}
