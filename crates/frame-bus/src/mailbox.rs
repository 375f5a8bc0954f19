//! A mailbox: what waits for one subscriber, as positions in a ring.
//!
//! One publisher, one reader. Neither ever waits for the other, also not for one that was put aside by the system in the middle of a
//! step. Who moves `head` past position p owns p, and takes one count of the frame there.
//!
//! *Displacing* (a full mailbox gives up its oldest): both move `head`, by compare-exchange; the reader takes p, the publisher drops
//! it. Both look into the entry *before* they claim: if the claim succeeds, what was seen was not displaced, and so not written over.
//! The publisher puts the new frame in first and gives up the oldest then, so that a mailbox that holds something never looks empty.
//! All who want every frame share one ring, so that a frame is put in once for all of them.
//!
//! *Refusing* (a full mailbox takes nothing): only the reader moves `head`, so that putting and taking are plain steps. It begins in the
//! ring of all. When it is full for the first time, what it holds back may soon be older than anything there: the publisher copies
//! what waits into the mailbox's own ring, and from there it goes on. Each position is still the reader's to take once, from either
//! ring. That it is so stands in `apart` before the publisher fills anything else; the reader looks there after it looked at the
//! entry, so if it finds nothing, the entry was not filled again, and no foreign frame lay in it.
//!
//! What was lost is told exactly, without a log: frames that a full mailbox refused are noted at the next one accepted. Displaced
//! positions form runs, each ended by a claim of the reader; the publisher notes the first number of run k in `runs[k % 2]`, which
//! suffices because run k + 2 cannot begin before the reader has claimed twice.

use frame_pool::{Lease, Record, Unclaimed};

use crate::event::Lag;
use crate::fault::broken;
use crate::ring::{Entry, Ring};
use crate::seat::AWAKE;
use crate::sync::{AtomicU32, AtomicU64, Line, Ordering, bump};

/// Head of a mailbox that has no place in a ring: not yet, or not any more.
pub(crate) const NOWHERE: u64 = u64::MAX;

/// The next position of a reader that has not taken anything yet. No head is ever there.
const UNPLACED: u64 = u64::MAX - 1;

/// What the publisher alone writes.
#[derive(Debug, Default)]
struct Writing {
    depth: AtomicU64,
    /// Up to this tail there is room, by the head as it was seen last.
    limit: AtomicU64,
    /// Frames that gave way, frames that found it full.
    displaced: AtomicU64,
    refused: AtomicU64,
    /// One past the position displaced last.
    displaced_to: AtomicU64,
    /// Runs begun.
    runs: AtomicU64,
    /// Frames refused since the last one accepted.
    untold_first: AtomicU64,
    untold: AtomicU64,
    /// Where in the ring it began and ended; [`NOWHERE`]: not yet.
    begin: AtomicU64,
    end: AtomicU64,
    /// From where on frames are put into its own ring alone; [`NOWHERE`]: it shares the one of all.
    apart: AtomicU64,
}

/// What the reader writes; the publisher moves the head of a mailbox that gives up its oldest.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    head: AtomicU64,
    pub(crate) taken: AtomicU64,
    pub(crate) passed_over: AtomicU64,
    /// How it waits.
    pub(crate) waiting: AtomicU32,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) reading: Line<Reading>,
    /// First number of the two youngest runs of displaced frames.
    runs: [AtomicU64; 2],
    writing: Line<Writing>,
    /// For who does not share the one of all.
    pub(crate) own: Ring,
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

/// What the reader knows of where it stands; in this order, because the first word is what each take looks at.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Cursor {
    /// The position after the one claimed last.
    next: u64,
    /// Runs of displaced frames that were noticed.
    runs: u64,
    /// Taken out, but lag comes first; and the next position, which is [`UNPLACED`] meanwhile.
    aside: Option<(Lease, u64)>,
    /// Lost, and not told yet.
    pub(crate) lag: Lag,
}

impl Cursor {
    pub(crate) fn new() -> Self {
        Self { next: UNPLACED, runs: 0, aside: None, lag: Lag::default() }
    }

    /// Something else is to be told before this frame.
    pub(crate) fn put_aside(&mut self, lease: Lease) {
        self.aside = Some((lease, core::mem::replace(&mut self.next, UNPLACED)));
    }

    pub(crate) fn has_aside(&self) -> bool {
        self.aside.is_some()
    }

    pub(crate) fn take_aside(&mut self) -> Option<Lease> {
        let (lease, next) = self.aside.take()?;
        self.next = next;
        Some(lease)
    }
}

