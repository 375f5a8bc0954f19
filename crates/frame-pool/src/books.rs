//! The books: every frame stands in exactly one column.
//!
//! Two writers keep two ledgers (the callback thread and the service thread), each under a sequence counter, so that a
//! snapshot is never half an entry and nobody waits for a reader.

use crossbeam_queue::ArrayQueue;

use crate::sync::{AtomicU64, Line, Ordering, fence, spin_loop};

/// Why a frame was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossCause {
    /// The camera's own counter jumped further than the driver's: lost inside the camera or on the link.
    InCamera,
    /// The driver's frame number jumped, and nothing of the frame lies in the ring.
    BeforeHost,
    /// The frame was written into the ring, but its notification never came.
    Notification,
    /// The ring was full: its slots were held by readers. Nobody announces that; a loss that follows right on a frame which filled
    /// the ring counts as one to it, whatever else may have happened just then.
    RingFull,
    /// More frames waited to be copied than the ring can hold safely.
    CopierQueue,
    /// All reserve blocks were held by readers.
    Reserve,
    /// The frame was overwritten before or while it was copied.
    Torn,
    /// The frame was announced after the stop was asked for.
    AtStop,
}

/// One loss: `count` frames from number `first` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LossEvent {
    /// Why.
    pub cause: LossCause,
    /// The first frame number lost (the camera's numbering where it sends one, else the driver's).
    pub first: u64,
    /// How many in a row.
    pub count: u64,
}

/// Where every frame of a session went. `highest` is the sum of all other frame columns; see [`Books::balanced`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Books {
    /// The highest frame number observed.
    pub highest: u64,
    /// Given to the session's sink as good.
    pub delivered: u64,
    /// See [`LossCause::InCamera`].
    pub lost_in_camera: u64,
    /// See [`LossCause::BeforeHost`].
    pub lost_before_host: u64,
    /// See [`LossCause::Notification`].
    pub lost_notification: u64,
    /// See [`LossCause::RingFull`].
    pub lost_ring_full: u64,
    /// See [`LossCause::CopierQueue`].
    pub lost_copier_queue: u64,
    /// See [`LossCause::Reserve`].
    pub lost_reserve: u64,
    /// See [`LossCause::Torn`].
    pub torn: u64,
    /// See [`LossCause::AtStop`].
    pub discarded_at_stop: u64,
    /// Waiting to be copied.
    pub in_flight: u64,
    /// Not a frame column: bytes copied by this pool.
    pub copied_bytes: u64,
    /// Not a frame column: slots given back to the SDK.
    pub unlocked: u64,
    /// Not a frame column: unlocks that the SDK refused.
    pub unlock_refused: u64,
    /// Not a frame column: frames that the keeper moved out of the ring under their readers. They are delivered all the same.
    pub rescued: u64,
    /// Not a frame column: bytes copied by rescues (not part of `copied_bytes`, which is what delivery copied).
    pub rescued_bytes: u64,
    /// Not a frame column: nanoseconds from arrival to rescue of the frame that was held longest.
    pub longest_held_ns: u64,
    /// Not a frame column: times that the keeper found no free reserve block, or a pinned frame, where it wanted to rescue.
    pub rescue_refused: u64,
    /// Not a frame column: loss events that did not fit the log (the columns count them all the same).
    pub events_dropped: u64,
}

impl Books {
    /// Frames lost, for whatever cause.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost_in_camera
            + self.lost_before_host
            + self.lost_notification
            + self.lost_ring_full
            + self.lost_copier_queue
            + self.lost_reserve
            + self.torn
            + self.discarded_at_stop
    }

    /// Whether every frame observed stands in exactly one column.
    ///
    /// ```
    /// assert!(frame_pool::Books::default().balanced());
    /// ```
    #[must_use]
    pub const fn balanced(&self) -> bool {
        self.highest == self.delivered + self.lost() + self.in_flight
    }
}

