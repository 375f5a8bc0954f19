//! Who comes, who goes, and the books: never on the publisher's thread.

use std::sync::Arc;

use crate::account::{Account, Opened};
use crate::admission::{SubscribeError, admit};
use crate::books::{BusBooks, SubscriberBooks};
use crate::fanout::Fanout;
use crate::frame::Holding;
use crate::plan::{BusPlan, Request};
use crate::ring::Ring;
use crate::seat::{BOTH, FREE, LEAVING, LEFT, SWEEPING, Seat};
use crate::sync::{Ordering, fence, yield_now};

/// How often a snapshot is tried until nothing moved meanwhile.
const TRIES: u32 = if cfg!(pool_loom) { 1 } else { 64 };
/// How often a reader that leaves yields to a publisher in the middle of a walk.
const PATIENCE: u32 = 100_000;

/// What only those who join, leave and look at the books touch.
#[derive(Debug, Default)]
pub(crate) struct Register {
    departed: SubscriberBooks,
    /// Who left and holds frames still.
    holding: Vec<Opened>,
}

/// Joining, leaving and the books: never on the publisher's thread.
impl Fanout {
    /// Finds a seat for a subscriber; answers it, its state and its account.
    pub(crate) fn join(
        &self,
        request: &Request,
    ) -> Result<(Arc<Seat>, u64, &'static Account), SubscribeError> {
        let mut register = self.register.lock();
        if self.is_closed() {
            return Err(SubscribeError::Closed);
        }
        admit(&self.plan_now(), self.present().iter().chain([request]))?;
        let free = self.seats.iter().position(|seat| matches!(seat.phase(), FREE | LEFT));
        let Some((index, seat)) = free.and_then(|index| Some((index, self.seats.get(index)?))) else {
            return Err(SubscribeError::Seats { seats: self.seats.len() as u32 });
        };
        register.file(seat, &self.ring);
        let opened = Opened::new(&request.name, request.holds);
        let account = opened.account();
        let state = seat.prepare(request, opened);
        seat.rule.0.state.store(state, Ordering::Release);
        let used = self.used.load(Ordering::Relaxed).max(index as u32 + 1);
        self.used.store(used, Ordering::Release);
        self.walk.0.change();
        Ok((Arc::clone(seat), state, account))
    }

    /// What who sits here has asked for.
    fn present(&self) -> Vec<Request> {
        let cards = self.seats.iter().filter(|seat| seat.is_active());
        cards.filter_map(|seat| seat.card.lock().request.clone()).collect()
    }

    /// The plan, with as many frames as there are.
    fn plan_now(&self) -> BusPlan {
        BusPlan { frames: self.spares.load(Ordering::Relaxed), ..self.plan }
    }

    /// A stream will deliver here, of which subscribers may hold `frames` frames: fewer than the bus was made for, perhaps, if the SDK
    /// refused a ring of that size.
    #[cfg(not(pool_loom))]
    pub(crate) fn attach(&self, stream: frame_pool::StreamEnder, frames: u32) {
        *self.stream.lock() = Some(stream);
        self.spares.store(frames.min(self.plan.frames), Ordering::Relaxed);
        let register = self.register.lock();
        let fits = admit(&self.plan_now(), self.present().iter());
        drop(register);
        if let Err(SubscribeError::Frames { needed, available }) = fits {
            tracing::warn!(
                needed,
                available,
                "the ring is smaller than the bus was made for: subscribers may hold more than it can spare"
            );
        }
        // A bus that is closed by then ends it as well, if it is to.
        self.end_stream();
    }

    /// Waits until the mailbox of who left this seat is swept: microseconds, or as long as the publisher is put aside; not for ever.
    pub(crate) fn await_sweep(&self, seat: &Seat) {
        for _ in 0..PATIENCE {
            if !matches!(seat.phase(), LEAVING | SWEEPING | BOTH) {
                return;
            }
            yield_now();
        }
    }

    /// Books of one seat, consistent if nothing moved in between.
    pub(crate) fn books_of(&self, seat: &Seat) -> Option<SubscriberBooks> {
        let account = seat.card.lock().account.as_ref()?.account();
        let mark = || {
            let taken = seat.reading().taken.load(Ordering::Relaxed);
            (self.walk.0.count(), seat.mailbox.head(), taken)
        };
        for _ in 0..TRIES {
            let before = mark();
            let books = seat.books(account, &self.ring);
            fence(Ordering::Acquire);
            if before.0.is_multiple_of(2) && before == mark() {
                return Some(books);
            }
            std::hint::spin_loop();
        }
        Some(seat.books(account, &self.ring))
    }

    pub(crate) fn books(&self) -> BusBooks {
        self.books_with(&self.register.lock())
    }

    /// The books, and for each of their subscribers who it is: the generation of its seat.
    #[cfg(feature = "metrics")]
    pub(crate) fn books_and_sitters(&self) -> (BusBooks, Vec<u64>) {
        // Under the lock nobody sits down. Each seat in use has an account, and so stands in the books.
        let register = self.register.lock();
        (self.books_with(&register), self.used().iter().map(|seat| seat.generation()).collect())
    }

    fn books_with(&self, register: &Register) -> BusBooks {
        let desk = &self.desk.0;
        BusBooks {
            published: desk.published.load(Ordering::Relaxed),
            late: desk.late.load(Ordering::Relaxed),
            collided: self.collided.load(Ordering::Relaxed),
            subscribers: self.used().iter().filter_map(|seat| self.books_of(seat)).collect(),
            departed: register.departed.clone(),
        }
    }

    /// What each subscriber holds, who holds most first.
    pub(crate) fn holdings(&self) -> Vec<Holding> {
        let mut register = self.register.lock();
        register.forget_who_let_go();
        let mut all: Vec<Holding> =
            register.holding.iter().map(|opened| opened.account().holding()).collect();
        for seat in self.used() {
            all.extend(seat.card.lock().account.as_ref().map(|opened| opened.account().holding()));
        }
        all.sort_by(|a, b| b.frames.cmp(&a.frames).then(b.oldest.map(|o| o.1).cmp(&a.oldest.map(|o| o.1))));
        all
    }
}

impl Register {
    /// The seat is given to another one: the books of who left it, if anybody did, go into those of all who left.
    fn file(&mut self, seat: &Seat, shared: &Ring) {
        let mut card = seat.card.lock();
        if let Some(opened) = card.account.take() {
            self.departed += &seat.books(opened.account(), shared);
            self.holding.push(opened);
            self.forget_who_let_go();
        }
        card.request = None;
    }

    fn forget_who_let_go(&mut self) {
        self.holding.retain(|opened| opened.account().frames() > 0);
    }
}
