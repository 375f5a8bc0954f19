//! A mailbox: frames of one subscriber on their way from the callback to its reader.
//!
//! One publisher, one reader, cells that are exchanged in one step each. Neither ever waits for the other, also not for one that was
//! put aside by the system in the middle of a step. Positions count accepted frames; position p lies in cell `p % depth`.
//!
//! *Refusing* (a full mailbox takes nothing): the reader empties the cell, then moves `head`. *Displacing* (a full mailbox gives up its
//! oldest): both move `head`, by compare-exchange. Who moves it past p owns p: the reader takes it, the publisher displaces it. A
//! reader that was put aside between claim and take finds another frame in the cell, or none: it knows by the number that stood
//! beside the cell when it claimed, puts back what is not its own, and counts its own as displaced.
//!
//! *Newest* ([`crate::Policy::Latest`]): one cell, exchanged by both, and no positions; so a frame that was published is never out of
//! sight while the next one takes its place.
//!
//! What was lost is told exactly, without a log: frames that a full mailbox refused are noted at the next one accepted. Displaced
//! positions form runs, each ended by a claim of the reader; the publisher notes the first number of run k in `runs[k % 2]`, which
//! suffices because run k + 2 cannot begin before the reader has claimed twice.

use frame_pool::{Lease, LeaseCell, Record};

use crate::event::Lag;
use crate::sync::{AtomicU64, Line, Ordering, bump};

/// One cell and what is known of the frame in it.
#[derive(Debug, Default)]
struct Entry {
    cell: LeaseCell,
    number: AtomicU64,
    /// Frames refused since the one accepted before.
    refused_first: AtomicU64,
    refused: AtomicU64,
}

/// What the publisher alone writes; its reader looks at the tail.
#[derive(Debug, Default)]
struct Writing {
    tail: AtomicU64,
    /// One past the position displaced last.
    displaced_to: AtomicU64,
    /// Runs begun.
    runs: AtomicU64,
    /// Frames refused since the last one accepted.
    refused_first: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    entries: Box<[Entry]>,
    newest: Line<LeaseCell>,
    head: Line<AtomicU64>,
    /// First number of the two youngest runs of displaced frames.
    runs: [AtomicU64; 2],
    writing: Line<Writing>,
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

/// What the reader knows of where it stands.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// The position after the one claimed last.
    next: u64,
    /// Runs of displaced frames that were noticed.
    runs: u64,
    /// Taken out, but lag comes first.
    pub(crate) aside: Option<Lease>,
    /// Lost, and not told yet.
    pub(crate) lag: Lag,
    /// Frames that were displaced while this reader was taking them.
    pub(crate) too_late: u64,
}

/// What became of a frame that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    Accepted,
    /// Accepted, and the oldest one gave way.
    Displaced,
    Refused,
}

