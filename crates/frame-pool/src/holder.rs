//! Who holds my frames: named holders, what each of them holds, and since when.
//!
//! A lease alone is anonymous, which keeps it one pointer small. Who wants to be visible (a recorder, a subscriber of a bus)
//! takes its leases through a [`Holder`]: then a full ring has a name to blame, and a snapshot tells who is slow.

use std::sync::Arc;
use std::time::Duration;

use crate::lease::Lease;
use crate::record::monotonic_ns;
use crate::sync::{AtomicU64, Ordering};

/// Frames of one holder whose time is noted. More may be held; those beyond are counted, not timed.
const NOTED: usize = 64;

/// Holds frames under a name. Cloning gives another handle to the same holder.
///
/// ```
/// let recorder = frame_pool::Holder::new("recorder");
/// assert_eq!(recorder.holding().frames, 0);
/// ```
#[derive(Debug, Clone)]
pub struct Holder(Arc<Account>);

#[derive(Debug)]
struct Account {
    name: Box<str>,
    frames: AtomicU64,
    notes: [Note; NOTED],
}

/// One noted frame: since when, and its number. A time of 0 means free.
#[derive(Debug, Default)]
struct Note {
    since_ns: AtomicU64,
    number: AtomicU64,
}

/// What a holder holds, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holding {
    /// Its name.
    pub name: String,
    /// How many frames it holds (clones of one lease count each).
    pub frames: u64,
    /// The number of the frame it has held longest, and for how long.
    pub oldest: Option<(u64, Duration)>,
}

impl Holding {
    /// For who counts by himself: `frames` held by `name`, and the oldest one with the time since it arrived.
    #[must_use]
    pub fn new(name: String, frames: u64, oldest: Option<(u64, Duration)>) -> Self {
        Self { name, frames, oldest }
    }
}

impl core::fmt::Display for Holding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} holds {} frames", self.name, self.frames)?;
        match self.oldest {
            Some((number, since)) => write!(f, ", frame {number} for {} ms", since.as_millis()),
            None => Ok(()),
        }
    }
}

/// A lease that somebody holds by name.
#[derive(Debug)]
#[must_use = "dropping it gives the frame back"]
pub struct Held {
    lease: Lease,
    holder: Arc<Account>,
    note: Option<usize>,
}

/// Handles are equal if they are to the same holder; two holders may have the same name.
impl PartialEq for Holder {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Holder {}

impl Holder {
    /// A holder that holds nothing. Allocates; holding does not.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let notes = core::array::from_fn(|_| Note::default());
        Self(Arc::new(Account { name: name.into(), frames: AtomicU64::new(0), notes }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Holds a frame from now on, until the answer is dropped. Does not allocate or lock.
    pub fn hold(&self, lease: Lease) -> Held {
        let account = Arc::clone(&self.0);
        account.frames.fetch_add(1, Ordering::Relaxed);
        let now = monotonic_ns().max(1);
        let note = account.notes.iter().position(|note| {
            note.since_ns.compare_exchange(0, now, Ordering::Acquire, Ordering::Relaxed).is_ok()
        });
        if let Some(note) = note.and_then(|n| account.notes.get(n)) {
            note.number.store(lease.record().number, Ordering::Relaxed);
        }
        Held { lease, holder: account, note }
    }

    /// What it holds now. Exact when nothing moves.
    #[must_use]
    pub fn holding(&self) -> Holding {
        let now = monotonic_ns();
        let noted = self.0.notes.iter().filter_map(|note| {
            let since = note.since_ns.load(Ordering::Acquire);
            (since != 0).then(|| (since, note.number.load(Ordering::Relaxed)))
        });
        let oldest =
            noted.min().map(|(since, number)| (number, Duration::from_nanos(now.saturating_sub(since))));
        Holding { name: self.0.name.to_string(), frames: self.0.frames.load(Ordering::Relaxed), oldest }
    }
}

impl Held {
    /// The lease.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }
}

impl core::ops::Deref for Held {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(note) = self.note.and_then(|n| self.holder.notes.get(n)) {
            note.since_ns.store(0, Ordering::Release);
        }
        self.holder.frames.fetch_sub(1, Ordering::Relaxed);
    }
}
