//! A seat: where one subscriber after the other sits. Made with the bus, so that joining allocates nothing that the publisher looks at.

use std::task::Waker;

use frame_pool::{Doorbell, Evidence, Lease, Record};

use crate::account::{Account, Opened};
use crate::books::SubscriberBooks;
use crate::fault::broken;
use crate::mailbox::{Mailbox, Reading};
use crate::plan::{Filter, Keeps, Pace, Policy, Request};
use crate::ring::Ring;
use crate::sync::{AtomicU32, AtomicU64, Line, Mutex, Ordering, bump};

/// Phases of a seat, in the low bits of its state; the bits above count who sat here.
pub(crate) const FREE: u64 = 0;
pub(crate) const ACTIVE: u64 = 1;
/// The subscriber has left; its mailbox is not swept yet.
pub(crate) const LEAVING: u64 = 2;
/// Somebody sweeps the mailbox.
pub(crate) const SWEEPING: u64 = 3;
/// Free again; the books of who left are here.
pub(crate) const LEFT: u64 = 4;
/// Two sweep the mailbox: who left and the publisher. The last of them gives the seat free.
pub(crate) const BOTH: u64 = 5;
pub(crate) const PHASE: u64 = 7;
pub(crate) const GENERATION: u64 = 8;

/// How the reader waits, in `waiting`.
pub(crate) const AWAKE: u32 = 0;
pub(crate) const THREAD: u32 = 1;
pub(crate) const TASK: u32 = 2;
/// A task that was woken and has not looked yet.
pub(crate) const TOLD: u32 = 3;

/// What the publisher reads of a seat, and only those write who join and leave: the request comes before the seat is active.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    /// Generation and phase.
    pub(crate) state: AtomicU64,
    ends: AtomicU32,
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
    /// A full mailbox takes nothing.
    refuses: AtomicU32,
}

/// What the publisher notes beside what its mailbox does.
#[derive(Debug, Default)]
struct Offered {
    skipped: AtomicU64,
    /// Frames that passed the filter, and when the next is due.
    passed: AtomicU64,
    due_ns: AtomicU64,
}

/// What neither publisher nor hot reader looks at.
#[derive(Debug, Default)]
pub(crate) struct Card {
    pub(crate) account: Option<Opened>,
    pub(crate) request: Option<Request>,
}

#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) rule: Line<Rule>,
    offered: Line<Offered>,
    pub(crate) mailbox: Mailbox,
    pub(crate) bell: Doorbell,
    pub(crate) waker: Mutex<Option<Waker>>,
    /// Generation whose wait is to end.
    pub(crate) cancelled: AtomicU64,
    pub(crate) card: Mutex<Card>,
}

impl Seat {
    pub(crate) fn new(depth: u32) -> Self {
        Self {
            rule: Line::default(),
            offered: Line::default(),
            mailbox: Mailbox::new(depth),
            bell: Doorbell::new(),
            waker: Mutex::new(None),
            cancelled: AtomicU64::new(0),
            card: Mutex::new(Card::default()),
        }
    }

    /// Lets a subscriber sit down; returns the state that says so, to be stored by the caller. The seat must be out of everybody's
    /// sight: never used, or left and swept.
    pub(crate) fn prepare(&self, request: &Request, account: Opened) -> u64 {
        let (o, rule) = (&self.offered.0, &self.rule.0);
        let counters = [&o.skipped, &o.passed, &o.due_ns];
        counters.into_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
        let (nth, period) = match request.pace {
            Pace::All => (0, 0),
            Pace::Nth(n) => (u64::from(n.get()), 0),
            Pace::PerSecond(rate) => (0, 1_000_000_000 / u64::from(rate.get())),
        };
        let every = matches!(request.policy, Policy::Every { .. });
        rule.ends.store((every && request.end_on_overrun).into(), Ordering::Relaxed);
        rule.nth.store(nth, Ordering::Relaxed);
        rule.period_ns.store(period, Ordering::Relaxed);
        rule.first.store(request.filter.first, Ordering::Relaxed);
        rule.last.store(request.filter.last, Ordering::Relaxed);
        rule.after_loss.store(request.filter.after_loss.into(), Ordering::Relaxed);
        rule.proven.store(request.filter.proven.into(), Ordering::Relaxed);
        let plain = (nth, period) == (0, 0) && request.filter == Filter::default();
        rule.plain.store(plain.into(), Ordering::Relaxed);
        let refuses = request.policy.keeps() == Keeps::Refusing;
        rule.refuses.store(refuses.into(), Ordering::Relaxed);
        self.mailbox.reset(request.policy.depth(), !plain);
        *self.card.lock() = Card { account: Some(account), request: Some(request.clone()) };
        ((rule.state.load(Ordering::Relaxed) & !PHASE) + GENERATION) | ACTIVE
    }