impl core::fmt::Display for Books {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} observed = {} delivered", self.highest, self.delivered)?;
        let columns = [
            (self.lost_in_camera, "lost in the camera"),
            (self.lost_before_host, "lost before the host"),
            (self.lost_notification, "not announced"),
            (self.lost_ring_full, "lost to a full ring"),
            (self.lost_copier_queue, "lost to a full copier queue"),
            (self.lost_reserve, "lost to a used-up reserve"),
            (self.torn, "torn"),
            (self.discarded_at_stop, "discarded at stop"),
            (self.in_flight, "in flight"),
        ];
        for (count, name) in columns.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, " + {count} {name}")?;
        }
        if self.balanced() { Ok(()) } else { write!(f, " (DOES NOT BALANCE)") }
    }
}

const COLUMNS: usize = 10;

/// Columns of a ledger. Both writers use the same names; `Torn` and `Reserve` may be seen by either.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    InCamera,
    BeforeHost,
    Notification,
    RingFull,
    CopierQueue,
    AtStop,
    Submitted,
    CopiedGood,
    Reserve,
    Torn,
}

/// One writer's counters: what is delivered in a word of its own, all else under a sequence counter.
///
/// Frames come in order and mostly without a gap, so the highest number is kept as what it is ahead of the deliveries: one store
/// enters such a frame, and no reader sees the one without the other.
#[derive(Debug, Default)]
struct Ledger {
    /// Deliveries.
    delivered: AtomicU64,
    /// The highest frame number seen, less the deliveries. Changes under the sequence alone.
    ahead: AtomicU64,
    /// Odd while an entry is made that is more than a delivery in order.
    sequence: AtomicU64,
    columns: [AtomicU64; COLUMNS],
    /// The frame delivered last, and how many were when that was noted. The writer's own.
    last: AtomicU64,
    last_at: AtomicU64,
    /// What a control breaks on purpose.
    #[cfg(pool_loom)]
    fault: crate::model::Fault,
}

/// What a ledger said at one moment.
struct Page {
    highest: u64,
    delivered: u64,
    columns: [u64; COLUMNS],
}

impl Ledger {
    /// One more frame was delivered. Only this ledger's one writer calls it.
    #[inline]
    fn deliver(&self, number: u64) {
        let delivered = self.delivered.load(Ordering::Relaxed) + 1;
        if number == delivered.wrapping_add(self.ahead.load(Ordering::Relaxed)) {
            // Relaxed: after the fence of the last entry, so who sees it sees as well that the sequence has moved.
            self.delivered.store(delivered, Ordering::Relaxed);
        } else {
            self.deliver_out_of_step(number);
        }
    }

    /// In line all the same: a call would make the frames that are in step save registers for it.
    #[inline(always)]
    fn deliver_out_of_step(&self, number: u64) {
        let highest = self.highest().max(number);
        let delivered = self.delivered.load(Ordering::Relaxed) + 1;
        self.entry(|| {
            self.delivered.store(delivered, Ordering::Relaxed);
            self.ahead.store(highest.wrapping_sub(delivered), Ordering::Relaxed);
        });
        self.last.store(number, Ordering::Relaxed);
        self.last_at.store(delivered, Ordering::Relaxed);
    }

    /// Changes several columns as one entry. Only this ledger's one writer calls it.
    fn write(&self, changes: &[(Entry, u64)], highest: Option<u64>) {
        // Before the highest number moves on without a delivery.
        self.last();
        let ahead =
            self.highest().max(highest.unwrap_or(0)).wrapping_sub(self.delivered.load(Ordering::Relaxed));
        self.entry(|| {
            for (entry, by) in changes {
                let column = &self.columns[*entry as usize];
                column.store(column.load(Ordering::Relaxed).wrapping_add(*by), Ordering::Relaxed);
            }
            self.ahead.store(ahead, Ordering::Relaxed);
        });
    }

