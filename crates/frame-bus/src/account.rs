//! What one subscriber holds, counted without a locked step for each frame.
//!
//! A frame that is taken gets a note on the subscriber's account: two plain stores by the one reader, and one by whoever drops the
//! frame, on any thread. Frames may outlive subscriber and bus, and counting their handles to the account would cost two locked
//! steps for each. So accounts are never freed: the next subscriber of the process gets one whose last frame is gone. There are as
//! many as ever were in use at a time.

use std::time::Duration;

use frame_pool::{Lease, monotonic_ns};

use crate::frame::Holding;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering};

/// Frames of one subscriber whose age is noted; those beyond are counted, not timed.
const NOTED: usize = if cfg!(pool_loom) { 2 } else { 16 };

/// What one subscriber holds.
#[derive(Debug)]
pub(crate) struct Account {
    name: Mutex<String>,
    holds: AtomicU32,
    /// Somebody has it, if only to tell who left and holds frames still.
    in_use: AtomicBool,
    subscribed: AtomicBool,
    torn: AtomicU64,
    /// Frames held without a note.
    unnoted: AtomicU64,
    notes: [Note; NOTED],
}

/// One noted frame: when it arrived, and its number. A time of 0 means free.
#[derive(Debug, Default)]
struct Note {
    since_ns: AtomicU64,
    number: AtomicU64,
}

impl Note {
    #[inline]
    fn is_free(&self) -> bool {
        self.since_ns.load(Ordering::Relaxed) == 0
    }
}

/// All accounts that there are.
#[cfg(not(pool_loom))]
static ACCOUNTS: parking_lot::Mutex<Vec<&'static Account>> = parking_lot::Mutex::new(Vec::new());

/// An account in use; given up when dropped.
#[derive(Debug)]
pub(crate) struct Opened(&'static Account);

impl Opened {
    /// An account without frames.
    #[cfg(not(pool_loom))]
    pub(crate) fn new(name: &str, holds: u32) -> Self {
        let mut accounts = ACCOUNTS.lock();
        // Who finds it out of use and empty finds it so for good: only its subscriber takes frames.
        let idle =
            accounts.iter().find(|account| !account.in_use.load(Ordering::Acquire) && account.frames() == 0);
        let account = idle.copied().unwrap_or_else(|| {
            let account: &'static Account = Box::leak(Box::new(Account::empty()));
            accounts.push(account);
            account
        });
        account.open(name, holds);
        Self(account)
    }

    /// In the models nothing outlives an execution, so each has accounts of its own.
    #[cfg(pool_loom)]
    pub(crate) fn new(name: &str, holds: u32) -> Self {
        let account: &'static Account = Box::leak(Box::new(Account::empty()));
        account.open(name, holds);
        Self(account)
    }

    pub(crate) fn account(&self) -> &'static Account {
        self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.in_use.store(false, Ordering::Release);
    }
}

impl Account {
    fn empty() -> Self {
        Self {
            name: Mutex::new(String::new()),
            holds: AtomicU32::new(0),
            in_use: AtomicBool::new(false),
            subscribed: AtomicBool::new(false),
            torn: AtomicU64::new(0),
            unnoted: AtomicU64::new(0),
            notes: core::array::from_fn(|_| Note::default()),
        }
    }

    fn open(&self, name: &str, holds: u32) {
        name.clone_into(&mut self.name.lock());
        self.holds.store(holds, Ordering::Relaxed);
        self.torn.store(0, Ordering::Relaxed);
        self.subscribed.store(true, Ordering::Relaxed);
        self.in_use.store(true, Ordering::Release);
    }

    pub(crate) fn name(&self) -> String {
        self.name.lock().clone()
    }

    /// A note that is not in use, and which.
    #[inline]
    fn free_note(&self) -> Option<(usize, &Note)> {
        match self.notes.first() {
            // Who drops a frame before it takes the next one goes no further.
            Some(first) if first.is_free() => Some((0, first)),
            _ => self.search_note(),
        }
    }

    #[inline(never)]
    fn search_note(&self) -> Option<(usize, &Note)> {
        self.notes.iter().enumerate().find(|(_, note)| note.is_free())
    }

    pub(crate) fn left(&self) {
        self.subscribed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn torn(&self) -> u64 {
        self.torn.load(Ordering::Relaxed)
    }

    /// Frames held. Exact when nothing moves.
    pub(crate) fn frames(&self) -> u64 {
        // Acquire: who dropped the last frame is done with the account.
        let noted = self.notes.iter().filter(|note| note.since_ns.load(Ordering::Acquire) != 0).count();
        self.unnoted.load(Ordering::Acquire) + noted as u64
    }

    /// What is held.
    pub(crate) fn holding(&self) -> Holding {
        let now = monotonic_ns();
        let noted = self.notes.iter().filter_map(|note| {
            let since = note.since_ns.load(Ordering::Acquire);
            (since != 0).then(|| (since, note.number.load(Ordering::Relaxed)))
        });
        let oldest =
            noted.min().map(|(since, number)| (number, Duration::from_nanos(now.saturating_sub(since))));
        Holding {
            name: self.name(),
            frames: self.frames(),
            allowed: self.holds.load(Ordering::Relaxed),
            oldest,
            subscribed: self.subscribed.load(Ordering::Relaxed),
        }
    }
}

/// One frame on an account; it is off when this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    account: &'static Account,
    /// Which note ([`NOTED`] and above: none), and whether the frame was [`SEEN_TORN`]. One word of the full width, because frames
    /// are moved by such words.
    note: AtomicU64,
}

const SEEN_TORN: u64 = 1 << 63;

impl Hold {
    /// A frame that the subscriber's reader takes. One reader takes at a time; anybody may drop.
    #[inline]
    pub(crate) fn taken(account: &'static Account, lease: &Lease) -> Self {
        let Some((index, note)) = account.free_note() else { return Self::unnoted(account) };
        let record = lease.record();
        note.number.store(record.number, Ordering::Relaxed);
        note.since_ns.store(record.arrived_ns.max(1), Ordering::Release);
        Self { account, note: AtomicU64::new(index as u64) }
    }

    /// Another hold on a frame that is held.
    pub(crate) fn again(&self) -> Self {
        let again = Self::unnoted(self.account);
        again.note.fetch_or(self.note.load(Ordering::Relaxed) & SEEN_TORN, Ordering::Relaxed);
        again
    }

    #[cold]
    fn unnoted(account: &'static Account) -> Self {
        account.unnoted.fetch_add(1, Ordering::Relaxed);
        Self { account, note: AtomicU64::new(NOTED as u64) }
    }

    /// Counts the frame as torn, once.
    pub(crate) fn found_torn(&self) {
        if self.note.fetch_or(SEEN_TORN, Ordering::Relaxed) & SEEN_TORN == 0 {
            self.account.torn.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn account(&self) -> &'static Account {
        self.account
    }
}

impl Drop for Hold {
    #[inline]
    fn drop(&mut self) {
        // Release: after this the account may be another one's.
        let index = self.note.load(Ordering::Relaxed) & !SEEN_TORN;
        match self.account.notes.get(index as usize) {
            Some(note) => note.since_ns.store(0, Ordering::Release),
            None => {
                self.account.unnoted.fetch_sub(1, Ordering::Release);
            }
        }
    }
}
