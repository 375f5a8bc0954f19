//! How frames are to reach their readers.

/// How frames are to reach their readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// In place where nothing can write over a frame that is being read: in a sequence, and in a ring that was seen to honour
    /// locks ([`crate::Plan::trust`]). Otherwise one validated copy.
    #[default]
    Auto,
    /// One validated copy of every frame, whatever is known.
    Copy,
    /// In place, in a ring that overwrites as well: there only time protects a frame, which takes a consent that is `unsafe` to give.
    /// The ring must last for at least 250 ms ([`crate::error::ArmError::RingTooShort`]). Where locks hold, and in a sequence, as
    /// `Auto`. Without metadata only a clock tells whether a frame is still whole; then `Record::arrived_ns` is when the frame
    /// ended by the driver's time, so that a callback that was held up gives it no more time than it has.
    InPlace(InPlaceConsent),
    /// No lease and no copy: frames of a ring that overwrites are only told of, and their reader copies what it wants, by itself
    /// ([`crate::Armed::start_raw`]).
    Raw,
}

/// The consent to be lent frames of a ring that is written over meanwhile. There is no safe way to give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InPlaceConsent {
    given: (),
}

impl InPlaceConsent {
    /// Gives the consent.
    ///
    /// A ring of N slots that overwrites is written over without regard for leases: the slot of a frame is safe until N - 1 more frames
    /// have come, that is for (N - 1) x [`crate::Settings::frame_time`] after its end. A frame that is held for half of that time is
    /// moved to other memory, at the same address, by a thread of the pool. So a lease holds for as long as anybody likes, if that thread,
    /// and the callback that starts its clock, run in time. On a general-purpose system nobody can promise that for every
    /// moment; what is promised here is what follows from it.
    ///
    /// # Safety
    /// For every run with this consent, and every lease of it (clones included), the caller vouches that
    ///
    /// * frames do not come faster than [`crate::Settings::frame_time`] says, and nobody but the camera writes the ring;
    /// * from the end of a frame until (N - 1) frame times later, neither the SDK's callback thread nor the pool's
    ///   service thread (`frame-pool`) is kept from running for a quarter of that time or more while the camera goes on: not by a
    ///   signal handler, a debugger, `SIGSTOP`, a suspended or migrated virtual machine, or a machine that is overloaded; and there is
    ///   room for what is held ([`crate::Plan::reserve`], [`crate::Plan::keep_free`] not 0, no pin held longer);
    /// * where one of these is broken all the same, no reference into the lease (`slot_bytes`, `bytes`, `pixels`, `rows`) is
    ///   alive, or made, from the moment at which the slot may be written again. The bytes behind a `&[u8]` that change while
    ///   it lives are undefined behaviour, however it was noticed.
    ///
    /// [`crate::Lease::verify`] tells afterwards whether a frame was written over; it does not mend what a reference has seen. Who cannot
    /// vouch for all of this takes [`Delivery::Auto`] (one copy, never torn) or [`Delivery::Raw`] (a copy when asked for, checked,
    /// no reference).
    #[must_use]
    pub const unsafe fn given() -> Self {
        Self { given: () }
    }
}