    #[inline]
    fn entry(&self, change: impl FnOnce()) {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::EntryWithoutSequence {
            return change();
        }
        let s = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(s.wrapping_add(1), Ordering::Relaxed);
        // Release: who sees any of what follows sees that the sequence has moved.
        #[cfg(not(pool_loom))]
        fence(Ordering::Release);
        #[cfg(pool_loom)]
        if self.fault != crate::model::Fault::UnfencedEntry {
            fence(Ordering::Release);
        }
        change();
        self.sequence.store(s.wrapping_add(2), Ordering::Release);
    }

    /// The highest number seen. The writer alone asks.
    #[inline]
    fn highest(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed).wrapping_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Number of the frame that was delivered last. The writer alone asks.
    fn last(&self) -> u64 {
        let delivered = self.delivered.load(Ordering::Relaxed);
        if delivered != self.last_at.load(Ordering::Relaxed) {
            // Delivered in order since, so the newest of them is the highest.
            self.last.store(self.highest(), Ordering::Relaxed);
            self.last_at.store(delivered, Ordering::Relaxed);
        }
        self.last.load(Ordering::Relaxed)
    }

    fn read(&self) -> Page {
        loop {
            let before = self.sequence.load(Ordering::Acquire);
            let delivered = self.delivered.load(Ordering::Relaxed);
            let ahead = self.ahead.load(Ordering::Relaxed);
            let columns = core::array::from_fn(|i| self.columns[i].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == before {
                return Page { highest: delivered.wrapping_add(ahead), delivered, columns };
            }
            spin_loop();
        }
    }
}

/// The counters behind [`Books`], and the log of losses.
#[derive(Debug)]
pub(crate) struct Counters {
    callback: Line<Ledger>,
    service: Line<Ledger>,
    unlocked: AtomicU64,
    unlock_refused: AtomicU64,
    copied_bytes: AtomicU64,
    rescued: AtomicU64,
    rescued_bytes: AtomicU64,
    longest_held_ns: AtomicU64,
    rescue_refused: AtomicU64,
    events_dropped: AtomicU64,
    log: ArrayQueue<LossEvent>,
}

impl Counters {
    pub(crate) fn new(log_depth: usize) -> Self {
        Self {
            callback: Line::default(),
            service: Line::default(),
            unlocked: AtomicU64::new(0),
            unlock_refused: AtomicU64::new(0),
            copied_bytes: AtomicU64::new(0),
            rescued: AtomicU64::new(0),
            rescued_bytes: AtomicU64::new(0),
            longest_held_ns: AtomicU64::new(0),
            rescue_refused: AtomicU64::new(0),
            events_dropped: AtomicU64::new(0),
            log: ArrayQueue::new(log_depth.max(1)),
        }
    }

    /// Counters that have a fault.
    #[cfg(pool_loom)]
    pub(crate) fn new_broken(fault: crate::model::Fault) -> Self {
        let mut this = Self::new(1);
        this.callback.0.fault = fault;
        this
    }

    /// The callback thread delivered frame `number`.
    #[inline]
    pub(crate) fn delivered(&self, number: u64) {
        self.callback.0.deliver(number);
    }

    /// The frame that the callback thread delivered last. It alone asks.
    pub(crate) fn last_delivered(&self) -> u64 {
        self.callback.0.last()
    }

    /// The callback thread handed frame `number` to the copier.
    pub(crate) fn submitted(&self, number: u64) {
        self.callback.0.write(&[(Entry::Submitted, 1)], Some(number));
    }

