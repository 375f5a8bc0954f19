//! The protocol: seats in a row, one publisher that walks along them, readers that come and go.
//!
//! Who joins or leaves says so in the seat, then in [`Walk`]. The publisher looks at the seats anew only if a walk begins or ends with
//! that word; else it knows who is there. A reader that leaves while no walk is under way is in nobody's sight, and sweeps its mailbox
//! itself. If there is a walk, its publisher sweeps. A seat is given to nobody before it was swept.

use std::sync::{Arc, OnceLock};

use frame_pool::{Books, Doorbell, StreamEnd};

use crate::ending::OPEN;
use crate::fault::broken;
use crate::hand_out::{Desk, GROUP, Group};
use crate::plan::BusPlan;
use crate::register::Register;
use crate::ring::Ring;
use crate::seat::{AWAKE, Seat, TASK, THREAD, TOLD};
use crate::sync::{AtomicU32, AtomicU64, Line, Mutex, Ordering};
use crate::walk::{Begun, Ended, MOST_SLEEPERS, Walk};

impl Drop for Fanout {
    fn drop(&mut self) {
        // Each subscriber keeps the bus alive, so all have left, and their mailboxes are empty. If one is not, its frames go back here.
        for seat in &self.seats {
            seat.mailbox.close(seat.ring(&self.ring));
        }
    }
}

#[derive(Debug)]
pub(crate) struct Fanout {
    pub(crate) plan: BusPlan,
    /// Each in memory of its own: side by side they would meet in the same few lines of a cache.
    pub(crate) seats: Box<[Arc<Seat>]>,
    /// Which seats want all frames and which want some, 64 at a time. The publisher's.
    pub(crate) groups: Box<[Group]>,
    /// The frames of all who want every one.
    pub(crate) ring: Ring,
    /// How many frames subscribers may hold together: what the plan says, unless the stream can spare fewer.
    pub(crate) spares: AtomicU32,
    /// Seats that were ever used.
    pub(crate) used: AtomicU32,
    pub(crate) walk: Line<Walk>,
    pub(crate) desk: Line<Desk>,
    pub(crate) collided: AtomicU64,
    pub(crate) closed: AtomicU32,
    /// Why the stream ended by itself, if it did.
    pub(crate) ended: OnceLock<(StreamEnd, Books)>,
    /// The stream that delivers here.
    #[cfg(not(pool_loom))]
    pub(crate) stream: Mutex<Option<frame_pool::StreamEnder>>,
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
            spares: AtomicU32::new(plan.frames),
            used: AtomicU32::new(0),
            walk: Line::default(),
            desk: Line::default(),
            collided: AtomicU64::new(0),
            closed: AtomicU32::new(OPEN),
            ended: OnceLock::new(),
            #[cfg(not(pool_loom))]
            stream: Mutex::new(None),
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

    /// Publisher: its walk has ended. Sweeps after those who left meanwhile, and wakes who sleeps.
    #[inline(never)]
    pub(crate) fn look_after(&self, ended: Ended) {
        let sleepers = if ended.changed() { self.walk_again() } else { ended.sleepers() };
        if sleepers {
            self.wake_one();
        }
    }

    /// Somebody came or left while the publisher walked: who left is in its hands, and no frame may come any more.
    #[cold]
    fn walk_again(&self) -> bool {
        // If another one walks, it finds the mark when it ends.
        while !broken!(self, ForgetsLeavers) && self.walk.0.begin() != Begun::Not {
            self.look_who_is_there();
            let ended = self.walk.0.end();
            if !ended.changed() {
                return ended.sleepers();
            }
        }
        true
    }

    /// Publisher: wakes the one thread that sleeps for mail that is there, or the dispatcher if there are more.
    pub(crate) fn wake_one(&self) {
        let mut only: Option<&Seat> = None;
        for seat in self.used() {
            let waiting = seat.reading().waiting.load(Ordering::Relaxed);
            if !matches!(waiting, THREAD | TASK) || !seat.has_mail(&self.ring) {
                continue;
            }
            if (waiting == TASK || only.is_some()) && !broken!(self, WakesTheLast) {
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
}
