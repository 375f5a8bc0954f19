//! A doorbell: one word with which a thread sleeps until something happened, and is woken by at most one system call.
//!
//! An event count. Bit 0 says that somebody sleeps, the bits above count rings. Listen, look at your condition, then
//! wait: a ring between the look and the wait is never lost, because sleeping starts with a compare-exchange on the
//! very word that a ring changes. Ringing costs one atomic add when nobody sleeps.

#[cfg(not(pool_loom))]
use std::time::Instant;

use crate::sync::{AtomicU32, Ordering};

const SLEEPING: u32 = 1;
const RING: u32 = 2;

/// What [`Doorbell::listen`] saw; to be handed to `wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a ticket is there to be waited on"]
pub struct Ticket(u32);

/// Wakes sleepers. `ring` is lock-free, does not allocate, and makes a system call only if somebody sleeps.
///
/// ```
/// use std::time::{Duration, Instant};
/// let bell = frame_pool::Doorbell::new();
/// let ticket = bell.listen();
/// bell.ring();
/// assert!(bell.wait(ticket, None), "rung since the ticket was taken");
/// let ticket = bell.listen();
/// assert!(!bell.wait(ticket, Some(Instant::now() + Duration::from_millis(5))), "nobody rang");
/// ```
#[derive(Debug)]
pub struct Doorbell {
    word: AtomicU32,
    #[cfg(pool_loom)]
    bed: loom::sync::Mutex<()>,
    #[cfg(pool_loom)]
    alarm: loom::sync::Condvar,
}

impl Default for Doorbell {
    fn default() -> Self {
        Self::new()
    }
}

impl Doorbell {
    /// A doorbell that nobody has rung.
    #[must_use]
    pub fn new() -> Self {
        Self {
            word: AtomicU32::new(0),
            #[cfg(pool_loom)]
            bed: loom::sync::Mutex::new(()),
            #[cfg(pool_loom)]
            alarm: loom::sync::Condvar::new(),
        }
    }

    /// Takes a ticket. Look at the condition after this and before [`Self::wait`].
    pub fn listen(&self) -> Ticket {
        Ticket(self.word.load(Ordering::Acquire) & !SLEEPING)
    }

    /// Wakes all who sleep. What was written before the ring is seen by who is woken.
    pub fn ring(&self) {
        // AcqRel: release what the sleeper will look at; acquire so that a ring after a sleeper lay down sees its bit.
        if self.word.fetch_add(RING, Ordering::AcqRel) & SLEEPING != 0 {
            self.word.fetch_and(!SLEEPING, Ordering::AcqRel);
            self.wake_all();
        }
    }

    /// Marks that the caller is about to sleep on this ticket: the word to sleep on, or `None` if it rang meanwhile.
    fn lie_down(&self, ticket: Ticket) -> Option<u32> {
        let mut now = self.word.load(Ordering::Acquire);
        while now & !SLEEPING == ticket.0 {
            let asleep = now | SLEEPING;
            match self.word.compare_exchange(now, asleep, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(asleep),
                Err(other) => now = other,
            }
        }
        None
    }
}

#[cfg(not(pool_loom))]
impl Doorbell {
    /// Sleeps until a ring after the ticket, or until the deadline. True if it rang.
    pub fn wait(&self, ticket: Ticket, deadline: Option<Instant>) -> bool {
        loop {
            let Some(asleep) = self.lie_down(ticket) else { return true };
            let left = match deadline {
                None => None,
                Some(d) => match d.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => return false,
                },
            };
            self.sleep(asleep, left);
        }
    }

    fn sleep(&self, asleep: u32, left: Option<std::time::Duration>) {
        let timeout = left.map(|d| rustix::thread::futex::Timespec {
            tv_sec: i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(d.subsec_nanos()),
        });
        // Woken, interrupted, timed out or already changed: the caller looks at the word again in every case.
        let _ = rustix::thread::futex::wait(
            &self.word,
            rustix::thread::futex::Flags::PRIVATE,
            asleep,
            timeout.as_ref(),
        );
    }

    fn wake_all(&self) {
        let everyone = i32::MAX as u32;
        // Waking cannot fail on a valid word; if nobody is there any more nothing happens.
        let _ = rustix::thread::futex::wake(&self.word, rustix::thread::futex::Flags::PRIVATE, everyone);
    }
}

#[cfg(pool_loom)]
impl Doorbell {
    /// Sleeps until a ring after the ticket (loom has no clock).
    pub fn wait_for_ring(&self, ticket: Ticket) {
        let mut bed = self.bed.lock().unwrap_or_else(|e| e.into_inner());
        // The futex compares the word again under its own lock; the mutex plays that part here.
        while let Some(asleep) = self.lie_down(ticket) {
            if self.word.load(Ordering::Acquire) != asleep {
                continue;
            }
            bed = self.alarm.wait(bed).unwrap_or_else(|e| e.into_inner());
        }
        drop(bed);
    }

    fn wake_all(&self) {
        let bed = self.bed.lock().unwrap_or_else(|e| e.into_inner());
        self.alarm.notify_all();
        drop(bed);
    }
}
