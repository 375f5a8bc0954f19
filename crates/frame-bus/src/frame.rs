//! A frame that was taken, in the name of who took it.

use std::sync::Arc;
use std::time::Duration;

use frame_pool::{Evidence, Lease, Torn, monotonic_ns};

use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// Frames of one subscriber whose age is noted; those beyond are counted, not timed.
const NOTED: usize = 16;

/// What one subscriber holds. Each frame it holds has a handle to it, and so the handles count the frames.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: Box<str>,
    pub(crate) holds: u32,
    /// The subscriber itself has one of the handles.
    subscribed: AtomicBool,
    torn: AtomicU64,
    notes: [Note; NOTED],
}

/// One noted frame: when it arrived, and its number. A time of 0 means free.
#[derive(Debug, Default)]
struct Note {
    since_ns: AtomicU64,
    number: AtomicU64,
}

/// What a subscriber holds, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holding {
    /// Its name.
    pub name: String,
    /// Frames it took and did not drop, clones counted each. What waits unread in its mailbox is not among them.
    pub frames: u64,
    /// How many it said it would hold.
    pub allowed: u32,
    /// Number of the oldest one, and how long ago that arrived.
    pub oldest: Option<(u64, Duration)>,
    /// Whether the subscriber still subscribes; frames may outlive it.
    pub subscribed: bool,
}

impl Holding {
    /// Whether it holds more than it said.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.frames > u64::from(self.allowed)
    }
}

impl core::fmt::Display for Holding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} holds {} frames and said {}", self.name, self.frames, self.allowed)?;
        match self.oldest {
            Some((number, age)) => write!(f, "; frame {number} is {} ms old", age.as_millis()),
            None => Ok(()),
        }
    }
}

impl Account {
    pub(crate) fn new(name: &str, holds: u32) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            holds,
            subscribed: AtomicBool::new(true),
            torn: AtomicU64::new(0),
            notes: core::array::from_fn(|_| Note::default()),
        })
    }

    pub(crate) fn left(&self) {
        self.subscribed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn torn(&self) -> u64 {
        self.torn.load(Ordering::Relaxed)
    }

    /// What is held, asked through the one handle that is neither a frame's nor the subscriber's. Exact when nothing moves.
    pub(crate) fn holding(self: &Arc<Self>) -> Holding {
        let now = monotonic_ns();
        let subscribed = self.subscribed.load(Ordering::Relaxed);
        let others = 1 + u64::from(subscribed);
        let noted = self.notes.iter().filter_map(|note| {
            let since = note.since_ns.load(Ordering::Acquire);
            (since != 0).then(|| (since, note.number.load(Ordering::Relaxed)))
        });
        let oldest =
            noted.min().map(|(since, number)| (number, Duration::from_nanos(now.saturating_sub(since))));
        Holding {
            name: self.name.to_string(),
            frames: (Arc::strong_count(self) as u64).saturating_sub(others),
            allowed: self.holds,
            oldest,
            subscribed,
        }
    }

    /// Notes a frame. One reader notes at a time; anybody may free a note.
    fn note(&self, lease: &Lease) -> Option<usize> {
        let record = lease.record();
        let free = self.notes.iter().position(|note| note.since_ns.load(Ordering::Relaxed) == 0)?;
        let note = self.notes.get(free)?;
        note.number.store(record.number, Ordering::Relaxed);
        note.since_ns.store(record.arrived_ns.max(1), Ordering::Release);
        Some(free)
    }
}

/// A frame that a subscriber took: a lease on the memory where the camera wrote it, held in the subscriber's name.
///
/// Derefs to [`Lease`]; drop it to give the frame back. `Clone`, `Send`, `Sync` and `'static` as a lease is: give it to a pool of
/// threads, or its lease to another bus ([`crate::Publisher::publish`]), without a copy.
#[must_use = "dropping a frame gives it back"]
pub struct Frame {
    lease: Lease,
    account: Arc<Account>,
    note: Option<usize>,
    seen_torn: AtomicBool,
}

impl Frame {
    pub(crate) fn new(lease: Lease, account: &Arc<Account>) -> Self {
        let note = account.note(&lease);
        Self { lease, account: Arc::clone(account), note, seen_torn: AtomicBool::new(false) }
    }

    /// The lease.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The lease alone, held in nobody's name from now on.
    pub fn into_lease(self) -> Lease {
        self.lease.clone()
    }

    /// Looks again whether the bytes are the frame's ([`Lease::verify`]); if not, the frame stands in the subscriber's books as torn.
    ///
    /// # Errors
    /// [`Torn`] says what was found instead.
    pub fn verify(&self) -> Result<Evidence, Torn> {
        let found = self.lease.verify();
        if found.is_err() && !self.seen_torn.swap(true, Ordering::Relaxed) {
            self.account.torn.fetch_add(1, Ordering::Relaxed);
        }
        found
    }
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame").field("lease", &self.lease).field("of", &self.account.name).finish()
    }
}

impl core::ops::Deref for Frame {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.lease
    }
}

impl core::borrow::Borrow<Lease> for Frame {
    /// The lease: what takes anything that holds one takes a frame in its reader's name.
    fn borrow(&self) -> &Lease {
        &self.lease
    }
}

impl AsRef<[u8]> for Frame {
    /// The whole slot, as [`Lease::slot_bytes`].
    fn as_ref(&self) -> &[u8] {
        self.lease.slot_bytes()
    }
}

impl Clone for Frame {
    /// Another hold on the same frame, counted in the same name, not timed.
    fn clone(&self) -> Self {
        Self {
            lease: self.lease.clone(),
            account: Arc::clone(&self.account),
            note: None,
            seen_torn: AtomicBool::new(self.seen_torn.load(Ordering::Relaxed)),
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let Some(note) = self.note.and_then(|n| self.account.notes.get(n)) {
            note.since_ns.store(0, Ordering::Release);
        }
    }
}
