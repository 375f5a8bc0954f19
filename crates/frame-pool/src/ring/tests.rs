//! Random programs of a camera and its readers on the bare ring, beside a queue of a few lines; also where positions pass 2^32.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::layout::{Element, Layout};
use crate::lease::Lease;
use crate::record::{Evidence, Record};
use crate::shared::Owner;

struct Locks(AtomicU64);

impl Unlock for Locks {
    fn unlock_oldest(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl Ring {
    /// As if so many frames had gone through the ring already.
    fn begin_at(&self, position: u64) {
        let block = position % u64::from(self.blocks);
        self.head.0.store(position, Ordering::Release);
        self.tail.0.store(position, Ordering::Release);
        self.next.store(u32::try_from(block).unwrap(), Ordering::Relaxed);
        self.tail_block.store(u32::try_from(block).unwrap(), Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Publish,
    /// A block that was written and not announced.
    Skip,
    Drop(usize),
    Retire,
    /// The end of a callback.
    RetireWhenDue,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish),
        1 => Just(Step::Skip),
        5 => (0..64_usize).prop_map(Step::Drop),
        2 => Just(Step::Retire),
        3 => Just(Step::RetireWhenDue),
    ]
}

fn record(position: u64) -> Record {
    Record::new(position, Layout::mono(Element::U8, 8, 0, 0), Evidence::Locked)
}

fn run(blocks: u32, from: u64, steps: &[Step]) {
    let pool = Owner::new(blocks, 0, record(0), None);
    let (ring, locks) = (&pool.ring, Locks(AtomicU64::new(0)));
    ring.begin_at(from);
    // Positions that are occupied, oldest first; and the leases on those that are held.
    let (mut occupied, mut head) = (VecDeque::new(), from);
    let mut leases: Vec<Lease> = Vec::new();
    for &step in steps {
        let room = occupied.len() < blocks as usize;
        match step {
            Step::Publish | Step::Skip => {
                let block = ring.next_block();
                assert_eq!(u64::from(block), head % u64::from(blocks));
                let slot = ring.next_free(block);
                assert_eq!(slot.is_ok(), room, "{head}");
                let Ok(slot) = slot else { continue };
                if matches!(step, Step::Publish) {
                    // SAFETY: one thread publishes, and the slot is free.
                    leases.push(unsafe {
                        let _ = slot.fill(0, |to| *to = record(head));
                        Lease::adopt(slot)
                    });
                }
                ring.advance_head(block);
                occupied.push_back(head);
                head += 1;
            }
            Step::Drop(_) if leases.is_empty() => {}
            Step::Drop(which) => drop(leases.swap_remove(which % leases.len())),
            Step::Retire | Step::RetireWhenDue => {
                let due = ring.wants_a_look();
                // So late it may be, and no later: the ring is never full behind the publisher's back.
                assert!(
                    due || occupied.len() < (blocks as usize / 4).max(1),
                    "{} of {blocks}",
                    occupied.len()
                );
                if matches!(step, Step::RetireWhenDue) && !due {
                    continue;
                }
                pool.retire(&locks, |_| ());
                if matches!(step, Step::RetireWhenDue) {
                    ring.looked();
                }
                let held = |position: &u64| leases.iter().any(|lease| lease.record().number == *position);
                while occupied.front().is_some_and(|oldest| !held(oldest)) {
                    occupied.pop_front();
                }
            }
        }
        assert_eq!(ring.occupied(), occupied.len() as u64);
        assert_eq!(locks.0.load(Ordering::Relaxed), head - from - occupied.len() as u64);
        let oldest = occupied.front().map(|position| (position % u64::from(blocks)) as u32);
        assert_eq!(ring.oldest_block(), oldest);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn slots_go_round_in_order_wherever_the_count_stands(
        blocks in 1..20_u32,
        below in 0..40_u64,
        mark in prop_oneof![Just(0_u64), Just(1 << 32), Just(7 << 32), Just(1 << 63)],
        steps in prop::collection::vec(step(), 1..300),
    ) {
        run(blocks, mark.saturating_sub(below), &steps);
    }
}
