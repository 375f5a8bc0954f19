//! A ring of frames that the publisher fills and readers take from, by positions of their own.
//!
//! Position p lies in entry p % (number of entries, a power of two), under the stamp p + 1. An entry carries as many counts of its
//! frame's lease as there are mailboxes that may claim the position; who claims it takes one. The publisher fills an entry again when
//! the position before was claimed for every mailbox: each reader is at most `depth` positions behind, and there is at least one entry
//! more than that.

use frame_pool::{Lease, LeaseWord};

use crate::sync::{AtomicU64, Line, Ordering};

/// One position's frame, and what is known of it.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// One more than the position that lies here.
    pub(crate) stamp: AtomicU64,
    pub(crate) word: LeaseWord,
    /// Its number. In a mailbox that refuses: number of the first frame refused since the one accepted before.
    pub(crate) number: AtomicU64,
    /// How many frames were refused since the one accepted before.
    pub(crate) refused: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Ring {
    entries: Box<[Entry]>,
    /// Entries in use, less one.
    mask: AtomicU64,
    /// Frames put in; the publisher alone writes it.
    tail: Line<AtomicU64>,
}

impl Ring {
    /// For mailboxes of at most such a depth.
    pub(crate) fn new(depth: u32) -> Self {
        let ring = Self {
            entries: (0..entries_for(depth)).map(|_| Entry::default()).collect(),
            mask: AtomicU64::new(0),
            tail: Line::default(),
        };
        ring.reset(depth);
        ring
    }

    /// Makes it as new, for mailboxes of at most such a depth, which is no more than it was made for. Only while nobody uses it.
    pub(crate) fn reset(&self, depth: u32) {
        self.tail.0.store(0, Ordering::Relaxed);
        self.mask.store(entries_for(depth).min(self.entries.len() as u64) - 1, Ordering::Relaxed);
        self.entries.iter().for_each(|entry| entry.stamp.store(0, Ordering::Relaxed));
    }

    /// Frames put in since it was made new.
    #[inline]
    pub(crate) fn tail(&self) -> u64 {
        self.tail.0.load(Ordering::Acquire)
    }

    /// The entry of a position.
    #[inline]
    pub(crate) fn entry(&self, position: u64) -> &Entry {
        // The mask is less than the number of entries, so the index is inside.
        match self.entries.get((position & self.mask.load(Ordering::Relaxed)) as usize) {
            Some(entry) => entry,
            None => outside(),
        }
    }

    /// Publisher: puts a frame in; answers the new tail. The entry is free.
    #[inline]
    pub(crate) fn fill(&self, lease: Lease, number: u64) -> u64 {
        let tail = self.tail.0.load(Ordering::Relaxed);
        self.fill_entry(self.entry(tail), tail, lease, number)
    }

    /// Publisher: the same with what was refused before it.
    pub(crate) fn fill_after(&self, refused: u64, lease: Lease, number: u64) {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let entry = self.entry(tail);
        entry.refused.store(refused, Ordering::Relaxed);
        self.fill_entry(entry, tail, lease, number);
    }

    #[inline]
    fn fill_entry(&self, entry: &Entry, tail: u64, lease: Lease, number: u64) -> u64 {
        entry.number.store(number, Ordering::Relaxed);
        entry.word.put(lease);
        // Release: who sees the stamp sees the entry, and the frame's record.
        entry.stamp.store(tail + 1, Ordering::Release);
        self.tail.0.store(tail + 1, Ordering::Release);
        tail + 1
    }
}

/// Moving to another ring.
impl Ring {
    /// Publisher: nothing is in it, and the next frame is at this position.
    pub(crate) fn begin_at(&self, tail: u64) {
        self.tail.0.store(tail, Ordering::Release);
    }

    /// Publisher: the frames of these positions lie in this ring as well as in the other one. Each is still claimed once.
    pub(crate) fn copy_from(&self, other: &Ring, positions: core::ops::Range<u64>) {
        for position in positions {
            let (from, to) = (other.entry(position), self.entry(position));
            to.word.put_seen(&from.word.peek());
            to.refused.store(0, Ordering::Relaxed);
            to.stamp.store(position + 1, Ordering::Release);
        }
    }
}

/// Not reached. It does not unwind, and callers prepare nothing for that.
#[cold]
extern "C" fn outside() -> ! {
    std::process::abort()
}

/// Entries of a ring for mailboxes of such a depth.
fn entries_for(depth: u32) -> u64 {
    (u64::from(depth.max(1)) + 1).next_power_of_two()
}
