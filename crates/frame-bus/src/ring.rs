//! A ring of frames that the publisher fills and readers take from, by positions of their own.
//!
//! Position p lies in entry p % (number of entries), under the stamp p + 1. An entry carries as many counts of its frame's lease as
//! there are mailboxes that may claim the position; who claims it takes one. The publisher fills an entry again when the position
//! before was claimed for every mailbox: each reader is at most `depth` positions behind, and there is one entry more than that.

use frame_pool::{Lease, LeaseWord};

use crate::sync::{AtomicU32, AtomicU64, Line, Ordering};

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

/// What the publisher alone writes.
#[derive(Debug, Default)]
struct Writing {
    tail: AtomicU64,
    /// The entry of `tail`.
    at: AtomicU32,
}

#[derive(Debug)]
pub(crate) struct Ring {
    entries: Box<[Entry]>,
    /// Entries in use.
    used: AtomicU32,
    writing: Line<Writing>,
}

impl Ring {
    /// For mailboxes of at most such a depth.
    pub(crate) fn new(depth: u32) -> Self {
        let ring = Self {
            entries: (0..=depth.max(1)).map(|_| Entry::default()).collect(),
            used: AtomicU32::new(0),
            writing: Line::default(),
        };
        ring.reset(depth);
        ring
    }

    /// Makes it as new, for mailboxes of at most such a depth, which is no more than it was made for. Only while nobody uses it.
    pub(crate) fn reset(&self, depth: u32) {
        let w = &self.writing.0;
        w.tail.store(0, Ordering::Relaxed);
        w.at.store(0, Ordering::Relaxed);
        self.used.store((depth + 1).min(self.entries.len() as u32), Ordering::Relaxed);
        self.entries.iter().for_each(|entry| entry.stamp.store(0, Ordering::Relaxed));
    }

    /// Frames put in since it was made new.
    #[inline]
    pub(crate) fn tail(&self) -> u64 {
        self.writing.0.tail.load(Ordering::Acquire)
    }

    /// Entries in use.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// The entry of a position, for who did not count along.
    pub(crate) fn place_of(&self, position: u64) -> usize {
        (position % self.used().max(1) as u64) as usize
    }

    #[inline]
    pub(crate) fn entry(&self, at: usize) -> &Entry {
        // Who asks counts modulo the entries in use, so the index is inside.
        &self.entries[at]
    }

    /// Publisher: puts a frame in; answers the new tail. The entry is free.
    #[inline]
    pub(crate) fn fill(&self, lease: Lease, number: u64, refused: u64) -> u64 {
        let w = &self.writing.0;
        let (tail, at) = (w.tail.load(Ordering::Relaxed), w.at.load(Ordering::Relaxed));
        let entry = self.entry(at as usize);
        entry.number.store(number, Ordering::Relaxed);
        entry.refused.store(refused, Ordering::Relaxed);
        entry.word.put(lease);
        // Release: who sees the stamp sees the entry, and the frame's record.
        entry.stamp.store(tail + 1, Ordering::Release);
        let next = if at + 1 == self.used.load(Ordering::Relaxed) { 0 } else { at + 1 };
        w.at.store(next, Ordering::Relaxed);
        w.tail.store(tail + 1, Ordering::Release);
        tail + 1
    }
}
