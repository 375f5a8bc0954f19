//! A function that is called for each event, on a thread of the bus.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::admission::SubscribeError;
use crate::books::SubscriberBooks;
use crate::event::{Event, WaitError};
use crate::subscriber::{Canceller, Subscriber};

/// A callback panicked; its subscription has ended, the others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the callback of {} panicked: {message}", books.name)]
#[non_exhaustive]
pub struct CallbackPanicked {
    /// What the panic said, if that was text.
    pub message: String,
    /// The subscriber's books up to then.
    pub books: SubscriberBooks,
}

/// A subscription whose events are handed to a function. Dropping it leaves the bus, without waiting for a call that is under way.
#[derive(Debug)]
#[must_use = "dropping a callback leaves the bus"]
pub struct Callback {
    canceller: Canceller,
    thread: Option<JoinHandle<Result<SubscriberBooks, CallbackPanicked>>>,
}

impl Callback {
    pub(crate) fn start(
        subscriber: Subscriber,
        callback: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, SubscribeError> {
        let canceller = subscriber.canceller();
        let builder = std::thread::Builder::new().name(thread_name(subscriber.name()));
        let spawned = builder.spawn(move || serve(subscriber, callback));
        let thread = spawned.map_err(|why| SubscribeError::Thread(why.to_string()))?;
        Ok(Self { canceller, thread: Some(thread) })
    }

    /// Waits until the bus is closed and all events were handled.
    ///
    /// # Errors
    /// [`CallbackPanicked`].
    pub fn wait(mut self) -> Result<SubscriberBooks, CallbackPanicked> {
        self.thread.take().map_or_else(|| Ok(SubscriberBooks::default()), join)
    }

    /// Ends the subscription after the call that is under way, and waits for that.
    ///
    /// # Errors
    /// [`CallbackPanicked`].
    pub fn stop(self) -> Result<SubscriberBooks, CallbackPanicked> {
        self.canceller.cancel();
        self.wait()
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.canceller.cancel();
        }
    }
}

fn join(
    thread: JoinHandle<Result<SubscriberBooks, CallbackPanicked>>,
) -> Result<SubscriberBooks, CallbackPanicked> {
    // Panics of the callback are caught on its thread; one outside of it would be ours.
    let lost = |_| Err(CallbackPanicked { message: String::new(), books: SubscriberBooks::default() });
    thread.join().unwrap_or_else(lost)
}

fn serve(
    mut subscriber: Subscriber,
    mut callback: impl FnMut(Event),
) -> Result<SubscriberBooks, CallbackPanicked> {
    loop {
        let event = match subscriber.recv_within(Duration::MAX) {
            Ok(event) => event,
            Err(WaitError::Cancelled) => return Ok(subscriber.leave()),
            Err(WaitError::Timeout) => continue,
        };
        let last = matches!(event, Event::Closed(_));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(event))) {
            return Err(CallbackPanicked { message: text_of(&*panic), books: subscriber.leave() });
        }
        if last {
            return Ok(subscriber.leave());
        }
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The name as far as the system can show it, without what it does not allow.
fn thread_name(name: &str) -> String {
    format!("bus-{}", name.replace('\0', " "))
}