impl Mailbox {
    pub(crate) fn new(depth: u32) -> Self {
        Self {
            reading: Line::default(),
            runs: Default::default(),
            writing: Line::default(),
            own: Ring::new(depth),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    /// Makes it as new, for `depth` frames, no more than it was made for; with a place in its own ring, or none yet in that of all. Only
    /// while it is closed, and neither publisher nor reader uses it.
    pub(crate) fn reset(&self, depth: u32, own: bool) {
        let (w, r) = (&self.writing.0, &self.reading.0);
        let ours = [&w.displaced, &w.refused, &w.displaced_to, &w.runs, &w.untold_first, &w.untold];
        let all = ours.into_iter().chain([&r.taken, &r.passed_over]);
        all.for_each(|word| word.store(0, Ordering::Relaxed));
        r.waiting.store(AWAKE, Ordering::Relaxed);
        w.depth.store(depth.into(), Ordering::Relaxed);
        w.end.store(NOWHERE, Ordering::Relaxed);
        w.begin.store(NOWHERE, Ordering::Relaxed);
        r.head.store(NOWHERE, Ordering::Relaxed);
        self.own.reset(depth);
        w.apart.store(if own { 0 } else { NOWHERE }, Ordering::Relaxed);
        if own {
            self.begin(0);
        }
    }

    /// Whether it shares the ring of all.
    pub(crate) fn shares(&self) -> bool {
        self.writing.0.apart.load(Ordering::Acquire) == NOWHERE
    }

    /// Gives it a place in its ring.
    pub(crate) fn begin(&self, tail: u64) {
        let w = &self.writing.0;
        w.begin.store(tail, Ordering::Relaxed);
        // Release: the reader that sees its head sees where it began.
        self.reading.0.head.store(tail, Ordering::Release);
        self.note_head(tail);
    }

    pub(crate) fn depth(&self) -> u64 {
        self.writing.0.depth.load(Ordering::Relaxed)
    }

    /// Whether it has a place in a ring.
    pub(crate) fn has_begun(&self) -> bool {
        self.reading.0.head.load(Ordering::Relaxed) != NOWHERE
    }

    fn note_head(&self, head: u64) -> u64 {
        let limit = head.saturating_add(self.writing.0.depth.load(Ordering::Relaxed));
        self.writing.0.limit.store(limit, Ordering::Relaxed);
        limit
    }

    /// Frames put in for it.
    pub(crate) fn accepted(&self, ring: &Ring) -> u64 {
        let w = &self.writing.0;
        let end = w.end.load(Ordering::Acquire).min(ring.tail());
        end.saturating_sub(w.begin.load(Ordering::Relaxed))
    }

    pub(crate) fn displaced(&self) -> u64 {
        self.writing.0.displaced.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.writing.0.refused.load(Ordering::Relaxed)
    }

    /// Position up to which frames were taken or displaced.
    pub(crate) fn head(&self) -> u64 {
        self.reading.0.head.load(Ordering::Acquire)
    }

    /// Frames that wait. While the publisher is at it, one that is about to give way may be among them.
    pub(crate) fn unread(&self, ring: &Ring) -> u64 {
        // The head first. It may be past a tail that is not stored yet, and one that is nowhere is past it in any case.
        let head = self.head();
        ring.tail().saturating_sub(head)
    }

    /// Publisher: puts a frame into its own ring; a full mailbox gives up its oldest.
    pub(crate) fn put_displacing(&self, lease: Lease, number: u64) {
        let tail = self.own.fill(lease, number);
        let w = &self.writing.0;
        if tail > w.limit.load(Ordering::Relaxed) {
            let depth = w.depth.load(Ordering::Relaxed);
            let head = self.make_room(tail, depth, &self.own);
            w.limit.store(head.saturating_add(depth), Ordering::Relaxed);
        }
    }

    /// Publisher: looks whether the reader is further behind than `depth`, and gives up the oldest if so. Answers where the head is.
    #[inline]
    pub(crate) fn make_room(&self, tail: u64, depth: u64, ring: &Ring) -> u64 {
        // Acquire: what the reader claimed it has looked at, before its entry is filled again.
        let head = self.reading.0.head.load(Ordering::Acquire);
        if tail.saturating_sub(head) > depth { self.displace(head, ring) } else { head }
    }

    /// Publisher: gives up the oldest position, unless its reader was faster. Answers the next one.
    fn displace(&self, head: u64, ring: &Ring) -> u64 {
        let (w, entry) = (&self.writing.0, ring.entry(head));
        let run = w.runs.load(Ordering::Relaxed);
        let begins = run == 0 || w.displaced_to.load(Ordering::Relaxed) != head;
        if begins {
            self.runs[(run % 2) as usize].store(entry.number.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let seen = entry.word.peek();
        // Release: who claims the next position sees the run's first number. Acquire: as for the look at the head.
        let claimed =
            self.reading.0.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire);
        if claimed.is_ok() {
            w.displaced_to.store(head + 1, Ordering::Relaxed);
            w.runs.store(run + u64::from(begins), Ordering::Relaxed);
            bump(&w.displaced, 1);
            // SAFETY: this thread put the lease in, and the exchange makes this mailbox's count of position `head` its own: no reader
            // claims it any more.
            drop(unsafe { seen.claim() });
        }
        // Whoever it was, the head is one further at least.
        head + 1
    }

    /// Publisher: takes a mailbox that refuses out of the ring of all, whose `tail` it cannot follow; `head` is where its reader was seen.
    pub(crate) fn part(&self, ring: &Ring, head: u64, tail: u64) {
        self.own.copy_from(ring, head..tail);
        self.own.begin_at(tail);
        self.note_head(head);
        // Release: who sees this sees the copies. All that is put into the ring of all later is released after it.
        self.writing.0.apart.store(tail, Ordering::Release);
    }

    /// Publisher: puts a frame into its own ring if there is room. Whether there was.
    #[inline]
    pub(crate) fn put_refusing(&self, lease: Lease, number: u64) -> bool {
        let w = &self.writing.0;
        let tail = self.own.tail();
        if tail >= w.limit.load(Ordering::Relaxed) {
            // Acquire: the reader emptied the entry before it moved the head.
            if tail >= self.note_head(self.reading.0.head.load(Ordering::Acquire)) {
                self.refuse(number);
                return false;
            }
        }
        let untold = w.untold.load(Ordering::Relaxed);
        if untold != 0 {
            w.untold.store(0, Ordering::Relaxed);
        }
        self.own.fill_after(untold, lease, w.untold_first.load(Ordering::Relaxed));
        true
    }

    fn refuse(&self, number: u64) {
        let w = &self.writing.0;
        if w.untold.load(Ordering::Relaxed) == 0 {
            w.untold_first.store(number, Ordering::Relaxed);
        }
        bump(&w.untold, 1);
        bump(&w.refused, 1);
    }

    /// Reader: takes the oldest frame of a refusing mailbox that shares the ring of all, if there is one. None says nothing:
    /// [`Self::take_accepted`] knows.
    #[inline]
    pub(crate) fn take_shared(&self, ring: &Ring, cursor: &mut Cursor) -> Option<Lease> {
        let head = cursor.next;
        let entry = ring.entry(head);
        if entry.stamp.load(Ordering::Acquire) != head.wrapping_add(1) {
            return None;
        }
        let seen = entry.word.peek();
        if !self.looks_shared() {
            return None;
        }
        cursor.next = head + 1;
        // Release: the publisher fills the entry again after the reader looked.
        self.reading.0.head.store(head + 1, Ordering::Release);
        // SAFETY: from a refusing mailbox nobody but the one reader takes, and it moves on from `head` here, so this position is claimed
        // once. The stamp was the position's; if it is not this mailbox's, or another one's lease was seen, the mailbox had parted
        // from the ring before that was put in, and peeking acquired it: then this line is not reached. No stamp is that of [`UNPLACED`].
        Some(unsafe { seen.claim() })
    }

    /// Reader: whether it shares the ring, asked after a look into it, which acquired what came before.
    #[inline]
    fn looks_shared(&self) -> bool {
        broken!(self, PartingUnasked) || self.writing.0.apart.load(Ordering::Relaxed) == NOWHERE
    }

    /// Reader: takes the oldest frame of a mailbox that refuses, wherever it lies.
    pub(crate) fn take_accepted(&self, ring: &Ring, cursor: &mut Cursor) -> Option<Lease> {
        let head = self.reading.0.head.load(Ordering::Acquire);
        if head == NOWHERE {
            return None;
        }
        cursor.next = head;
        if let Some(lease) = self.take_shared(ring, cursor) {
            return Some(lease);
        }
        if self.shares() { None } else { self.take_refusing(cursor) }
    }

    /// Reader: takes the oldest frame of a refusing mailbox from its own ring.
    fn take_refusing(&self, cursor: &mut Cursor) -> Option<Lease> {
        let head = self.reading.0.head.load(Ordering::Relaxed);
        let entry = self.own.entry(head);
        if entry.stamp.load(Ordering::Acquire) != head + 1 {
            return None;
        }
        cursor.lag.add(entry.number.load(Ordering::Relaxed), entry.refused.load(Ordering::Relaxed));
        // SAFETY: the stamp was acquired, and from a refusing mailbox nobody but the one reader takes: position `head` is taken once,
        // because the head is moved on below.
        let lease = unsafe { entry.word.peek().claim() };
        // Release: the publisher fills the entry again after the reader emptied it.
        self.reading.0.head.store(head + 1, Ordering::Release);
        Some(lease)
    }

    /// Reader: takes the oldest frame of a displacing mailbox, if there is one and nothing was displaced since the one before. None says
    /// nothing: [`Self::take_displacing`] knows.
    #[inline]
    pub(crate) fn take_in_step(&self, ring: &Ring, cursor: &mut Cursor) -> Option<Lease> {
        let head = cursor.next;
        let entry = ring.entry(head);
        if entry.stamp.load(Ordering::Acquire) != head.wrapping_add(1) {
            return None;
        }
        let seen = entry.word.peek();
        if !self.claim(head) {
            return None;
        }
        cursor.next = head + 1;
        // SAFETY: as in `take_displacing`: the stamp was this position's, and the claim, which nobody made before, makes its count the
        // reader's own. No stamp is that of [`UNPLACED`], which no head ever was.
        Some(unsafe { self.look_again(entry, seen).claim() })
    }

    /// Reader: takes the oldest frame of a displacing mailbox.
    pub(crate) fn take_displacing(&self, ring: &Ring, cursor: &mut Cursor) -> Option<Lease> {
        loop {
            let head = self.reading.0.head.load(Ordering::Acquire);
            if head != cursor.next {
                self.find(head, cursor)?;
            }
            let entry = ring.entry(head);
            let stamp = entry.stamp.load(Ordering::Acquire);
            if stamp <= head {
                return None;
            }
            let seen = entry.word.peek();
            // A younger stamp says that the head is not there any more.
            if stamp != head + 1 || !self.claim(head) {
                continue;
            }
            if head != cursor.next {
                self.note_run(head, cursor);
            }
            cursor.next = head + 1;
            // SAFETY: the claim made this mailbox's count of position `head` the reader's own. Nobody had claimed it before, so the entry
            // was not filled again, and what was seen under the stamp of this position is its lease.
            return Some(unsafe { self.look_again(entry, seen).claim() });
        }
    }

    /// Reader: the head is not where it left it. None if there is no head yet.
    fn find(&self, head: u64, cursor: &mut Cursor) -> Option<()> {
        if head == NOWHERE {
            return None;
        }
        if cursor.next == UNPLACED {
            cursor.next = self.writing.0.begin.load(Ordering::Relaxed);
        }
        Some(())
    }

    /// Reader: positions were displaced before the one that was claimed.
    #[cold]
    fn note_run(&self, head: u64, cursor: &mut Cursor) {
        let first = self.runs[(cursor.runs % 2) as usize].load(Ordering::Relaxed);
        cursor.lag.add(first, head.saturating_sub(cursor.next));
        cursor.runs += 1;
    }

    /// What was seen before the claim. The control looks after it, when the entry may be filled again.
    #[inline]
    fn look_again(&self, entry: &Entry, seen: Unclaimed) -> Unclaimed {
        if broken!(self, LooksAfterClaim) { entry.word.peek() } else { seen }
    }

    #[inline]
    fn claim(&self, head: u64) -> bool {
        if broken!(self, ClaimsUnasked) {
            self.reading.0.head.store(head + 1, Ordering::Release);
            return true;
        }
        // Release: the publisher fills the entry again after the reader looked. Acquire: the number of the first displaced frame.
        self.reading.0.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Reader: frames refused after the last one accepted; to be asked when nothing is published any more.
    pub(crate) fn refused_at_the_end(&self, lag: &mut Lag) {
        let w = &self.writing.0;
        let refused = w.untold.swap(0, Ordering::Relaxed);
        lag.add(w.untold_first.load(Ordering::Relaxed), refused);
    }

    /// Drops what waits, and gives up the place in the ring. For who knows that nothing is put in any more: two may be at it.
    pub(crate) fn close(&self, ring: &Ring) {
        loop {
            let head = self.reading.0.head.load(Ordering::Acquire);
            if head == NOWHERE {
                return;
            }
            let entry = ring.entry(head);
            let is_there = entry.stamp.load(Ordering::Acquire) == head + 1;
            let seen = entry.word.peek();
            let next = if is_there { head + 1 } else { NOWHERE };
            if !is_there {
                // Before the head says so: who finds it nowhere knows where it was. Two who are at it say the same.
                self.writing.0.end.store(head, Ordering::Relaxed);
            }
            let moved = self.reading.0.head.compare_exchange(head, next, Ordering::AcqRel, Ordering::Relaxed);
            if moved.is_err() {
                continue;
            }
            if !is_there {
                return;
            }
            // SAFETY: as for a reader's claim: the stamp was this position's, and the exchange makes its count this thread's own.
            drop(unsafe { seen.claim() });
        }
    }
}

/// The number by which losses are told: the camera's own where it sends one.
#[inline]
pub(crate) fn number_of(record: &Record) -> u64 {
    record.camera_number.unwrap_or(record.number)
}
