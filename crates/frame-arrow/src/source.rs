//! Where frames come from: anything that answers, within a given time, with a lease.

use core::borrow::Borrow;
use core::time::Duration;

use frame_pool::Lease;

/// What a [`Source`] answers.
#[derive(Debug)]
pub enum Next<H> {
    /// A frame.
    Frame(H),
    /// Frames that will not come: the first one's number, and how many.
    Lost {
        /// Number of the first one.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Nothing came in time.
    Nothing,
    /// No frame will come any more, and why.
    Ended(String),
}

/// Gives frames one after the other. A closure is one: that is how a subscriber of a bus, or a session's frames, feed a
/// [`crate::Recorder`], while this crate knows neither.
///
/// What it gives out is held as it is while the frame is looked at, so that this is done in the name of whoever took it.
///
/// ```
/// # use std::time::Duration;
/// # use frame_arrow::{Next, Source};
/// # use frame_pool::Lease;
/// # trait Subscriber { fn recv_within(&mut self, patience: Duration) -> Event; }
/// # enum Event { Frame(Lease), Lagged { first: u64, count: u64 }, Closed(String), Timeout }
/// fn source(mut subscriber: impl Subscriber + Send + 'static) -> impl Source {
///     move |patience: Duration| match subscriber.recv_within(patience) {
///         Event::Frame(frame) => Next::Frame(frame),
///         Event::Lagged { first, count } => Next::Lost { first, count },
///         Event::Closed(why) => Next::Ended(why),
///         Event::Timeout => Next::Nothing,
///     }
/// }
/// ```
pub trait Source: Send + 'static {
    /// A lease, or what holds one.
    type Held: Borrow<Lease>;

    /// The next frame, waiting for it no longer than `patience`. After [`Next::Ended`] it is not called any more.
    fn next_within(&mut self, patience: Duration) -> Next<Self::Held>;
}

impl<H, F> Source for F
where
    H: Borrow<Lease>,
    F: FnMut(Duration) -> Next<H> + Send + 'static,
{
    type Held = H;

    fn next_within(&mut self, patience: Duration) -> Next<H> {
        self(patience)
    }
}
