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

/// What viewers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing that can be shown again: the device was opened just now, or holds half a picture.
    Nothing,
    /// A frame that was shown at this time.
    Frame {
        /// When.
        since: u64,
    },
    /// The placeholder.
    Placeholder,
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
    /// What the output allows.
    longest_rest: Option<Duration>,
    seen: Seen,
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
            longest_rest: None,
            seen: Seen::Nothing,
            state: State::Hidden,
            books: CameraBooks::default(),
        }
    }

    /// Works until it is told to quit.
    pub(super) fn run(self) {
        let shared = Arc::clone(&self.shared);
        let _last_word = LastWord(&shared);
        // The device, the painter and all else is gone before the handle hears that we are.
        let mut projector = self;
        loop {
            let go_on = shared.orders_since(projector.serial).is_none_or(|orders| projector.obey(orders));
            let rest = projector.act();
            shared.tell(projector.serial, &projector.state, projector.books);
            if !go_on {
                return;
            }
            projector.rest(&rest);
        }
    }

    /// `false`: quit.
    fn obey(&mut self, orders: Orders) -> bool {
        self.serial = orders.serial;
        let published = orders.published && !orders.quit;
        if published != self.published || orders.reader.is_some() {
            // Who orders something new wants to see what comes of it. To ask again for what is wanted already hurries nothing.
            self.retry_at = None;
        }
        if let Some(reader) = orders.reader {
            self.reader = Some(reader);
        }
        self.published = published;
        !orders.quit
    }

    /// Painter and outputs may be a user's: a panic there must not be a silent end.
    fn act(&mut self) -> Rest {
        if !self.published {
            return self.hide();
        }
        let now = monotonic_ns();
        if let Some(retry_at) = self.retry_at.filter(|at| now < *at) {
            return Rest::Until(retry_at);
        }
        self.retry_at = None;
        let failure = match guarded(|| self.show(now)) {
            Ok(Ok(rest)) => return rest,
            Ok(Err(failure)) | Err(failure) => failure,
        };
        self.failed(failure);
        if self.arrived.take().is_some() {
            // It would be an old one by the next try.
            self.books.taken += 1;
            self.books.failed += 1;
        }
        // What a panic leaves half done goes, too. If that panics as well, it is counted.
        if let Err(failure) = guarded(|| self.close_screen()) {
            self.failed(failure);
        }
        let retry_at = now.saturating_add(RETRY_NS);
        self.retry_at = Some(retry_at);
        Rest::Until(retry_at)
    }

    fn hide(&mut self) -> Rest {
        if guarded(|| self.close_screen()).is_err() {
            self.books.failures += 1;
        }
        // It is closed all the same. The size of frames is asked for anew when it is published again: they may be others then.
        (self.state, self.sized) = (State::Hidden, None);
        if self.arrived.take().is_some() {
            self.books.taken += 1;
            self.books.hidden += 1;
        }
        Rest::ForOrders
    }

    /// The next picture, in the next device, is due at once.
    fn close_screen(&mut self) {
        (self.seen, self.pace) = (Seen::Nothing, Pace::new(self.wanted.rate));
        drop(self.screen.take());
    }

    fn failed(&mut self, failure: Failure) {
        self.books.failures += 1;
        self.state = State::Failed(failure);
    }

    fn show(&mut self, now: u64) -> Result<Rest, Failure> {
        self.longest_rest = self.screen.as_mut().map_or(Ok(None), Screen::attend)?;
        let turn = self.pace.turn(now);
        if let Turn::NotBefore(due) = turn {
            return Ok(Rest::Until(due));
        }
        if let Some(frame) = self.newest() {
            self.books.taken += 1;
            // Until it is shown: whatever happens, it stands in one column.
            self.books.failed += 1;
            match self.show_frame(&frame, now) {
                Ok(()) => self.books.failed -= 1,
                Err(failure @ Failure::Paint(_)) => {
                    // The frame is bad, not the device: viewers keep it. The memory may hold half a picture, so it is not shown again.
                    self.failed(failure);
                    self.seen = Seen::Nothing;
                    drop(frame);
                    return self.show_nothing_new(now);
                }
                Err(failure) => return Err(failure),
            }
            return Ok(Rest::Until(now));
        }
        // Without a size that was asked for, the one of the frames that were to be shown when the device failed.
        let geometry = self.wanted.fixed.or(self.sized.map(|(_, geometry)| geometry));
        match (turn, geometry, &self.screen) {
            (_, None, None) => {
                if !matches!(self.state, State::Failed(_)) {
                    self.state = State::WaitingForFrame;
                }
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
            self.seen = Seen::Frame { since: now };
            if !matches!(self.state, State::Showing { .. }) {
                self.state = screen.state();
            }
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
        self.close_screen();
        let screen = Screen::open(&mut *self.opener, geometry, self.wanted.rate)?;
        self.books.opened += 1;
        self.state = screen.state();
        self.screen = Some(screen);
        Ok(())
    }

    /// Shows the picture before once more, or the placeholder where that is due; what finds no room stays due.
    fn show_nothing_new(&mut self, now: u64) -> Result<Rest, Failure> {
        self.pace.shown(now);
        let Some(screen) = &mut self.screen else { return Ok(Rest::Until(now)) };
        let placeholder = match (self.seen, self.wanted.idle) {
            (Seen::Nothing, _) => true,
            (Seen::Frame { since }, Idle::Placeholder { after }) => {
                u128::from(now.saturating_sub(since)) >= after.as_nanos()
            }
            (Seen::Frame { .. }, Idle::LastFrame) | (Seen::Placeholder, _) => false,
        };
        if !placeholder {
            self.books.repeated += u64::from(screen.repeat(now)?);
        } else if screen.show_placeholder(now)? {
            self.books.placeholders += 1;
            self.seen = Seen::Placeholder;
        }
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
        let longest = self.screen.as_ref().and(self.longest_rest).unwrap_or(Duration::MAX);
        let left = |until: u64| Duration::from_nanos(until.saturating_sub(monotonic_ns())).min(longest);
        if self.reader.is_none() {
            self.shared.forget_bus(self.serial);
        }
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

/// Runs what may be a user's. A panic there is a failure.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    // What it leaves half done is a screen, which its caller drops; all else here is whole at each call of a user's part.
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Failure::Panicked(text_of(&*panic)))
}

fn text_of(panic: &(dyn core::any::Any + Send)) -> String {
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
