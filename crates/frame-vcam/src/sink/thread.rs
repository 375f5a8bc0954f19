//! The virtual camera's thread: the only one that touches the output and the painter.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use frame_bus::{Event, Frame, Subscriber};
use frame_pool::{Layout, monotonic_ns};

use super::builder::Idle;
use super::pace::{Pace, Turn};
use super::screen::{Screen, unpaintable};
use super::shared::{Orders, Shared};
use super::state::{CameraBooks, Failure, State};
use crate::format::{Geometry, PixelFormat};
use crate::output::Opener;
use crate::paint::Painter;

/// From a failure to the next try.
const RETRY_NS: u64 = 1_000_000_000;

/// What was asked for when the camera was made.
pub(super) struct Wanted {
    /// The size, where one was asked for.
    pub(super) fixed: Option<Geometry>,
    pub(super) format: PixelFormat,
    pub(super) rate: u32,
    pub(super) idle: Idle,
}

/// Until when there is nothing to do, but for orders.
enum Rest {
    /// Until this time, whatever comes.
    Until(u64),
    /// Until a frame comes, or until this time.
    ForFrame(Option<u64>),
    /// Until there are orders.
    ForOrders,
}

/// Everything that belongs to the thread.
pub(super) struct Projector {
    shared: Arc<Shared>,
    wanted: Wanted,
    opener: Box<dyn Opener>,
    painter: Box<dyn Painter>,
    /// The last order that was taken.
    serial: u64,
    published: bool,
    reader: Option<Subscriber>,
    /// A frame that came while it was waited for.
    arrived: Option<Frame>,
    screen: Option<Screen>,
    /// The layout that came last, and what it is shown in where no size was asked for.
    sized: Option<(Layout, Geometry)>,
    pace: Pace,
    retry_at: Option<u64>,
    /// When a frame was shown last; nothing before the first one and while the placeholder is shown.
    alive_since: Option<u64>,
    state: State,
    books: CameraBooks,
}

/// Says that the thread has ended, however it did.
struct LastWord<'a>(&'a Shared);

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        self.0.tell(u64::MAX, &State::Ended, self.0.books());
    }
}

impl Projector {
    pub(super) fn new(
        shared: Arc<Shared>,
        wanted: Wanted,
        opener: Box<dyn Opener>,
        painter: Box<dyn Painter>,
    ) -> Self {
        let pace = Pace::new(wanted.rate);
        Self {
            shared,
            wanted,
            opener,
            painter,
            serial: 0,
            published: false,
            reader: None,
            arrived: None,
            screen: None,
            sized: None,
            pace,
            retry_at: None,
            alive_since: None,
            state: State::Hidden,
            books: CameraBooks::default(),
        }
    }

