//! The protocol: seats in a row, one publisher that walks along them, readers that come and go.
//!
//! `delivery` is odd while the publisher walks. A reader that leaves says so in its seat, then looks at `delivery` by a
//! read-modify-write: either the publisher comes later and sees that it left, or the walk that may have seen it is known by its
//! number, and the seat is given to nobody before that walk is over.

use std::sync::Arc;

use frame_pool::{Doorbell, Lease};

use crate::admission::{SubscribeError, admit};
use crate::books::{BusBooks, SubscriberBooks};
use crate::event::Closing;
use crate::frame::{Account, Holding};
use crate::mailbox::number_of;
use crate::plan::{BusPlan, Request};
use crate::seat::{AWAKE, FREE, LEFT, Offer, PHASE, Seat, TASK, THREAD, TOLD};
use crate::sync::{AtomicU32, AtomicU64, Line, Mutex, Ordering, bump, fence, yield_now};

/// Codes in `closed`.
pub(crate) const OPEN: u32 = 0;
pub(crate) const STOPPED: u32 = 1;
pub(crate) const FAILED: u32 = 2;
pub(crate) const CAMERA_GONE: u32 = 3;
pub(crate) const OVERRUN: u32 = 4;
pub(crate) const DROPPED: u32 = 5;

/// How often a snapshot is tried until nothing moved meanwhile.
const TRIES: u32 = if cfg!(pool_loom) { 1 } else { 64 };
/// How often a reader that leaves yields to a publisher in the middle of a delivery.
const PATIENCE: u32 = 100_000;

/// What only those who join, leave and look at the books touch.
#[derive(Debug, Default)]
pub(crate) struct Register {
    departed: SubscriberBooks,
    /// Who left and may hold frames still.
    holding: Vec<Arc<Account>>,
}

