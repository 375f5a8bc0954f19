//! One camera, many readers, nobody waits for the slowest.
//!
//! A [`Bus`] takes each frame from the camera's callback once and lends it to any number of named subscribers: the same memory, where
//! the camera wrote it, to each by its own rule. Subscribers join and leave while frames flow. One that is slow, panics, forgets
//! its handle or holds all it gets does not disturb the others; what it cost stands in the books, by name.
//!
//! # The parts
//!
//! * [`Bus::sink`]: what a session delivers into (`armed.start_into(bus.sink())`). [`Publisher`]: the same by hand.
//! * [`Request`]: name, [`Policy`], [`Pace`], [`Filter`], how many frames are held at work, and how to [`Wait`].
//! * [`Subscriber`]: takes [`Event`]s, blocking with a deadline, without waiting, all at once, only the newest, or in async code.
//! * [`Frame`]: a lease in the name of who took it.
//! * [`BusBooks`], [`Holding`]: where each frame went, and who holds how many.
//!
//! # Lagging
//!
//! A mailbox has room for `depth` frames, made with the bus. What happens when it is full is the subscriber's choice: with
//! [`Policy::DropOldest`] the oldest gives way, with [`Policy::DropNewest`] the new one is not taken, with [`Policy::Every`] neither is
//! meant to happen, and it is an overrun that may end the run: bus and session ([`Request::ends_on_overrun`]). In each case the reader is
//! told where the hole is, in its place between two frames: [`Event::Lagged`] with the exact number of the first frame that is
//! missing, and how many. [`Policy::Latest`] is for viewers: one slot, always the newest frame, and no word about the others but in
//! the books. The reader's thread also logs it (`tracing`, a warning with `subscriber`, `first` and `count`), at most once a second for
//! each subscriber.
//!
//! Slow readers hold the camera's memory. So who joins says how much it will have at most, waiting (depth) and at work (`holds`), and
//! is refused if that is more than the ring can spare ([`SubscribeError::Frames`]): the depth of the deepest mailbox times
//! its decimation, plus all holds, fits N - 2 + R (R, if frames are copied out of the ring). That is looked at when somebody joins, and
//! when a stream begins to deliver.
//!
//! # Closing
//!
//! The end is data as well. When the stream is stopped or ends, each subscriber takes what waits for it, is told of lag at the
//! end, and then gets [`Event::Closed`] with the reason and its books. A stream that ends by itself says why, with its own books
//! ([`Closing::Ended`]). The first reason stands; an application that knows better than
//! the stream (the camera is gone) says so first, with [`Bus::close`]. A bus that was closed stays closed.
//!
//! # Who holds my frames
//!
//! [`Bus::holdings`] lists who holds how many frames and how old the oldest is, who holds most first. Who left and kept frames
//! stands there until it drops them. Holding more than was said is not prevented ([`Holding::is_over`] tells): a `&[u8]` is never
//! taken away.
//!
//! With the feature `metrics` the books are counters and gauges of the facade of that name as well (`Bus::metrics`), told by a thread of
//! yours.
//!
//! # In async code
//!
//! [`Subscriber::recv`] and the `Stream` that a [`Subscriber`] is work under any executor, with standard wakers. While events wait they
//! are ready at once, and a reader that is slower than the camera finds one each time: its task never gives its thread away. Other tasks
//! of that thread then have no turn, and a timeout around the loop does not fire.
//!
//! Under tokio switch on the feature `tokio`: each event counts in tokio's cooperative budget, as one of its own channels' does, and after
//! some of them (128, in its present version) it is the turn of others. `tokio::task::coop::unconstrained` is the way out. The feature starts no
//! runtime, and outside of one changes nothing.
//!
//! Under other executors yield in the loop, each 64 events, say (`yield_now` of `futures-lite` or of the executor), or take frames on a
//! thread.
//!
//! # Threads
//!
//! Publishing never waits, locks, allocates, logs or panics, and wakes at most one thread: the reader that sleeps if there
//! is only one, or else the bus's dispatcher, which wakes the others and runs async wakers. Callbacks run on threads of their own,
//! panics are caught. No code of users runs on the camera's thread: filters are data.

#![deny(unsafe_code)]
#![cfg_attr(pool_loom, allow(dead_code, reason = "the models use the protocol without threads"))]

mod account;
mod admission;
mod books;
#[cfg(not(pool_loom))]
mod bus;
#[cfg(not(pool_loom))]
mod callback;
mod ending;
mod event;
#[cfg(all(feature = "metrics", not(pool_loom)))]
mod export;
mod fanout;
mod fault;
mod frame;
mod hand_out;
mod lag_log;
mod leaving;
#[expect(unsafe_code, reason = "whose a lease is settled by the positions of a queue: docs/adr/0018")]
mod mailbox;
mod plan;
mod register;
mod ring;
mod seat;
mod subscriber;
mod sync;
mod task;
mod walk;

#[cfg(pool_loom)]
pub mod model;

pub use admission::SubscribeError;
pub use books::{BusBooks, SubscriberBooks};
#[cfg(not(pool_loom))]
pub use bus::{Bus, Publisher};
#[cfg(not(pool_loom))]
pub use callback::{Callback, CallbackPanicked};
pub use event::{Closed, Closing, Event, Lag, WaitError};
#[cfg(all(feature = "metrics", not(pool_loom)))]
pub use export::BusMetrics;
pub use frame::{Frame, Holding};
pub use plan::{BusPlan, Filter, Pace, Policy, Request, Wait};
pub use subscriber::{Canceller, Subscriber};
pub use task::Recv;
