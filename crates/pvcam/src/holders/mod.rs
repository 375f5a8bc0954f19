//! Who holds frames, by name, and why a stream ended by itself.

mod watch;

use core::fmt;
use std::sync::Arc;

use frame_pool::{Holder, Holding};
use parking_lot::Mutex;
pub use watch::EndedBy;
pub(crate) use watch::{Unread, Watch};

/// Who holds frames at one moment: whom to blame when the ring is full.
///
/// A lease alone is anonymous. Who takes its leases through a [`Holder`] that was registered
/// ([`crate::Session::register`]) stands here by name, and so does each subscriber of a bus that the session delivers into. Exact when
/// nothing moves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HeldBy {
    /// Who holds frames by name, who holds most first, with how many each and the oldest. Clones of one lease count each.
    pub named: Vec<Holding>,
    /// Frames that wait in the queue of [`crate::Frames`]: their reader does not read.
    pub unread: u64,
    /// Frames (at least so many) that are held without a name.
    pub anonymous: u64,
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        if self.unread > 0 {
            parts.push(format!("{} wait to be read", self.unread));
        }
        if self.anonymous > 0 {
            parts.push(format!("{} held without a name", self.anonymous));
        }
        if parts.is_empty() { f.write_str("nobody holds any") } else { f.write_str(&parts.join("; ")) }
    }
}

/// Those who asked to be seen. Stays with the camera, whichever memory its frames lie in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<Vec<Holder>>>);

impl Roster {
    /// Lets `holder` be seen from now on.
    pub(crate) fn register(&self, holder: &Holder) {
        let mut all = self.0.lock();
        if !all.contains(holder) {
            all.push(holder.clone());
        }
    }

    /// `holder` is not seen any more.
    pub(crate) fn deregister(&self, holder: &Holder) {
        self.0.lock().retain(|other| other != holder);
    }

    /// Who holds the `held` frames that are leased, `unread` of which nobody has taken yet; `others` are those whom the stream's sink
    /// knows.
    pub(crate) fn held_by(&self, held: u64, unread: u64, others: Vec<Holding>) -> HeldBy {
        let mut named: Vec<Holding> = self.0.lock().iter().map(Holder::holding).collect();
        named.extend(others);
        named.retain(|holding| holding.frames > 0);
        named.sort_by(|a, b| b.frames.cmp(&a.frames).then(b.oldest.map(|o| o.1).cmp(&a.oldest.map(|o| o.1))));
        let signed: u64 = named.iter().map(|holding| holding.frames).sum();
        let unsigned = held.saturating_sub(signed);
        // One that was taken out of the queue after that was asked has a name by now.
        let unread = unread.min(unsigned);
        HeldBy { named, unread, anonymous: unsigned - unread }
    }
}