/// What the publisher writes at each frame.
#[derive(Debug, Default)]
struct Walk {
    delivery: AtomicU64,
    published: AtomicU64,
    late: AtomicU64,
    /// Who ended the run by an overrun, and at which frame.
    overrun_seat: AtomicU64,
    overrun_frame: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Fanout {
    pub(crate) plan: BusPlan,
    pub(crate) seats: Box<[Seat]>,
    /// Seats that were ever used.
    used: AtomicU32,
    walk: Line<Walk>,
    /// Readers that lie down or sleep.
    sleepers: Line<AtomicU32>,
    collided: AtomicU64,
    pub(crate) closed: AtomicU32,
    /// The dispatcher's.
    pub(crate) bell: Doorbell,
    pub(crate) register: Mutex<Register>,
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

impl Fanout {
    pub(crate) fn new(plan: BusPlan) -> Self {
        Self {
            plan,
            seats: (0..plan.seats.max(1)).map(|_| Seat::new(plan.frames)).collect(),
            used: AtomicU32::new(0),
            walk: Line::default(),
            sleepers: Line::default(),
            collided: AtomicU64::new(0),
            closed: AtomicU32::new(OPEN),
            bell: Doorbell::new(),
            register: Mutex::new(Register::default()),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    fn used(&self) -> &[Seat] {
        let used = self.used.load(Ordering::Acquire) as usize;
        self.seats.get(..used).unwrap_or(&self.seats)
    }

    /// Hands a frame to all who want it. One thread at a time: who comes while another one is at it is turned away.
    pub(crate) fn deliver(&self, lease: Lease) {
        let walk = &self.walk.0;
        let before = walk.delivery.load(Ordering::Relaxed);
        // AcqRel: see who left (`leave`), and all that the publisher before did.
        let begun = before.is_multiple_of(2)
            && walk
                .delivery
                .compare_exchange(before, before + 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if !begun {
            self.collided.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.is_closed() {
            bump(&walk.late, 1);
        } else {
            bump(&walk.published, 1);
            self.hand_out(lease);
        }
        // Release: who joins on a seat that was left sees all that was done to it. Not a plain store: those who leave write this word
        // as well.
        walk.delivery.fetch_add(1, Ordering::Release);
        self.wake_one();
    }

    /// First asks who wants the frame, then makes all clones in one step; the last one gets the lease itself.
    #[inline]
    fn hand_out(&self, lease: Lease) {
        let (record, seats) = (lease.record(), self.used());
        let number = number_of(record);
        let (mut wanted, mut last) = (0, 0);
        for (index, seat) in seats.iter().enumerate() {
            let wants = seat.is_active() && seat.wants(record);
            seat.chosen.store(wants.into(), Ordering::Relaxed);
            if wants {
                (wanted, last) = (wanted + 1, index);
            }
        }
        if wanted > 1 {
            let before = seats.iter().enumerate().take(last);
            let chosen = before.filter(|(_, seat)| seat.chosen.load(Ordering::Relaxed) != 0);
            // As many as were chosen before the last, so both end together.
            for ((index, seat), lease) in chosen.zip(lease.clones(wanted - 1)) {
                self.put(index, seat, lease, number);
            }
        }
        if let Some(seat) = seats.get(last).filter(|_| wanted > 0) {
            self.put(last, seat, lease, number);
        }
    }

    #[inline]
    fn put(&self, index: usize, seat: &Seat, lease: Lease, number: u64) {
        if seat.put(lease, number) == Offer::Ends && !self.is_closed() {
            let walk = &self.walk.0;
            walk.overrun_seat.store(index as u64, Ordering::Relaxed);
            walk.overrun_frame.store(number, Ordering::Relaxed);
            self.close(OVERRUN);
        }
    }

    /// Publisher: wakes the one thread that sleeps for mail that is there, or the dispatcher if there are more.
    #[inline]
    fn wake_one(&self) {
        // Either the reader that lies down sees its mail, or it is seen here.
        self.settle();
        if self.sleepers.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut only: Option<&Seat> = None;
        for seat in self.used() {
            let waiting = seat.waiting.load(Ordering::Relaxed);
            if !matches!(waiting, THREAD | TASK) || !seat.has_mail() {
                continue;
            }
            if waiting == TASK || only.is_some() {
                return self.bell.ring();
            }
            only = Some(seat);
        }
        if let Some(seat) = only {
            seat.bell.ring();
        }
    }

    fn settle(&self) {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::NoFence {
            return;
        }
        fence(Ordering::SeqCst);
    }

    /// Dispatcher: wakes all who sleep and have something to look at.
    pub(crate) fn wake_all(&self) {
        // As for the publisher: a reader that lies down sees what happened before, or it is seen here.
        fence(Ordering::SeqCst);
        let closed = self.is_closed();
        for seat in self.used() {
            if closed || seat.has_mail() {
                self.wake_seat(seat);
            }
        }
    }

    /// Wakes whoever reads in this seat. Not on the publisher's thread: a waker is other people's code.
    pub(crate) fn wake_seat(&self, seat: &Seat) {
        match seat.waiting.load(Ordering::Relaxed) {
            THREAD => seat.bell.ring(),
            TASK => {
                // Whether or not this fails, the reader put its waker there before it said that it waits.
                let _ = seat.waiting.compare_exchange(TASK, TOLD, Ordering::AcqRel, Ordering::Relaxed);
                let waker = seat.waker.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            _ => {}
        }
    }

    /// Reader: says that it will sleep. Look for mail after this, and call [`Self::get_up`] in every case.
    pub(crate) fn lie_down(&self, seat: &Seat, how: u32) {
        if seat.waiting.swap(how, Ordering::AcqRel) == AWAKE {
            self.sleepers.0.fetch_add(1, Ordering::Relaxed);
        }
        self.settle();
    }

    pub(crate) fn get_up(&self, seat: &Seat) {
        if seat.waiting.swap(AWAKE, Ordering::AcqRel) != AWAKE {
            self.sleepers.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != OPEN
    }

    /// Closed, and no delivery is under way that does not know it.
    pub(crate) fn is_over(&self) -> bool {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::EndUnasked {
            return self.is_closed();
        }
        // A read-modify-write, so that the publisher's next one sees what was seen here.
        self.is_closed() && self.walk.0.delivery.fetch_add(0, Ordering::AcqRel).is_multiple_of(2)
    }

    /// Nothing is handed out any more. The first reason stands.
    pub(crate) fn close(&self, why: u32) {
        let _ = self.closed.compare_exchange(OPEN, why, Ordering::AcqRel, Ordering::Relaxed);
        self.settle();
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::NotRung {
            return;
        }
        self.bell.ring();
    }

    /// Why it is closed, if it is.
    pub(crate) fn closing(&self) -> Option<Closing> {
        match self.closed.load(Ordering::Acquire) {
            OPEN => None,
            STOPPED => Some(Closing::Stopped),
            FAILED => Some(Closing::Failed),
            CAMERA_GONE => Some(Closing::CameraGone),
            DROPPED => Some(Closing::BusDropped),
            _ => {
                let walk = &self.walk.0;
                let seat = self.seats.get(walk.overrun_seat.load(Ordering::Relaxed) as usize);
                let account = seat.and_then(|seat| seat.card.lock().account.clone());
                let subscriber = account.map(|account| account.name.to_string()).unwrap_or_default();
                Some(Closing::Overrun { subscriber, frame: walk.overrun_frame.load(Ordering::Relaxed) })
            }
        }
    }
}

/// Joining, leaving and the books: never on the publisher's thread.
impl Fanout {
    /// Finds a seat for a subscriber; answers its index, its state and its account.
    pub(crate) fn join(&self, request: &Request) -> Result<(usize, u64, Arc<Account>), SubscribeError> {
        let mut register = self.register.lock();
        if self.is_closed() {
            return Err(SubscribeError::Closed);
        }
        let cards = self.seats.iter().filter(|seat| seat.is_active());
        let present: Vec<Request> = cards.filter_map(|seat| seat.card.lock().request.clone()).collect();
        admit(&self.plan, present.iter().chain([request]))?;
        let delivery = self.walk.0.delivery.load(Ordering::Acquire);
        let free = self.seats.iter().position(|seat| {
            let phase = seat.state.load(Ordering::Acquire) & PHASE;
            phase == FREE || (phase == LEFT && seat.is_still(delivery))
        });
        let Some((index, seat)) = free.and_then(|index| Some((index, self.seats.get(index)?))) else {
            return Err(SubscribeError::Seats { seats: self.plan.seats });
        };
        if seat.state.load(Ordering::Relaxed) & PHASE == LEFT {
            register.file(seat);
        }
        let account = Account::new(&request.name, request.holds);
        let state = seat.prepare(request, &account);
        seat.state.store(state, Ordering::Release);
        let used = self.used.load(Ordering::Relaxed).max(index as u32 + 1);
        self.used.store(used, Ordering::Release);
        Ok((index, state, account))
    }

    /// A reader leaves: what it did not take is dropped, once, by it or by the publisher that just puts it in.
    pub(crate) fn leave(&self, seat: &Seat) {
        self.get_up(seat);
        drop(seat.waker.lock().take());
        let state = seat.state.load(Ordering::Relaxed);
        seat.state.store((state & !PHASE) | LEFT, Ordering::Release);
        // A read-modify-write, so that the publisher's next one sees the state.
        let during = self.walk.0.delivery.fetch_add(0, Ordering::AcqRel);
        seat.left_during.store(during, Ordering::Relaxed);
        seat.mailbox.sweep();
        if let Some(account) = &seat.card.lock().account {
            account.left();
        }
    }

    /// Waits until no delivery is under way that saw the reader who left this seat: microseconds, or as long as the publisher is
    /// put aside; not for ever.
    pub(crate) fn await_walk(&self, seat: &Seat) {
        for _ in 0..PATIENCE {
            if seat.is_still(self.walk.0.delivery.load(Ordering::Acquire)) {
                return;
            }
            yield_now();
        }
    }

    /// Books of one seat, consistent if nothing moved in between.
    pub(crate) fn books_of(&self, seat: &Seat) -> Option<SubscriberBooks> {
        let account = seat.card.lock().account.clone()?;
        let mark = || {
            let taken = seat.reading.0.taken.load(Ordering::Relaxed);
            (self.walk.0.delivery.load(Ordering::Acquire), seat.mailbox.gone(), taken)
        };
        for _ in 0..TRIES {
            let before = mark();
            let books = seat.books(&account);
            fence(Ordering::Acquire);
            if before.0.is_multiple_of(2) && before == mark() {
                return Some(books);
            }
            std::hint::spin_loop();
        }
        Some(seat.books(&account))
    }

    pub(crate) fn books(&self) -> BusBooks {
        let register = self.register.lock();
        let walk = &self.walk.0;
        BusBooks {
            published: walk.published.load(Ordering::Relaxed),
            late: walk.late.load(Ordering::Relaxed),
            collided: self.collided.load(Ordering::Relaxed),
            subscribers: self.used().iter().filter_map(|seat| self.books_of(seat)).collect(),
            departed: register.departed.clone(),
        }
    }

    /// What each subscriber holds, who holds most first.
    pub(crate) fn holdings(&self) -> Vec<Holding> {
        let mut register = self.register.lock();
        // One handle is the register's own: who holds nothing more needs not be remembered.
        register.holding.retain(|account| Arc::strong_count(account) > 1);
        let mut all: Vec<Holding> = register.holding.iter().map(Account::holding).collect();
        for seat in self.used() {
            all.extend(seat.card.lock().account.as_ref().map(Account::holding));
        }
        all.sort_by(|a, b| b.frames.cmp(&a.frames).then(b.oldest.map(|o| o.1).cmp(&a.oldest.map(|o| o.1))));
        all
    }
}

impl Register {
    /// The seat is given to another one: its books go into those of all who left.
    fn file(&mut self, seat: &Seat) {
        let mut card = seat.card.lock();
        if let Some(account) = card.account.take() {
            self.departed += &seat.books(&account);
            self.holding.retain(|account| Arc::strong_count(account) > 1);
            if Arc::strong_count(&account) > 1 {
                self.holding.push(account);
            }
        }
        card.request = None;
    }
}