    /// Works until it is told to quit.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _last_word = LastWord(&shared);
        loop {
            if let Some(orders) = shared.orders_since(self.serial)
                && !self.obey(orders)
            {
                // The device is closed before the handle hears that we are gone.
                drop(self);
                return;
            }
            let rest = self.act();
            shared.tell(self.serial, &self.state, self.books);
            self.rest(&rest);
        }
    }

    /// `false`: quit.
    fn obey(&mut self, orders: Orders) -> bool {
        self.serial = orders.serial;
        if let Some(reader) = orders.reader {
            self.reader = Some(reader);
        }
        self.published = orders.published;
        // Who orders something wants to see what comes of it.
        self.retry_at = None;
        !orders.quit
    }

    fn act(&mut self) -> Rest {
        if !self.published {
            (self.screen, self.alive_since, self.state) = (None, None, State::Hidden);
            if self.arrived.take().is_some() {
                self.books.taken += 1;
                self.books.hidden += 1;
            }
            return Rest::ForOrders;
        }
        let now = monotonic_ns();
        if let Some(retry_at) = self.retry_at.filter(|at| now < *at) {
            return Rest::Until(retry_at);
        }
        self.retry_at = None;
        // Painter and outputs may be a user's: a panic there must not be a silent end. What it leaves half done is dropped below.
        let failure = match catch_unwind(AssertUnwindSafe(|| self.show(now))) {
            Ok(Ok(rest)) => return rest,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::Panicked(text_of(&*panic)),
        };
        (self.screen, self.alive_since) = (None, None);
        self.books.failures += 1;
        self.state = State::Failed(failure);
        let retry_at = now.saturating_add(RETRY_NS);
        self.retry_at = Some(retry_at);
        Rest::Until(retry_at)
    }

    fn show(&mut self, now: u64) -> Result<Rest, Failure> {
        let turn = self.pace.turn(now);
        if let Turn::NotBefore(due) = turn {
            return Ok(Rest::Until(due));
        }
        if let Some(frame) = self.newest() {
            self.books.taken += 1;
            // Until it is shown: whatever happens, it stands in one column.
            self.books.failed += 1;
            self.show_frame(&frame, now)?;
            self.books.failed -= 1;
            return Ok(Rest::Until(now));
        }
        match (turn, self.wanted.fixed, &self.screen) {
            (_, None, None) => {
                self.state = State::WaitingForFrame;
                Ok(Rest::ForFrame(None))
            }
            // Readers see at once that there is a camera.
            (_, Some(geometry), None) => {
                self.open(geometry)?;
                self.show_nothing_new(now)
            }
            (Turn::Frame { repeat_at }, ..) => Ok(Rest::ForFrame(Some(repeat_at))),
            _ => self.show_nothing_new(now),
        }
    }

    fn show_frame(&mut self, frame: &Frame, now: u64) -> Result<(), Failure> {
        let geometry = self.geometry_for(&frame.layout().at_offset(0))?;
        if self.screen.as_ref().is_none_or(|screen| screen.geometry != geometry) {
            self.open(geometry)?;
        }
        let Some(screen) = &mut self.screen else { return Ok(()) };
        if screen.show(frame.lease(), &mut *self.painter)? {
            self.books.shown += 1;
            self.books.last_shown = Some(frame.record().number);
            self.alive_since = Some(now);
        } else {
            self.books.no_room += 1;
        }
        self.pace.shown(now);
        Ok(())
    }

    /// What frames of this layout are shown in. The painter is asked once for each layout, because it may allocate then.
    fn geometry_for(&mut self, layout: &Layout) -> Result<Geometry, Failure> {
        match (self.wanted.fixed, self.sized) {
            (Some(geometry), _) => Ok(geometry),
            (None, Some((known, geometry))) if known == *layout => Ok(geometry),
            _ => {
                let geometry = self.painter.geometry(layout, self.wanted.format).map_err(unpaintable)?;
                self.sized = Some((*layout, geometry));
                Ok(geometry)
            }
        }
    }

    /// Closes what is open and opens for this geometry: a device takes no other one while it is open.
    fn open(&mut self, geometry: Geometry) -> Result<(), Failure> {
        (self.screen, self.alive_since) = (None, None);
        let screen = Screen::open(&mut *self.opener, geometry, self.wanted.rate)?;
        self.books.opened += 1;
        self.state = State::Showing { place: screen.place(), geometry };
        self.screen = Some(screen);
        Ok(())
    }

    fn show_nothing_new(&mut self, now: u64) -> Result<Rest, Failure> {
        let Some(screen) = &mut self.screen else { return Ok(Rest::ForOrders) };
        if let (Some(since), Idle::Placeholder { after }) = (self.alive_since, self.wanted.idle)
            && u128::from(now.saturating_sub(since)) >= after.as_nanos()
        {
            self.alive_since = None;
            self.books.placeholders += u64::from(screen.show_placeholder(now)?);
        } else if screen.repeat(now)? {
            self.books.repeated += 1;
        } else if self.alive_since.is_none() {
            self.books.placeholders += u64::from(screen.show_placeholder(now)?);
        }
        self.pace.shown(now);
        Ok(Rest::Until(now))
    }

    /// The newest frame that was not taken yet. Forgets a bus that has closed.
    fn newest(&mut self) -> Option<Frame> {
        if let Some(frame) = self.arrived.take() {
            return Some(frame);
        }
        loop {
            match self.reader.as_mut()?.try_recv()? {
                Event::Frame(frame) => return Some(frame),
                Event::Closed(_) => self.reader = None,
                // Lag stands in the subscriber's books.
                _ => {}
            }
        }
    }

    fn rest(&mut self, rest: &Rest) {
        let left = |until: u64| Duration::from_nanos(until.saturating_sub(monotonic_ns()));
        match (rest, &mut self.reader) {
            (Rest::Until(until), _) => self.shared.sleep(self.serial, Some(left(*until))),
            (Rest::ForOrders, _) | (Rest::ForFrame(None), None) => self.shared.sleep(self.serial, None),
            (Rest::ForFrame(Some(until)), None) => self.shared.sleep(self.serial, Some(left(*until))),
            (Rest::ForFrame(until), Some(reader)) => {
                match reader.recv_within(until.map_or(Duration::MAX, left)) {
                    Ok(Event::Frame(frame)) => self.arrived = Some(frame),
                    Ok(Event::Closed(_)) => self.reader = None,
                    // Lag, time that is over, orders.
                    _ => {}
                }
            }
        }
    }
}

fn text_of(panic: &(dyn core::any::Any + Send)) -> String {
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
