//! The bus: seats, a publisher's side that is the session's sink, and a dispatcher thread that wakes who sleeps.

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use frame_pool::{Books, Lease, ReaderOverrun, Sink, StreamEnd, StreamEnder};

use crate::admission::SubscribeError;
use crate::books::BusBooks;
use crate::callback::Callback;
use crate::ending::{CAMERA_GONE, DROPPED, FAILED, STOPPED};
use crate::event::{Closing, Event};
use crate::fanout::Fanout;
use crate::frame::Holding;
use crate::plan::{BusPlan, Request};
use crate::subscriber::Subscriber;
use crate::sync::{AtomicBool, Ordering};

/// One run of a camera for many readers. See the crate's page for the whole story.
///
/// Dropping it closes it; subscribers can still take what waits for them. One bus serves one run: make another for the next start.
///
/// ```
/// use std::time::Duration;
/// use frame_bus::{Bus, BusPlan, Closing, Event, Policy, Request};
/// let bus = Bus::new(BusPlan::for_ring(32, 8))?;
/// let mut viewer = bus.subscribe(&Request::new("viewer", Policy::Latest))?;
/// // `armed.start_into(bus.sink())` starts a camera of the `pvcam` crate into it. Here nothing comes:
/// bus.close(Closing::Stopped);
/// match viewer.recv_within(Duration::from_secs(5))? {
///     Event::Frame(frame) => println!("frame {}", frame.record().number),
///     Event::Lagged(lag) => println!("{} frames from {} on are gone", lag.count, lag.first),
///     Event::Closed(closed) => println!("{}; {}", closed.why, closed.books),
///     _ => {}
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Bus {
    fanout: Arc<Fanout>,
    quit: Arc<AtomicBool>,
    dispatcher: Option<JoinHandle<()>>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("plan", &self.fanout.plan).finish_non_exhaustive()
    }
}

/// Publishes frames that are held already: into a second bus, say, after a decimator. The lease goes on, no pixel is copied.
///
/// ```
/// use frame_bus::{Bus, BusPlan, Policy, Request};
/// let (first, second) = (Bus::new(BusPlan::for_ring(32, 8))?, Bus::new(BusPlan::for_ring(32, 8))?);
/// let publisher = second.publisher();
/// let each = Request::new("to the second bus", Policy::DropOldest { depth: 2 }).each(10);
/// let link = first.subscribe_callback(&each, move |event| {
///     if let Some(frame) = event.into_frame() {
///         publisher.publish(frame.into_lease());
///     }
/// })?;
/// # drop(link);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Publisher {
    fanout: Arc<Fanout>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Publisher {
    /// Hands a frame to all who want it. Never waits, locks or allocates; wakes at most one thread. One thread at a time: a frame that
    /// meets another one's delivery is dropped and counted ([`BusBooks::collided`]).
    pub fn publish(&self, lease: Lease) {
        self.fanout.deliver(lease);
    }
}

/// The sink that a session delivers into.
struct Entrance(Arc<Fanout>);

impl frame_pool::sealed::OfThisFamily for Entrance {}

impl Sink for Entrance {
    fn deliver(&self, lease: Lease) {
        self.0.deliver(lease);
    }

    fn close(&self) {
        self.0.close(STOPPED);
    }

    fn end(&self, why: StreamEnd, books: &Books) {
        self.0.end(why, books);
    }

    fn attached(&self, stream: StreamEnder, frames: u32) {
        self.0.attach(stream, frames);
    }

    fn overrun(&self) -> Option<ReaderOverrun> {
        match self.0.closing()? {
            Closing::Overrun { subscriber, frame } => Some(ReaderOverrun::new(subscriber, frame)),
            _ => None,
        }
    }

    fn holdings(&self) -> Vec<frame_pool::Holding> {
        let holdings = self.0.holdings().into_iter();
        holdings.map(|held| frame_pool::Holding::new(held.name, held.frames, held.oldest)).collect()
    }
}

impl Bus {
    /// A bus with all its memory and its dispatcher thread (asleep until needed).
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn new(plan: BusPlan) -> std::io::Result<Self> {
        let fanout = Arc::new(Fanout::new(plan));
        let quit = Arc::new(AtomicBool::new(false));
        let (theirs, stop) = (Arc::clone(&fanout), Arc::clone(&quit));
        let builder = std::thread::Builder::new().name("frame-bus".into());
        // A new thread allocates before it runs our code, at a time of its own; waited for, that is part of making the bus.
        let begun = Arc::new(Barrier::new(2));
        let there = Arc::clone(&begun);
        let dispatcher = builder.spawn(move || {
            there.wait();
            drop(there);
            dispatch(&theirs, &stop);
        })?;
        begun.wait();
        Ok(Self { fanout, quit, dispatcher: Some(dispatcher) })
    }

    /// What it was made for.
    #[must_use]
    pub fn plan(&self) -> BusPlan {
        self.fanout.plan
    }

