//! Where pictures live: preallocated memory whose frames are lent as leases.
//!
//! A camera's driver writes frames into a ring of blocks. This crate owns that ring, lends each frame to any number of
//! readers as a [`Lease`] on the very bytes that were written, and knows at any moment where every frame went. It knows no
//! camera: the `pvcam` crate is one producer, a frame grabber could be another.
//!
//! # The parts
//!
//! * [`Pool`]: one sealed memory file with N ring blocks and R reserve blocks, read-only windows onto them, and a service
//!   thread that sleeps unless it is needed.
//! * [`Stream`]: one run. The producer's callback calls [`Stream::publish`] (in place) or [`Stream::copy`] (a validated copy
//!   into the reserve), then [`Stream::retire_when_due`].
//! * [`Lease`]: one pointer; `Clone + Send + Sync + 'static`; dropped in any order on any thread.
//! * [`Books`]: every frame in exactly one column.
//! * [`Layout`]: what the bytes mean; [`Picture`] views them, [`RegionView`] one region of several, [`OwnedFrame`] a copy. [`Record`]: what is known of the frame, and by what [`Evidence`] it is held to be good.
//!
//! # What is promised, and by whom
//!
//! A lease in place is only as good as the ring below it: see [`StreamMode`]. `Frozen` and `Locked` rings do not write a
//! leased block; a `Copied` stream never lends ring memory at all. Who opens the stream answers for the mode; what was
//! relied on stands in each record as evidence.
//!
//! # Threads
//!
//! The producing calls belong to one thread at a time. Everything else may be called from any thread. Nothing on the way
//! from callback to reader allocates, locks, logs or panics, and at most one thread is woken by a system call.

#![cfg_attr(pool_loom, allow(dead_code, reason = "the models use the protocol without memory and threads"))]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "frame-pool needs Linux: its memory is a sealed memfd, and windows are repointed as only Linux does it atomically"
);

mod books;
mod clock;
mod copy;
mod doorbell;
#[cfg(not(pool_loom))]
mod ender;
mod free;
#[cfg(not(pool_loom))]
mod holder;
mod keeper;
mod layout;
mod lease;
mod lease_word;
mod owned;
mod picture;
mod pin;
#[cfg(not(pool_loom))]
mod pool;
mod raw;
mod rearm;
mod record;
mod region;
mod regions;
mod ring;
#[cfg(not(pool_loom))]
mod service;
mod serving;
mod shared;
mod sink;
mod slot;
mod stream;
mod sync;
mod timebound;
mod verify;
mod view;

#[cfg(pool_loom)]
pub mod model;

pub use books::{Books, LossCause, LossEvent};
pub use doorbell::{Doorbell, Ticket};
#[cfg(not(pool_loom))]
pub use ender::{ReaderOverrun, StreamEnder};
#[cfg(not(pool_loom))]
pub use holder::{Held, Holder, Holding};
pub use layout::{Colour, Element, Layout, MemoryOrder, Origin};
pub use lease::Lease;
pub use lease_word::{Clones, LeaseWord, Unclaimed};
pub use owned::OwnedFrame;
pub use picture::{Picture, Sample, ViewError};
pub use pin::{PinError, Pinned, PinnedPages};
#[cfg(not(pool_loom))]
pub use pool::{Leased, Pool, PoolError, RingMemory, StreamError};
pub use raw::{Overrun, RawFrame};
pub use record::{Evidence, Record, Tag, monotonic_ns};
pub use region::{HugePages, Limit, RegionCost, RegionError, RegionNote, RegionPlan, RegionReport};
pub use regions::{RegionLayout, RegionView};
pub use ring::PublishError;
pub use sink::{Sink, Unlock, sealed};
pub use stream::{Pressure, Stream, StreamEnd, StreamMode, StreamPlan};
pub use verify::Torn;