    /// The callback thread observed a loss.
    pub(crate) fn lost(&self, event: LossEvent) {
        let entry = match event.cause {
            LossCause::InCamera => Entry::InCamera,
            LossCause::BeforeHost => Entry::BeforeHost,
            LossCause::Notification => Entry::Notification,
            LossCause::RingFull => Entry::RingFull,
            LossCause::CopierQueue => Entry::CopierQueue,
            LossCause::AtStop => Entry::AtStop,
            LossCause::Reserve => Entry::Reserve,
            LossCause::Torn => Entry::Torn,
        };
        let last = event.first.saturating_add(event.count).saturating_sub(1);
        self.callback.0.write(&[(entry, event.count)], Some(last));
        self.note(event);
    }

    /// The service thread delivered a copy of `bytes` bytes.
    pub(crate) fn copied(&self, bytes: u64) {
        self.service.0.write(&[(Entry::CopiedGood, 1)], None);
        self.copied_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The service thread could not deliver a frame.
    pub(crate) fn copy_lost(&self, event: LossEvent) {
        let entry = match event.cause {
            LossCause::Torn => Entry::Torn,
            LossCause::AtStop => Entry::AtStop,
            _ => Entry::Reserve,
        };
        self.service.0.write(&[(entry, event.count)], None);
        self.note(event);
    }

    /// Slots were given back. One caller at a time: the holder of the ring's gate.
    pub(crate) fn unlocks(&self, unlocked: u64, refused: u64) {
        let add = |to: &AtomicU64, by| to.store(to.load(Ordering::Relaxed) + by, Ordering::Relaxed);
        add(&self.unlocked, unlocked);
        if refused > 0 {
            add(&self.unlock_refused, refused);
        }
    }

    /// The keeper moved a frame of `bytes` bytes that had been held for `held_ns`.
    pub(crate) fn rescued(&self, bytes: u64, held_ns: u64) {
        self.rescued.fetch_add(1, Ordering::Relaxed);
        self.rescued_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.longest_held_ns.fetch_max(held_ns, Ordering::Relaxed);
    }

    /// The keeper wanted to move a frame and could not.
    pub(crate) fn rescue_refused(&self) {
        self.rescue_refused.fetch_add(1, Ordering::Relaxed);
    }

    fn note(&self, event: LossEvent) {
        if self.log.push(event).is_err() {
            self.events_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the oldest noted loss.
    pub(crate) fn next_loss(&self) -> Option<LossEvent> {
        self.log.pop()
    }

    pub(crate) fn snapshot(&self) -> Books {
        // The service ledger first: what it finished was submitted before, so the difference is never negative.
        let service = self.service.0.read();
        let callback = self.callback.0.read();
        let c = |e: Entry| callback.columns[e as usize];
        let s = |e: Entry| service.columns[e as usize];
        let finished = s(Entry::CopiedGood) + s(Entry::Reserve) + s(Entry::Torn) + s(Entry::AtStop);
        Books {
            highest: callback.highest,
            delivered: callback.delivered + s(Entry::CopiedGood),
            lost_in_camera: c(Entry::InCamera),
            lost_before_host: c(Entry::BeforeHost),
            lost_notification: c(Entry::Notification),
            lost_ring_full: c(Entry::RingFull),
            lost_copier_queue: c(Entry::CopierQueue),
            lost_reserve: c(Entry::Reserve) + s(Entry::Reserve),
            torn: c(Entry::Torn) + s(Entry::Torn),
            discarded_at_stop: c(Entry::AtStop) + s(Entry::AtStop),
            in_flight: c(Entry::Submitted) - finished,
            copied_bytes: self.copied_bytes.load(Ordering::Relaxed),
            rescued: self.rescued.load(Ordering::Relaxed),
            rescued_bytes: self.rescued_bytes.load(Ordering::Relaxed),
            longest_held_ns: self.longest_held_ns.load(Ordering::Relaxed),
            rescue_refused: self.rescue_refused.load(Ordering::Relaxed),
            unlocked: self.unlocked.load(Ordering::Relaxed),
            unlock_refused: self.unlock_refused.load(Ordering::Relaxed),
            events_dropped: self.events_dropped.load(Ordering::Relaxed),
        }
    }
}
