//! What one subscriber holds, counted without a locked step for each frame.
//!
//! A frame that is taken gets a note on the subscriber's account: two plain stores by the one reader, and one by whoever drops the
//! frame, on any thread. Frames may outlive subscriber and bus, and counting their handles to the account would cost two locked
//! steps for each. So accounts are never freed: the next subscriber of the process gets one whose last frame is gone. There are as
//! many as ever were in use at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use frame_pool::{Lease, Record, monotonic_ns};

use crate::frame::Holding;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering};

/// Frames of one subscriber whose age is noted; those beyond are counted, not timed.
const NOTED: usize = if cfg!(pool_loom) { 2 } else { 16 };

/// What one subscriber holds. The first note lies on one cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Account {
    notes: [Note; NOTED],
    /// Stands for every frame that has no note of its own.
    beyond: &'static Note,
    holder: &'static Holder,
}

/// Whose account it is.
#[derive(Debug, Default)]
struct Holder {
    name: Mutex<String>,
    holds: AtomicU32,
    /// Somebody has the account, if only to tell who left and holds frames still.
    in_use: AtomicBool,
    subscribed: AtomicBool,
    torn: AtomicU64,
    /// Epoch and number of the torn frame that was counted last, by where it lies: no other frame lies there while one is held, so who
    /// can be asked again is not forgotten, and there are no more than the camera has memory for.
    torn_frames: Mutex<BTreeMap<usize, (u32, u64)>>,
    /// Frames held without a note.
    beyond: AtomicU64,
}

impl Holder {
    fn name(&self) -> String {
        self.name.lock().clone()
    }
}

/// One noted frame: when it arrived, and its number. A time of 0 means free.
#[derive(Debug)]
struct Note {
    since_ns: AtomicU64,
    number: AtomicU64,
    holder: &'static Holder,
    /// The one that stands for frames without a note. That one itself has none.
    beyond: Option<&'static Note>,
}

impl Note {
    fn new(holder: &'static Holder, beyond: Option<&'static Note>) -> Self {
        Self { since_ns: AtomicU64::new(0), number: AtomicU64::new(0), holder, beyond }
    }

    #[inline]
    fn is_free(&self) -> bool {
        self.since_ns.load(Ordering::Relaxed) == 0
    }

    #[inline]
    fn write(&self, record: &Record) {
        self.number.store(record.number, Ordering::Relaxed);
        // A nanosecond later, perhaps, but never 0.
        self.since_ns.store(record.arrived_ns | 1, Ordering::Release);
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
        let idle = accounts
            .iter()
            .find(|account| !account.holder.in_use.load(Ordering::Acquire) && account.frames() == 0);
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
        self.0.holder.in_use.store(false, Ordering::Release);
    }
}

impl Account {
    fn empty() -> Self {
        let holder: &'static Holder = Box::leak(Box::default());
        let beyond: &'static Note = Box::leak(Box::new(Note::new(holder, None)));
        Self { notes: core::array::from_fn(|_| Note::new(holder, Some(beyond))), beyond, holder }
    }

    fn open(&self, name: &str, holds: u32) {
        let holder = self.holder;
        name.clone_into(&mut holder.name.lock());
        holder.holds.store(holds, Ordering::Relaxed);
        holder.torn.store(0, Ordering::Relaxed);
        holder.torn_frames.lock().clear();
        holder.subscribed.store(true, Ordering::Relaxed);
        holder.in_use.store(true, Ordering::Release);
    }

    pub(crate) fn name(&self) -> String {
        self.holder.name()
    }

    pub(crate) fn left(&self) {
        self.holder.subscribed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn torn(&self) -> u64 {
        self.holder.torn.load(Ordering::Relaxed)
    }

    /// Frames held. Exact when nothing moves.
    pub(crate) fn frames(&self) -> u64 {
        // Acquire: who dropped the last frame is done with the account.
        let noted = self.notes.iter().filter(|note| note.since_ns.load(Ordering::Acquire) != 0).count();
        self.holder.beyond.load(Ordering::Acquire) + noted as u64
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
            allowed: self.holder.holds.load(Ordering::Relaxed),
            oldest,
            subscribed: self.holder.subscribed.load(Ordering::Relaxed),
        }
    }

    /// Notes a frame that the subscriber's reader takes.
    #[inline]
    fn note(&'static self, record: &Record) -> &'static Note {
        match self.notes.first() {
            // Who drops a frame before it takes the next one goes no further.
            Some(first) if first.is_free() => {
                first.write(record);
                first
            }
            _ => self.note_beside_others(record),
        }
    }

    #[inline(never)]
    fn note_beside_others(&'static self, record: &Record) -> &'static Note {
        match self.notes.iter().find(|note| note.is_free()) {
            Some(free) => {
                free.write(record);
                free
            }
            None => {
                self.holder.beyond.fetch_add(1, Ordering::Relaxed);
                self.beyond
            }
        }
    }
}

/// One frame on an account; it is off when this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    note: &'static Note,
}

impl Hold {
    /// A frame that the subscriber's reader takes. One reader takes at a time; anybody may drop.
    #[inline]
    pub(crate) fn taken(account: &'static Account, lease: &Lease) -> Self {
        Self { note: account.note(lease.record()) }
    }

    /// Another hold on a frame that is held.
    pub(crate) fn again(&self) -> Self {
        self.note.holder.beyond.fetch_add(1, Ordering::Relaxed);
        Self { note: self.note.beyond.unwrap_or(self.note) }
    }

    /// Counts the frame as torn, once, however many clones say so.
    pub(crate) fn found_torn(&self, lease: &Lease) {
        let (record, place) = (lease.record(), lease.slot_bytes().as_ptr().addr());
        let frame = (record.epoch, record.number);
        if self.note.holder.torn_frames.lock().insert(place, frame) != Some(frame) {
            self.note.holder.torn.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// In whose name the frame is held.
    pub(crate) fn name(&self) -> String {
        self.note.holder.name()
    }

    #[cold]
    fn drop_beyond(&self) {
        self.note.holder.beyond.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Hold {
    #[inline]
    fn drop(&mut self) {
        if self.note.beyond.is_none() {
            return self.drop_beyond();
        }
        // Release: after this the account may be another one's.
        self.note.since_ns.store(0, Ordering::Release);
    }
}
