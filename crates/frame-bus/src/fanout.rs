//! The protocol: seats in a row, one publisher that walks along them, readers that come and go.
//!
//! Who joins or leaves says so in the seat, then in [`Walk`]. The publisher looks at the seats anew only if a walk begins or ends with
//! that word; else it knows who is there. A reader that leaves while no walk is under way is in nobody's sight, and sweeps its mailbox
//! itself. If there is a walk, its publisher sweeps. A seat is given to nobody before it was swept.

use std::sync::{Arc, OnceLock};

use frame_pool::{Books, Doorbell, StreamEnd};

use crate::event::Closing;
use crate::hand_out::{Desk, GROUP, Group};
use crate::plan::BusPlan;
use crate::register::Register;
use crate::ring::Ring;
use crate::seat::{ACTIVE, AWAKE, BOTH, LEAVING, LEFT, SWEEPING, Seat, TASK, THREAD, TOLD};
use crate::sync::{AtomicU32, AtomicU64, Line, Mutex, Ordering};
use crate::walk::{Begun, MOST_SLEEPERS, Walk};

impl Drop for Fanout {
    fn drop(&mut self) {
        // Subscribers that were forgotten may hold frames. The seats of the others are empty.
        for seat in &self.seats {
            seat.mailbox.close(seat.ring(&self.ring));
        }
    }
}

/// Codes in `closed`.
pub(crate) const OPEN: u32 = 0;
pub(crate) const STOPPED: u32 = 1;
pub(crate) const FAILED: u32 = 2;
pub(crate) const CAMERA_GONE: u32 = 3;
pub(crate) const OVERRUN: u32 = 4;
pub(crate) const DROPPED: u32 = 5;
pub(crate) const ENDED: u32 = 6;

