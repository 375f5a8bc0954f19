//! A seat: where one subscriber after the other sits. Made with the bus, so that joining allocates nothing that the publisher looks at.

use std::sync::Arc;
use std::task::Waker;

use frame_pool::{Doorbell, Evidence, Lease, Record};

use crate::books::SubscriberBooks;
use crate::frame::Account;
use crate::mailbox::{Mailbox, Put};
use crate::plan::{Filter, Keeps, Pace, Policy, Request};
use crate::sync::{AtomicU32, AtomicU64, Line, Mutex, Ordering, bump};

/// Phases of a seat, in the low bits of its state; the bits above count who sat here.
pub(crate) const FREE: u64 = 0;
pub(crate) const ACTIVE: u64 = 1;
pub(crate) const LEFT: u64 = 2;
pub(crate) const PHASE: u64 = 3;
pub(crate) const GENERATION: u64 = 4;

/// How the reader waits, in `waiting`.
pub(crate) const AWAKE: u32 = 0;
pub(crate) const THREAD: u32 = 1;
pub(crate) const TASK: u32 = 2;
/// A task that was woken and has not looked yet.
pub(crate) const TOLD: u32 = 3;

const REFUSING: u32 = Keeps::Refusing as u32;
const DISPLACING: u32 = Keeps::Displacing as u32;

/// The request as the publisher reads it. Written by who joins, before the seat is active.
#[derive(Debug, Default)]
struct Rule {
    keeps: AtomicU32,
    ends: AtomicU32,
    depth: AtomicU64,
    /// Every n-th; 0: no such pace.
    nth: AtomicU64,
    /// Least nanoseconds between two; 0: no such pace.
    period_ns: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
    after_loss: AtomicU32,
    proven: AtomicU32,
    /// Neither pace nor filter: all frames are wanted.
    plain: AtomicU32,
}

/// What the publisher counts.
#[derive(Debug, Default)]
struct Offered {
    offered: AtomicU64,
    skipped: AtomicU64,
    displaced: AtomicU64,
    refused: AtomicU64,
    /// Frames that passed the filter, and when the next is due.
    passed: AtomicU64,
    due_ns: AtomicU64,
}

/// What the reader counts.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) taken: AtomicU64,
    pub(crate) passed_over: AtomicU64,
    pub(crate) too_late: AtomicU64,
    pub(crate) left: AtomicU64,
}

/// What neither publisher nor hot reader looks at.
#[derive(Debug, Default)]
pub(crate) struct Card {
    pub(crate) account: Option<Arc<Account>>,
    pub(crate) request: Option<Request>,
}

#[derive(Debug)]
pub(crate) struct Seat {
    /// Generation and phase.
    pub(crate) state: AtomicU64,
    /// The delivery that was going on when the last reader left.
    pub(crate) left_during: AtomicU64,
    rule: Rule,
    /// Publisher: whether the present frame is for this seat.
    pub(crate) chosen: AtomicU32,
    pub(crate) mailbox: Mailbox,
    offered: Line<Offered>,
    pub(crate) reading: Line<Taken>,
    pub(crate) waiting: AtomicU32,
    pub(crate) bell: Doorbell,
    pub(crate) waker: Mutex<Option<Waker>>,
    /// Generation whose wait is to end.
    pub(crate) cancelled: AtomicU64,
    pub(crate) card: Mutex<Card>,
}

/// What an offer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// In the mailbox.
    Put,
    /// No room, which is no news.
    Refused,
    /// No room, and the run is to end.
    Ends,
}

impl Seat {
    pub(crate) fn new(depth: u32) -> Self {
        Self {
            state: AtomicU64::new(FREE),
            left_during: AtomicU64::new(0),
            rule: Rule::default(),
            chosen: AtomicU32::new(0),
            mailbox: Mailbox::new(depth),
            offered: Line::default(),
            reading: Line::default(),
            waiting: AtomicU32::new(AWAKE),
            bell: Doorbell::new(),
            waker: Mutex::new(None),
            cancelled: AtomicU64::new(0),
            card: Mutex::new(Card::default()),
        }
    }

    /// Lets a subscriber sit down; returns the state that says so, to be stored by the caller. The seat must be out of everybody's
    /// sight: not active, and no delivery under way that saw it active.
    pub(crate) fn prepare(&self, request: &Request, account: &Arc<Account>) -> u64 {
        self.mailbox.reset();
        let (o, r, rule) = (&self.offered.0, &self.reading.0, &self.rule);
        let counters = [&o.offered, &o.skipped, &o.displaced, &o.refused, &o.passed, &o.due_ns];
        counters.into_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
        let counters = [&r.taken, &r.passed_over, &r.too_late, &r.left];
        counters.into_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
        let (nth, period) = match request.pace {
            Pace::All => (0, 0),
            Pace::Nth(n) => (u64::from(n.get()), 0),
            Pace::PerSecond(rate) => (0, 1_000_000_000 / u64::from(rate.get())),
        };
        let every = matches!(request.policy, Policy::Every { .. });
        rule.keeps.store(request.policy.keeps() as u32, Ordering::Relaxed);
        rule.ends.store((every && request.end_on_overrun).into(), Ordering::Relaxed);
        rule.depth.store(request.policy.depth().into(), Ordering::Relaxed);
        rule.nth.store(nth, Ordering::Relaxed);
        rule.period_ns.store(period, Ordering::Relaxed);
        rule.first.store(request.filter.first, Ordering::Relaxed);
        rule.last.store(request.filter.last, Ordering::Relaxed);
        rule.after_loss.store(request.filter.after_loss.into(), Ordering::Relaxed);
        rule.proven.store(request.filter.proven.into(), Ordering::Relaxed);
        let plain = (nth, period) == (0, 0) && request.filter == Filter::default();
        rule.plain.store(plain.into(), Ordering::Relaxed);
        self.waiting.store(AWAKE, Ordering::Relaxed);
        *self.card.lock() = Card { account: Some(Arc::clone(account)), request: Some(request.clone()) };
        ((self.state.load(Ordering::Relaxed) & !PHASE) + GENERATION) | ACTIVE
    }

