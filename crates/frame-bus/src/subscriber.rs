//! A subscriber's end of the bus: taking frames.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frame_pool::{Lease, Ticket};

use crate::account::Account;
use crate::books::SubscriberBooks;
use crate::event::{Closed, Closing, Event, Lag, WaitError};
use crate::fanout::Fanout;
use crate::fault::broken;
use crate::frame::Frame;
use crate::lag_log::LagLog;
use crate::mailbox::Cursor;
use crate::plan::{Keeps, Policy, Request, Wait};
use crate::seat::{GENERATION, Seat, THREAD};
use crate::sync::{Ordering, bump};

/// A subscription. Dropping it leaves: what waits unread goes back at once. One thread reads at a time (`&mut`); it may be sent to
/// another one, and its wait can be ended from any ([`Subscriber::canceller`]).
///
/// Forgetting it (`mem::forget`) leaves the seat taken and up to its depth of frames held; the books name it.
#[must_use = "dropping a subscriber leaves the bus"]
#[repr(C, align(64))]
pub struct Subscriber {
    // What each take looks at lies on one cache line, up to the cursor's position.
    pub(crate) bus: Arc<Fanout>,
    pub(crate) seat: Arc<Seat>,
    account: &'static Account,
    way: Way,
    cursor: Cursor,
    generation: u64,
    name: Box<str>,
    policy: Policy,
    wait: Wait,
    lag_log: LagLog,
    /// The stream of events has ended.
    pub(crate) told_end: bool,
}

/// How frames are taken out of its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From a mailbox that refuses, in the ring of all until it parts from it.
    Refusing,
    /// From one that displaces, in the ring of all.
    Shared,
    /// The same in a ring of its own.
    Displacing,
}

impl Way {
    fn of(seat: &Seat, request: &Request) -> Self {
        match request.policy.keeps() {
            Keeps::Refusing => Self::Refusing,
            Keeps::Displacing if seat.is_plain() => Self::Shared,
            Keeps::Displacing => Self::Displacing,
        }
    }
}