impl Mailbox {
    pub(crate) fn new(depth: u32) -> Self {
        Self {
            entries: (0..depth.max(1)).map(|_| Entry::default()).collect(),
            newest: Line::default(),
            head: Line::default(),
            runs: Default::default(),
            writing: Line::default(),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    /// Makes it as new. Only while neither publisher nor reader use it.
    pub(crate) fn reset(&self) {
        self.sweep();
        let w = &self.writing.0;
        let words =
            [&self.writing.0.tail, &self.head.0, &w.displaced_to, &w.runs, &w.refused_first, &w.refused];
        words.into_iter().for_each(|word| word.store(0, Ordering::Relaxed));
    }

    fn entry(&self, position: u64, depth: u64) -> &Entry {
        // depth is at most the number of entries, so the index is inside.
        &self.entries[(position % depth) as usize]
    }

    /// Frames accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.writing.0.tail.load(Ordering::Acquire)
    }

    /// Frames taken or displaced.
    pub(crate) fn gone(&self) -> u64 {
        self.head.0.load(Ordering::Acquire)
    }

    /// Frames that wait. The head first: it never passes the tail.
    pub(crate) fn unread(&self) -> u64 {
        let gone = self.gone();
        self.accepted().saturating_sub(gone) + u64::from(!self.newest.0.is_empty())
    }

    /// Publisher: puts a frame where only the newest is kept.
    #[inline]
    pub(crate) fn put_newest(&self, lease: Lease) -> Put {
        if self.newest.0.swap(Some(lease)).is_some() { Put::Displaced } else { Put::Accepted }
    }

    /// Reader, or who takes back: the newest frame.
    #[inline]
    pub(crate) fn take_newest(&self) -> Option<Lease> {
        self.newest.0.swap(None)
    }

    /// Publisher: puts a frame in; a full mailbox gives up its oldest.
    pub(crate) fn put_displacing(&self, depth: u64, lease: Lease, number: u64) -> Put {
        let (tail, mut put) = (self.writing.0.tail.load(Ordering::Relaxed), Put::Accepted);
        let entry = self.entry(tail, depth);
        let head = self.head.0.load(Ordering::Acquire);
        if tail.wrapping_sub(head) >= depth && self.displace(head, entry) {
            put = Put::Displaced;
        }
        entry.number.store(number, Ordering::Relaxed);
        // What comes out was displaced just now, or belongs to a reader that was too late for it.
        drop(entry.cell.swap(Some(lease)));
        self.writing.0.tail.store(tail + 1, Ordering::Release);
        put
    }

    /// Publisher: claims the oldest position, unless its reader was faster; then there is room.
    fn displace(&self, head: u64, entry: &Entry) -> bool {
        let w = &self.writing.0;
        let run = w.runs.load(Ordering::Relaxed);
        let begins = run == 0 || w.displaced_to.load(Ordering::Relaxed) != head;
        if begins {
            self.runs[(run % 2) as usize].store(entry.number.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        // Release: who claims the next position sees the run's first number. Acquire: as for the reader's own claim.
        if self.head.0.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return false;
        }
        w.displaced_to.store(head + 1, Ordering::Relaxed);
        w.runs.store(run + u64::from(begins), Ordering::Relaxed);
        true
    }

    /// Publisher: puts a frame in if there is room.
    pub(crate) fn put_refusing(&self, depth: u64, lease: Lease, number: u64) -> Put {
        let (tail, w) = (self.writing.0.tail.load(Ordering::Relaxed), &self.writing.0);
        // Acquire: the reader emptied the cell before it moved the head.
        if tail.wrapping_sub(self.head.0.load(Ordering::Acquire)) >= depth {
            if w.refused.load(Ordering::Relaxed) == 0 {
                w.refused_first.store(number, Ordering::Relaxed);
            }
            bump(&w.refused, 1);
            return Put::Refused;
        }
        let entry = self.entry(tail, depth);
        entry.refused_first.store(w.refused_first.load(Ordering::Relaxed), Ordering::Relaxed);
        entry.refused.store(w.refused.load(Ordering::Relaxed), Ordering::Relaxed);
        w.refused.store(0, Ordering::Relaxed);
        drop(entry.cell.swap(Some(lease)));
        self.writing.0.tail.store(tail + 1, Ordering::Release);
        Put::Accepted
    }

    /// Publisher: takes back the frame put in last, because its reader has left. The reader empties the cells after it said so, and
    /// this comes after the put: one of the two finds the frame.
    pub(crate) fn take_back(&self, depth: u64) {
        drop(self.take_newest());
        let last = self.writing.0.tail.load(Ordering::Relaxed).wrapping_sub(1);
        drop(self.entry(last, depth).cell.swap(None));
    }

    /// Reader: takes the oldest frame of a refusing mailbox.
    pub(crate) fn take_refusing(&self, depth: u64, cursor: &mut Cursor) -> Option<Lease> {
        loop {
            let head = self.head.0.load(Ordering::Relaxed);
            if self.writing.0.tail.load(Ordering::Acquire) == head {
                return None;
            }
            let entry = self.entry(head, depth);
            let refused = entry.refused.load(Ordering::Relaxed);
            cursor.lag.add(entry.refused_first.load(Ordering::Relaxed), refused);
            let lease = entry.cell.swap(None);
            // Release: the publisher fills the cell again after the reader emptied it.
            self.head.0.store(head + 1, Ordering::Release);
            // Nobody else empties a cell that was accepted: `None` cannot be, and would be a frame that is gone.
            if lease.is_some() {
                return lease;
            }
        }
    }

    /// Reader: takes the oldest frame of a displacing mailbox.
    pub(crate) fn take_displacing(&self, depth: u64, cursor: &mut Cursor) -> Option<Lease> {
        loop {
            let head = self.head.0.load(Ordering::Acquire);
            if self.writing.0.tail.load(Ordering::Acquire) == head {
                return None;
            }
            let entry = self.entry(head, depth);
            let number = entry.number.load(Ordering::Relaxed);
            if !self.claim(head) {
                continue;
            }
            if head > cursor.next {
                let first = self.runs[(cursor.runs % 2) as usize].load(Ordering::Relaxed);
                cursor.lag.add(first, head - cursor.next);
                cursor.runs += 1;
            }
            cursor.next = head + 1;
            match entry.cell.swap(None) {
                Some(lease) if number_of(lease.record()) == number => return Some(lease),
                // A younger one, whose turn comes. If the cell was filled meanwhile, this one was displaced by that.
                Some(younger) => drop(self.put_back(entry, younger)),
                None => {}
            }
            cursor.lag.add(number, 1);
            cursor.too_late += 1;
        }
    }

    fn put_back(&self, entry: &Entry, lease: Lease) -> Option<Lease> {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::KeepsTheYounger {
            return Some(lease);
        }
        entry.cell.put_if_empty(lease)
    }

    fn claim(&self, head: u64) -> bool {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::ClaimsUnasked {
            self.head.0.store(head + 1, Ordering::Release);
            return true;
        }
        self.head.0.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Reader: frames refused after the last one accepted; to be asked when nothing is published any more.
    pub(crate) fn refused_at_the_end(&self, lag: &mut Lag) {
        let w = &self.writing.0;
        let refused = w.refused.swap(0, Ordering::Relaxed);
        lag.add(w.refused_first.load(Ordering::Relaxed), refused);
    }

    /// Reader that leaves: empties all cells.
    pub(crate) fn sweep(&self) {
        self.entries.iter().for_each(|entry| drop(entry.cell.swap(None)));
        drop(self.take_newest());
    }
}

/// The number by which losses are told: the camera's own where it sends one.
#[inline]
pub(crate) fn number_of(record: &Record) -> u64 {
    record.camera_number.unwrap_or(record.number)
}