    /// Whether a subscriber sits here and reads.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.state.load(Ordering::Acquire) & PHASE == ACTIVE
    }

    /// Publisher: whether the subscriber wants the frame. To be asked once for each frame.
    #[inline]
    pub(crate) fn wants(&self, record: &Record) -> bool {
        bump(&self.offered.0.offered, 1);
        let plain = self.rule.plain.load(Ordering::Relaxed) != 0;
        let wanted = plain || (self.passes(record) && self.is_due(record));
        if !wanted {
            bump(&self.offered.0.skipped, 1);
        }
        wanted
    }

    fn passes(&self, record: &Record) -> bool {
        let rule = &self.rule;
        record.number >= rule.first.load(Ordering::Relaxed)
            && record.number <= rule.last.load(Ordering::Relaxed)
            && (rule.after_loss.load(Ordering::Relaxed) == 0 || record.lost_before > 0)
            && (rule.proven.load(Ordering::Relaxed) == 0 || record.evidence != Evidence::Unproven)
    }

    fn is_due(&self, record: &Record) -> bool {
        let (nth, period) =
            (self.rule.nth.load(Ordering::Relaxed), self.rule.period_ns.load(Ordering::Relaxed));
        let o = &self.offered.0;
        if nth > 1 {
            let passed = o.passed.load(Ordering::Relaxed);
            o.passed.store(passed + 1, Ordering::Relaxed);
            return passed.is_multiple_of(nth);
        }
        if period == 0 {
            return true;
        }
        let (now, due) = (record.arrived_ns, o.due_ns.load(Ordering::Relaxed));
        if due != 0 && now < due {
            return false;
        }
        // A frame that is a little late does not move the grid, or a rate near the camera's would be halved by jitter.
        let on_grid = due != 0 && now - due < period;
        o.due_ns.store(if on_grid { due } else { now } + period, Ordering::Relaxed);
        true
    }

    /// Publisher: puts a frame in, as the policy says.
    #[inline]
    pub(crate) fn put(&self, lease: Lease, number: u64) -> Offer {
        let depth = self.rule.depth.load(Ordering::Relaxed);
        let put = match self.rule.keeps.load(Ordering::Relaxed) {
            REFUSING => self.mailbox.put_refusing(depth, lease, number),
            DISPLACING => self.mailbox.put_displacing(depth, lease, number),
            _ => self.mailbox.put_newest(lease),
        };
        match put {
            Put::Accepted => {}
            Put::Displaced => bump(&self.offered.0.displaced, 1),
            Put::Refused => {
                bump(&self.offered.0.refused, 1);
                let ends = self.rule.ends.load(Ordering::Relaxed) != 0;
                return if ends { Offer::Ends } else { Offer::Refused };
            }
        }
        if !self.is_active() && !self.keeps_after_leave() {
            self.mailbox.take_back(depth);
        }
        Offer::Put
    }

    fn keeps_after_leave(&self) -> bool {
        #[cfg(pool_loom)]
        return self.mailbox.fault == crate::model::Fault::KeepsAfterLeave;
        #[cfg(not(pool_loom))]
        false
    }

    /// Frames that its mailbox may hold.
    pub(crate) fn depth(&self) -> u64 {
        self.rule.depth.load(Ordering::Relaxed)
    }

    /// Publisher, dispatcher: whether there is something to read.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.mailbox.unread() > 0
    }

    /// Its books, as they stand. What is unread is what is in no other column, so that they balance also while frames move.
    pub(crate) fn books(&self, account: &Account) -> SubscriberBooks {
        let (o, r) = (&self.offered.0, &self.reading.0);
        let left = r.left.load(Ordering::Relaxed);
        let (taken, passed_over) = (r.taken.load(Ordering::Relaxed), r.passed_over.load(Ordering::Relaxed));
        let displaced = o.displaced.load(Ordering::Relaxed) + r.too_late.load(Ordering::Relaxed);
        let (refused, skipped) = (o.refused.load(Ordering::Relaxed), o.skipped.load(Ordering::Relaxed));
        let offered = o.offered.load(Ordering::Relaxed);
        let elsewhere = taken + passed_over + displaced + refused + skipped;
        let has_left = self.state.load(Ordering::Acquire) & PHASE != ACTIVE;
        let rest = offered.saturating_sub(elsewhere);
        let (unread, left) = if has_left { (0, rest) } else { (rest - left.min(rest), left) };
        SubscriberBooks {
            name: account.name.to_string(),
            offered,
            taken,
            torn: account.torn(),
            unread,
            displaced,
            refused,
            skipped,
            passed_over,
            left,
        }
    }

    /// Whether a delivery can be under way that saw the last subscriber here.
    pub(crate) fn is_still(&self, delivery: u64) -> bool {
        let during = self.left_during.load(Ordering::Relaxed);
        during.is_multiple_of(2) || during != delivery
    }
}