/// Ends a wait from another thread.
#[derive(Clone)]
pub struct Canceller {
    bus: Arc<Fanout>,
    seat: Arc<Seat>,
    generation: u64,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

impl Canceller {
    /// Ends the wait that is going on, or else the next one, with [`WaitError::Cancelled`] (of a `Stream`: with its end). Frames stay
    /// where they are. After the subscriber has left nothing happens.
    pub fn cancel(&self) {
        let seat = &self.seat;
        if broken!(self.bus, RingsFirst) {
            seat.bell.ring();
        }
        // Generations grow: one that left cannot undo what its successor was told.
        seat.cancelled.fetch_max(self.generation, Ordering::AcqRel);
        if broken!(self.bus, RingsFirst) {
            return;
        }
        seat.bell.ring();
        self.bus.meet();
        self.bus.wake_seat(seat);
    }
}

impl Subscriber {
    pub(crate) fn join(bus: &Arc<Fanout>, request: &Request) -> Result<Self, crate::SubscribeError> {
        let (seat, state, account) = bus.join(request)?;
        Ok(Self {
            bus: Arc::clone(bus),
            generation: state / GENERATION,
            name: request.name.as_str().into(),
            account,
            way: Way::of(&seat, request),
            seat,
            cursor: Cursor::new(),
            policy: request.policy,
            wait: request.wait,
            lag_log: LagLog::default(),
            told_end: false,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many frames wait to be taken.
    #[must_use]
    pub fn unread(&self) -> usize {
        let depth = u64::from(self.policy.depth());
        let unread = self.seat.mailbox.unread(self.seat.ring(&self.bus.ring));
        unread.min(depth) as usize + usize::from(self.cursor.has_aside())
    }

    /// A handle to end a wait from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { bus: Arc::clone(&self.bus), seat: Arc::clone(&self.seat), generation: self.generation }
    }

    /// What it got up to now, and what it did not.
    #[must_use]
    pub fn books(&self) -> SubscriberBooks {
        self.bus.books_of(&self.seat).unwrap_or_default()
    }

    /// The next event, if there is one already. After [`Event::Closed`] the answer stays that.
    #[inline]
    pub fn try_recv(&mut self) -> Option<Event> {
        match self.take_in_step() {
            Some(lease) => Some(Event::Frame(self.hand_over(lease))),
            None => self.try_recv_slowly(),
        }
    }

    #[inline(never)]
    fn try_recv_slowly(&mut self) -> Option<Event> {
        // Asked before the look at the mailbox: if nothing comes any more, what is not there now will not be.
        let over = self.bus.is_over();
        if let Some(event) = self.take() {
            return Some(event);
        }
        if over { self.end() } else { None }
    }

    /// What is told when nothing comes any more.
    #[cold]
    fn end(&mut self) -> Option<Event> {
        self.seat.mailbox.refused_at_the_end(&mut self.cursor.lag);
        if let Some(lag) = self.lag() {
            return Some(Event::Lagged(lag));
        }
        let why = self.bus.closing().unwrap_or(Closing::Stopped);
        Some(Event::Closed(Box::new(Closed { why, books: self.books() })))
    }

    /// The next event, waiting for it no longer than `patience`.
    ///
    /// # Errors
    /// [`WaitError::Timeout`], and [`WaitError::Cancelled`] after [`Canceller::cancel`].
    pub fn recv_within(&mut self, patience: Duration) -> Result<Event, WaitError> {
        if let Some(event) = self.look()? {
            return Ok(event);
        }
        // A deadline beyond what the clock can say is none.
        let begun = Instant::now();
        let deadline = begun.checked_add(patience);
        let awake = match self.wait {
            Wait::Park => None,
            Wait::Spin(budget) => begun.checked_add(budget),
            Wait::Busy => deadline,
        };
        let stays_awake = self.wait == Wait::Busy;
        while stays_awake || awake.is_some_and(|until| Instant::now() < until) {
            for _ in 0..64 {
                if let Some(event) = self.look()? {
                    return Ok(event);
                }
                core::hint::spin_loop();
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(WaitError::Timeout);
            }
        }
        self.sleep_until(deadline)
    }

    fn sleep_until(&mut self, deadline: Option<Instant>) -> Result<Event, WaitError> {
        loop {
            let ticket = self.seat.bell.listen();
            let bed = Bed::lie_down(&self.bus, &self.seat);
            // The look comes after the word that we sleep.
            let found = if self.has_news() { Found::News } else { bed.sleep(ticket, deadline) };
            drop(bed);
            if let Some(event) = self.look()? {
                return Ok(event);
            }
            // News that are none yet (a frame that another one is about to give up) do not put the deadline off.
            let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if found == Found::Nothing || late {
                return Err(WaitError::Timeout);
            }
        }
    }

    fn has_news(&self) -> bool {
        let seat = &self.seat;
        let cancelled = seat.cancelled.load(Ordering::Acquire) >= self.generation;
        seat.has_mail(&self.bus.ring) || self.bus.is_closed() || cancelled
    }

    fn look(&mut self) -> Result<Option<Event>, WaitError> {
        if self.take_cancellation() { Err(WaitError::Cancelled) } else { Ok(self.try_recv()) }
    }

    /// Whether a cancellation is due; it ends one wait.
    pub(crate) fn take_cancellation(&self) -> bool {
        let cancelled = &self.seat.cancelled;
        cancelled.load(Ordering::Acquire) == self.generation
            && cancelled.compare_exchange(self.generation, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The newest frame, if there is any that was not taken yet; those before it are passed over, which the books count. Lag that
    /// was not told is not told any more.
    pub fn take_newest(&mut self) -> Option<Frame> {
        let mut newest = None;
        // No more than are there now: a reader slower than the camera would never come to the end.
        for _ in 0..self.unread() {
            let Some(lease) = self.pop() else { break };
            if newest.replace(lease).is_some() {
                bump(&self.seat.reading().passed_over, 1);
            }
        }
        self.cursor.lag = Lag::default();
        newest.map(|lease| self.hand_over(lease))
    }

    /// Takes all frames that wait, oldest first, as far as `out` has room without growing; lag stands between them. Answers how many
    /// events were added. The end is not among them: ask [`Self::try_recv`] when this adds nothing.
    pub fn take_unread(&mut self, out: &mut Vec<Event>) -> usize {
        let before = out.len();
        while out.len() < out.capacity() {
            let Some(event) = self.take() else { break };
            out.push(event);
        }
        out.len() - before
    }

    /// Leaves the bus, and says what became of all that was offered. Waits for a delivery that is going on.
    #[must_use]
    pub fn leave(self) -> SubscriberBooks {
        let (bus, seat) = (Arc::clone(&self.bus), Arc::clone(&self.seat));
        // Other people's code, which may use the bus: not under the lock.
        bus.get_up(&seat);
        seat.set_waker(None);
        // Nobody sits down here until the books are read.
        let _register = bus.register.lock();
        drop(self);
        bus.await_sweep(&seat);
        bus.books_of(&seat).unwrap_or_default()
    }
}

/// Taking out of the mailbox.
impl Subscriber {
    /// A frame, if there is one and nothing is to be told before it. None says nothing: [`Self::take`] knows.
    #[inline(always)]
    fn take_in_step(&mut self) -> Option<Lease> {
        let (mailbox, ring, cursor) = (&self.seat.mailbox, &self.bus.ring, &mut self.cursor);
        match self.way {
            Way::Refusing => mailbox.take_shared(ring, cursor),
            Way::Shared => mailbox.take_in_step(ring, cursor),
            Way::Displacing => None,
        }
    }

    /// A frame, or the lag before it.
    fn take(&mut self) -> Option<Event> {
        if let Some(lease) = self.cursor.take_aside() {
            return Some(Event::Frame(self.hand_over(lease)));
        }
        let lease = self.take_next()?;
        if self.cursor.lag.count > 0 {
            return self.put_aside(lease);
        }
        Some(Event::Frame(self.hand_over(lease)))
    }

    #[cold]
    fn put_aside(&mut self, lease: Lease) -> Option<Event> {
        if self.policy == Policy::Latest {
            // Counted by the publisher; a viewer is not told.
            self.cursor.lag = Lag::default();
            return Some(Event::Frame(self.hand_over(lease)));
        }
        self.cursor.put_aside(lease);
        self.lag().map(Event::Lagged)
    }

    fn pop(&mut self) -> Option<Lease> {
        self.cursor.take_aside().or_else(|| self.take_next())
    }

    fn take_next(&mut self) -> Option<Lease> {
        let (mailbox, cursor) = (&self.seat.mailbox, &mut self.cursor);
        match self.way {
            Way::Shared => mailbox.take_displacing(&self.bus.ring, cursor),
            Way::Refusing => mailbox.take_accepted(&self.bus.ring, cursor),
            Way::Displacing => mailbox.take_displacing(&mailbox.own, cursor),
        }
    }

    /// Lag that is to be told.
    fn lag(&mut self) -> Option<Lag> {
        if self.cursor.lag.count == 0 {
            return None;
        }
        let lag = core::mem::take(&mut self.cursor.lag);
        self.lag_log.note(&self.name, lag);
        Some(lag)
    }

    #[inline]
    fn hand_over(&self, lease: Lease) -> Frame {
        bump(&self.seat.reading().taken, 1);
        Frame::new(lease, self.account)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.cursor.take_aside();
        self.bus.leave(&self.seat);
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("name", &self.name()).field("unread", &self.unread()).finish()
    }
}

/// A reader that sleeps; it gets up whatever happens.
struct Bed<'a> {
    bus: &'a Fanout,
    seat: &'a Seat,
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    News,
    Nothing,
}

impl<'a> Bed<'a> {
    fn lie_down(bus: &'a Fanout, seat: &'a Seat) -> Self {
        bus.lie_down(seat, THREAD);
        Self { bus, seat }
    }

    #[cfg(not(pool_loom))]
    fn sleep(&self, ticket: Ticket, deadline: Option<Instant>) -> Found {
        if self.seat.bell.wait(ticket, deadline) { Found::News } else { Found::Nothing }
    }

    #[cfg(pool_loom)]
    fn sleep(&self, ticket: Ticket, _deadline: Option<Instant>) -> Found {
        self.seat.bell.wait_for_ring(ticket);
        Found::News
    }
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        #[cfg(pool_loom)]
        if std::thread::panicking() {
            // The model has failed, and there is nothing left to get up in.
            return;
        }
        self.bus.get_up(self.seat);
    }
}