#[derive(Debug)]
pub(crate) struct Fanout {
    pub(crate) plan: BusPlan,
    /// Each in memory of its own: side by side they would meet in the same few lines of a cache.
    pub(crate) seats: Box<[Arc<Seat>]>,
    /// Which seats want all frames and which want some, 64 at a time. The publisher's.
    pub(crate) groups: Box<[Group]>,
    /// The frames of all who want every one.
    pub(crate) ring: Ring,
    /// Seats that were ever used.
    pub(crate) used: AtomicU32,
    pub(crate) walk: Line<Walk>,
    pub(crate) desk: Line<Desk>,
    pub(crate) collided: AtomicU64,
    pub(crate) closed: AtomicU32,
    /// Why the stream ended by itself, if it did.
    ended: OnceLock<(StreamEnd, Books)>,
    /// The dispatcher's.
    pub(crate) bell: Doorbell,
    pub(crate) register: Mutex<Register>,
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

impl Fanout {
    pub(crate) fn new(plan: BusPlan) -> Self {
        let seats = plan.seats.clamp(1, MOST_SLEEPERS);
        Self {
            plan,
            groups: (0..seats.div_ceil(GROUP as u32)).map(|_| Group::new()).collect(),
            ring: Ring::new(plan.frames),
            seats: (0..seats).map(|_| Arc::new(Seat::new(plan.frames))).collect(),
            used: AtomicU32::new(0),
            walk: Line::default(),
            desk: Line::default(),
            collided: AtomicU64::new(0),
            closed: AtomicU32::new(OPEN),
            ended: OnceLock::new(),
            bell: Doorbell::new(),
            register: Mutex::new(Register::default()),
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    pub(crate) fn used(&self) -> &[Arc<Seat>] {
        let used = self.used.load(Ordering::Acquire) as usize;
        self.seats.get(..used).unwrap_or(&self.seats)
    }

    /// Publisher: ends the walk, and sweeps after those who left meanwhile. Whether somebody sleeps.
    #[inline]
    pub(crate) fn end_walk(&self) -> bool {
        let ended = self.walk.0.end();
        if ended.changed { self.walk_again() } else { ended.sleepers }
    }

    /// Somebody came or left while the publisher walked: who left is in its hands, and no frame may come any more.
    #[cold]
    fn walk_again(&self) -> bool {
        // If another one walks, it finds the mark when it ends.
        while !self.forgets_leavers() && self.walk.0.begin() != Begun::Not {
            self.look_who_is_there();
            let ended = self.walk.0.end();
            if !ended.changed {
                return ended.sleepers;
            }
        }
        true
    }

    fn forgets_leavers(&self) -> bool {
        #[cfg(pool_loom)]
        return self.fault == crate::model::Fault::ForgetsLeavers;
        #[cfg(not(pool_loom))]
        false
    }

    /// Empties the mailbox of who has left, if that is still this generation. Two may be at it: a reader that leaves, and a publisher
    /// that must not fill the shared ring again before it is empty. Neither waits for the other, and the seat is free after both.
    pub(crate) fn sweep(&self, seat: &Seat, generation: u64) {
        let first = seat.go(generation, LEAVING, SWEEPING);
        if first || (self.helps() && seat.go(generation, SWEEPING, BOTH)) {
            seat.mailbox.close(seat.ring(&self.ring));
            // One fails if the other one came or went between the two; then the next round does not.
            while !seat.go(generation, BOTH, SWEEPING) && !seat.go(generation, SWEEPING, LEFT) {}
        }
    }

    fn helps(&self) -> bool {
        #[cfg(pool_loom)]
        return self.fault != crate::model::Fault::HelpsNot;
        #[cfg(not(pool_loom))]
        true
    }

    /// A reader leaves: what it did not take is dropped, by it or by the publisher that is in the middle of a walk.
    pub(crate) fn leave(&self, seat: &Seat) {
        self.get_up(seat);
        seat.forget_waker();
        if let Some(opened) = &seat.card.lock().account {
            opened.account().left();
        }
        let generation = seat.generation();
        seat.go(generation, ACTIVE, LEAVING);
        if !self.walk.0.change() || self.sweeps_beside() {
            // It may have been swept by now, and somebody else may sit here.
            self.sweep(seat, generation);
        }
    }

    /// The control: who leaves does not ask whether a walk is under way.
    fn sweeps_beside(&self) -> bool {
        #[cfg(pool_loom)]
        return self.fault == crate::model::Fault::SweepsBeside;
        #[cfg(not(pool_loom))]
        false
    }

    /// Publisher: wakes the one thread that sleeps for mail that is there, or the dispatcher if there are more.
    pub(crate) fn wake_one(&self) {
        if self.is_closed() {
            // Who asked during this walk whether all is over was told no.
            return self.bell.ring();
        }
        let mut only: Option<&Seat> = None;
        for seat in self.used() {
            let waiting = seat.reading().waiting.load(Ordering::Relaxed);
            if !matches!(waiting, THREAD | TASK) || !seat.has_mail(&self.ring) {
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

    /// A step in the one order of [`Walk`]: what was done before it is seen by who comes to that word later, and the other way round.
    pub(crate) fn meet(&self) {
        let _ = self.walk.0.is_under_way();
    }

    /// Dispatcher: wakes all who sleep and have something to look at.
    pub(crate) fn wake_all(&self) {
        // As for the publisher: a reader that lies down sees what happened before, or it is seen here.
        self.meet();
        let closed = self.is_closed();
        for seat in self.used() {
            if closed || seat.has_mail(&self.ring) {
                self.wake_seat(seat);
            }
        }
    }

    /// Wakes whoever reads in this seat. Not on the publisher's thread: a waker is other people's code.
    pub(crate) fn wake_seat(&self, seat: &Seat) {
        match seat.reading().waiting.load(Ordering::Relaxed) {
            THREAD => seat.bell.ring(),
            TASK => {
                // Whether or not this fails, the reader put its waker there before it said that it waits.
                let _ =
                    seat.reading().waiting.compare_exchange(TASK, TOLD, Ordering::AcqRel, Ordering::Relaxed);
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
        if seat.reading().waiting.swap(how, Ordering::AcqRel) == AWAKE {
            self.walk.0.lie_down();
        } else {
            self.meet();
        }
    }

    pub(crate) fn get_up(&self, seat: &Seat) {
        if seat.reading().waiting.swap(AWAKE, Ordering::AcqRel) != AWAKE {
            self.walk.0.get_up();
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != OPEN
    }

    /// Closed, and no delivery is under way that does not know it.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::EndUnasked {
            return self.is_closed();
        }
        // In this order: a walk that begins after the question sees what was seen here.
        self.is_closed() && !self.walk.0.is_under_way()
    }

    /// Nothing is handed out any more. The first reason stands.
    pub(crate) fn close(&self, why: u32) {
        let _ = self.closed.compare_exchange(OPEN, why, Ordering::AcqRel, Ordering::Relaxed);
        self.meet();
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::NotRung {
            return;
        }
        self.bell.ring();
    }

    /// The stream ended by itself.
    pub(crate) fn end(&self, why: StreamEnd, books: &Books) {
        // A stream ends once; of two on one bus the first counts, as for all reasons.
        let _ = self.ended.set((why, *books));
        self.close(ENDED);
    }

    /// Why it is closed, if it is.
    pub(crate) fn closing(&self) -> Option<Closing> {
        match self.closed.load(Ordering::Acquire) {
            OPEN => None,
            STOPPED => Some(Closing::Stopped),
            FAILED => Some(Closing::Failed),
            CAMERA_GONE => Some(Closing::CameraGone),
            DROPPED => Some(Closing::BusDropped),
            ENDED => {
                self.ended.get().map(|(why, books)| Closing::Ended { why: *why, books: Box::new(*books) })
            }
            _ => {
                let desk = &self.desk.0;
                let seat = self.seats.get(desk.overrun_seat.load(Ordering::Relaxed) as usize);
                let name = |seat: &Arc<Seat>| Some(seat.card.lock().account.as_ref()?.account().name());
                let subscriber = seat.and_then(name).unwrap_or_default();
                Some(Closing::Overrun { subscriber, frame: desk.overrun_frame.load(Ordering::Relaxed) })
            }
        }
    }
}
