//! Taking frames in async code, with any executor: standard wakers, which run on the bus's dispatcher thread. With the feature `tokio`
//! a poll asks for a turn in tokio's cooperative budget first (docs/adr/0023).

use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

use crate::event::{Event, WaitError};
use crate::fault::broken;
use crate::seat::{AWAKE, TASK};
use crate::subscriber::Subscriber;
use crate::sync::Ordering;

/// Waits for the next event; made by [`Subscriber::recv`]. Dropping it before it is ready loses nothing: events are taken only when
/// they are handed out.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a> {
    subscriber: &'a mut Subscriber,
}

impl Subscriber {
    /// The next event. Cancellation-safe; for a deadline use the executor's timeout.
    ///
    /// With the feature `tokio`, a task that has taken its share of events is sent to the end of tokio's queue before it gets the next one.
    /// Without it, and under other executors, this is ready for as long as events wait: see [In async code](crate#in-async-code).
    ///
    /// # Errors
    /// [`WaitError::Cancelled`] after [`crate::Canceller::cancel`].
    ///
    /// ```
    /// use frame_bus::{Bus, BusPlan, Closed, Closing, Event, Policy, Request, Subscriber, WaitError};
    /// async fn show(mut viewer: Subscriber) -> Result<Box<Closed>, WaitError> {
    ///     loop {
    ///         match viewer.recv().await? {
    ///             Event::Frame(frame) => println!("frame {}", frame.record().number),
    ///             Event::Closed(closed) => return Ok(closed),
    ///             _ => {}
    ///         }
    ///     }
    /// }
    /// let bus = Bus::new(BusPlan::for_ring(32, 8))?;
    /// let shown = show(bus.subscribe(&Request::new("viewer", Policy::Latest))?);
    /// bus.close(Closing::Stopped);
    /// # use std::task::{Context, Poll, Waker};
    /// # let Poll::Ready(closed) = std::pin::pin!(shown).poll(&mut Context::from_waker(Waker::noop())) else {
    /// #     panic!("the end is there");
    /// # };
    /// # assert_eq!(closed?.why, Closing::Stopped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv(&mut self) -> Recv<'_> {
        Recv { subscriber: self }
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, WaitError>> {
        // A poll that has no turn touches nothing, and the runtime polls again. What an earlier one left (the word that it waits, and
        // its waker) stays for that poll, or for the drop.
        #[cfg(feature = "tokio")]
        let turn = core::task::ready!(tokio::task::coop::poll_proceed(context));
        let polled = self.poll_event(context);
        #[cfg(feature = "tokio")]
        if polled.is_ready() {
            turn.made_progress();
        }
        polled
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, WaitError>> {
        if let Some(ready) = self.poll_now() {
            // It may have said that it waits when it was asked before.
            self.stop_waiting();
            return Poll::Ready(ready);
        }
        let seat = &self.seat;
        seat.set_waker(Some(context.waker().clone()));
        self.bus.lie_down(seat, TASK);
        if broken!(self.bus, LooksOnce) {
            return Poll::Pending;
        }
        // The look comes after the word that we wait.
        match self.poll_now() {
            Some(ready) => {
                self.forget_waker();
                Poll::Ready(ready)
            }
            None => {
                // Nothing is there, and only a delivery that is going on keeps the end from being told. Nobody may be there to wake
                // who waits for that: the dispatcher ends with the bus.
                if self.bus.is_closed() && !broken!(self.bus, AsksNotAgain) {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }

    fn poll_now(&mut self) -> Option<Result<Event, WaitError>> {
        if self.take_cancellation() {
            return Some(Err(WaitError::Cancelled));
        }
        self.try_recv().map(Ok)
    }

    /// The same, if somebody waited.
    fn stop_waiting(&self) {
        if self.seat.reading().waiting.load(Ordering::Relaxed) != AWAKE {
            self.forget_waker();
        }
    }

    /// Nobody waits any more.
    fn forget_waker(&self) {
        let seat = &self.seat;
        self.bus.get_up(seat);
        seat.set_waker(None);
    }
}

impl Future for Recv<'_> {
    type Output = Result<Event, WaitError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().subscriber.poll_recv(context)
    }
}

impl Drop for Recv<'_> {
    fn drop(&mut self) {
        self.subscriber.forget_waker();
    }
}

impl Stream for Subscriber {
    type Item = Event;

    /// Ends after [`Event::Closed`], or when cancelled.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = self.get_mut();
        if this.told_end {
            return Poll::Ready(None);
        }
        match this.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(event)) => {
                this.told_end = matches!(event, Event::Closed(_));
                Poll::Ready(Some(event))
            }
            Poll::Ready(Err(_)) => {
                this.told_end = true;
                Poll::Ready(None)
            }
        }
    }
}