    /// Who is to be woken from now on, if anybody. A waker is other people's code, so the one before goes without the lock.
    pub(crate) fn set_waker(&self, waker: Option<Waker>) {
        let mut held = self.waker.lock();
        let before = core::mem::replace(&mut *held, waker);
        if !broken!(self.mailbox, DropsUnderLock) {
            drop(held);
        }
        drop(before);
    }

    /// What its reader writes.
    #[inline]
    pub(crate) fn reading(&self) -> &Reading {
        &self.mailbox.reading.0
    }

    #[inline]
    pub(crate) fn phase(&self) -> u64 {
        self.rule.0.state.load(Ordering::Acquire) & PHASE
    }

    /// Who sits here, or sat here last.
    pub(crate) fn generation(&self) -> u64 {
        self.rule.0.state.load(Ordering::Acquire) & !PHASE
    }

    /// Goes from one phase of a generation to the next, if it is in that; one of several who try succeeds.
    pub(crate) fn go(&self, generation: u64, from: u64, to: u64) -> bool {
        let (from, to) = (generation | from, generation | to);
        self.rule.0.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether a subscriber sits here and reads.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.phase() == ACTIVE
    }

    /// Whether it wants every frame.
    pub(crate) fn is_plain(&self) -> bool {
        self.rule.0.plain.load(Ordering::Relaxed) != 0
    }

    /// Whether a full mailbox takes nothing.
    pub(crate) fn refuses(&self) -> bool {
        self.rule.0.refuses.load(Ordering::Relaxed) != 0
    }

    /// The ring of its mailbox.
    #[inline]
    pub(crate) fn ring<'a>(&'a self, shared: &'a Ring) -> &'a Ring {
        if self.mailbox.shares() { shared } else { &self.mailbox.own }
    }

    /// Publisher: whether a subscriber who does not want every frame wants this one. To be asked once for each frame.
    pub(crate) fn wants(&self, record: &Record) -> bool {
        let wanted = self.passes(record) && self.is_due(record);
        if !wanted {
            bump(&self.offered.0.skipped, 1);
        }
        wanted
    }

    fn passes(&self, record: &Record) -> bool {
        let rule = &self.rule.0;
        record.number >= rule.first.load(Ordering::Relaxed)
            && record.number <= rule.last.load(Ordering::Relaxed)
            && (rule.after_loss.load(Ordering::Relaxed) == 0 || record.lost_before > 0)
            && (rule.proven.load(Ordering::Relaxed) == 0 || record.evidence != Evidence::Unproven)
    }

    fn is_due(&self, record: &Record) -> bool {
        let (o, rule) = (&self.offered.0, &self.rule.0);
        let (nth, period) = (rule.nth.load(Ordering::Relaxed), rule.period_ns.load(Ordering::Relaxed));
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

    /// Publisher: puts a frame into a mailbox with a ring of its own. False if that was an overrun that is to end the run.
    #[inline]
    pub(crate) fn put(&self, lease: Lease, number: u64) -> bool {
        if !self.refuses() {
            self.mailbox.put_displacing(lease, number);
            return true;
        }
        self.mailbox.put_refusing(lease, number) || self.rule.0.ends.load(Ordering::Relaxed) == 0
    }

    /// Publisher, dispatcher: whether there is something to read.
    #[inline]
    pub(crate) fn has_mail(&self, shared: &Ring) -> bool {
        self.mailbox.unread(self.ring(shared)) > 0
    }

    /// Its books, as they stand. What is unread is what is in no other column. While frames move, one that was
    /// taken may not be counted as put in yet.
    pub(crate) fn books(&self, account: &Account, shared: &Ring) -> SubscriberBooks {
        let (o, r) = (&self.offered.0, self.reading());
        let (taken, passed_over) = (r.taken.load(Ordering::Relaxed), r.passed_over.load(Ordering::Relaxed));
        let (displaced, refused) = (self.mailbox.displaced(), self.mailbox.refused());
        let skipped = o.skipped.load(Ordering::Relaxed);
        // Each frame was put in, refused or skipped.
        let offered = self.mailbox.accepted(self.ring(shared)) + refused + skipped;
        let elsewhere = taken + passed_over + displaced + refused + skipped;
        let rest = offered.saturating_sub(elsewhere);
        let (unread, left) = if self.is_active() { (rest, 0) } else { (0, rest) };
        SubscriberBooks {
            name: account.name(),
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
}