    /// Where a session delivers: `armed.start_into(bus.sink())`.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(Entrance(Arc::clone(&self.fanout)))
    }

    /// Publishes frames by hand.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        Publisher { fanout: Arc::clone(&self.fanout) }
    }

    /// Joins. The subscriber gets frames from the next one on; others notice nothing.
    ///
    /// # Errors
    /// [`SubscribeError`]: no seat, not enough frames for what is asked, or closed.
    ///
    /// ```
    /// use frame_bus::{Bus, BusPlan, Policy, Request, SubscribeError};
    /// let bus = Bus::new(BusPlan::for_ring(16, 2))?;
    /// let _first = bus.subscribe(&Request::new("recorder", Policy::Every { depth: 12 }).holds(3))?;
    /// let second = Request::new("statistics", Policy::DropOldest { depth: 4 }).holds(2);
    /// match bus.subscribe(&second) {
    ///     Err(SubscribeError::Frames { needed, available }) => assert_eq!((needed, available), (17, 16)),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(&self, request: &Request) -> Result<Subscriber, SubscribeError> {
        Subscriber::join(&self.fanout, request)
    }

    /// Joins with a function that is called for each event, on a thread of its own. A panic in it ends this subscription, and nothing
    /// else ([`Callback::wait`] tells). After [`Event::Closed`] it is not called any more.
    ///
    /// # Errors
    /// As [`Self::subscribe`], and [`SubscribeError::Thread`].
    ///
    /// ```
    /// use frame_bus::{Bus, BusPlan, Closing, Policy, Request};
    /// let bus = Bus::new(BusPlan::for_ring(16, 2))?;
    /// let statistics = Request::new("statistics", Policy::DropOldest { depth: 4 });
    /// let callback = bus.subscribe_callback(&statistics, |event| println!("{event:?}"))?;
    /// bus.close(Closing::Stopped);
    /// let books = callback.wait()?;
    /// assert!(books.balance());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe_callback(
        &self,
        request: &Request,
        callback: impl FnMut(Event) + Send + 'static,
    ) -> Result<Callback, SubscribeError> {
        Callback::start(self.subscribe(request)?, callback)
    }

    /// Closes the bus: nothing is handed out any more, and each subscriber is told why after what waits for it. The first reason
    /// stands. ([`Closing::Overrun`] is the bus's own and [`Closing::Ended`] the stream's; given here they count as [`Closing::Failed`].)
    pub fn close(&self, why: Closing) {
        self.fanout.close(match why {
            Closing::Stopped => STOPPED,
            Closing::CameraGone => CAMERA_GONE,
            Closing::BusDropped => DROPPED,
            Closing::Failed | Closing::Overrun { .. } | Closing::Ended { .. } => FAILED,
        });
    }

    /// Why it is closed, if it is.
    #[must_use]
    pub fn closing(&self) -> Option<Closing> {
        self.fanout.closing()
    }

    /// Where every frame went, subscriber by subscriber.
    #[must_use]
    pub fn books(&self) -> BusBooks {
        self.fanout.books()
    }

    /// Tells the `metrics` facade where frames went, under the label `bus = name` (feature `metrics`).
    ///
    /// ```
    /// use frame_bus::{Bus, BusPlan, Policy, Request};
    /// let bus = Bus::new(BusPlan::for_ring(32, 8))?;
    /// let _viewer = bus.subscribe(&Request::new("viewer", Policy::Latest))?;
    /// // After a recorder was installed, and then about as often as it is asked:
    /// let mut metrics = bus.metrics("camera 1");
    /// metrics.record();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(&self, name: &str) -> crate::BusMetrics {
        crate::BusMetrics::new(&self.fanout, name)
    }

    /// Who holds how many frames, and how old the oldest is; who holds most first. Also those who left and hold on.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        self.fanout.holdings()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.fanout.close(DROPPED);
        self.quit.store(true, Ordering::Release);
        self.fanout.bell.ring();
        if let Some(dispatcher) = self.dispatcher.take() {
            // Dropped by a waker, that is on the dispatcher itself: it ends after this.
            if dispatcher.thread().id() != std::thread::current().id() {
                // It catches panics; if it had one all the same there is nobody to tell.
                let _ = dispatcher.join();
            }
        }
    }
}

/// Wakes who sleeps, until told to stop. Wakers are other people's code: a panic in one stays there.
fn dispatch(fanout: &Fanout, quit: &AtomicBool) {
    loop {
        let ticket = fanout.bell.listen();
        let stop = quit.load(Ordering::Acquire);
        fanout.end_stream();
        while catch_unwind(AssertUnwindSafe(|| fanout.wake_all())).is_err() {
            // The waker that panicked is gone from its seat; the others are still to be woken.
        }
        if stop {
            return;
        }
        fanout.bell.wait(ticket, None);
    }
}
