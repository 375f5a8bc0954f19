//! The books as counters and gauges of the `metrics` facade, told by a thread of the caller's and never on the way of a frame.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::books::{BusBooks, SubscriberBooks};
use crate::fanout::Fanout;

/// A column of a subscriber's books: its counter, that of all subscribers together, and what they count.
struct Column {
    own: &'static str,
    total: &'static str,
    says: &'static str,
    of: fn(&SubscriberBooks) -> u64,
}

macro_rules! column {
    ($column:ident, $says:literal) => {
        Column {
            own: concat!("frame_bus_subscriber_", stringify!($column)),
            total: concat!("frame_bus_", stringify!($column)),
            says: $says,
            of: |books| books.$column,
        }
    };
}

const COLUMNS: [Column; 8] = [
    column!(offered, "frames published while it subscribed"),
    column!(taken, "frames that its reader got"),
    column!(torn, "frames taken and then found torn"),
    column!(displaced, "frames that gave way to younger ones"),
    column!(refused, "frames that found its mailbox full"),
    column!(skipped, "frames that it did not want (filter, pace)"),
    column!(passed_over, "frames that its reader passed over for a newer one"),
    column!(left, "frames that it left unread"),
];

const PUBLISHED: &str = "frame_bus_published";
const LATE: &str = "frame_bus_late";
const COLLIDED: &str = "frame_bus_collided";
const SUBSCRIBERS: &str = "frame_bus_subscribers";
const UNREAD: [&str; 2] = ["frame_bus_subscriber_unread", "frame_bus_unread"];
const HELD: [&str; 2] = ["frame_bus_subscriber_held", "frame_bus_held"];
const ALLOWED: &str = "frame_bus_subscriber_held_allowed";
const OLDEST: &str = "frame_bus_subscriber_held_oldest_seconds";

/// What is known of who has one name, at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    unread: u64,
    held: u64,
    allowed: u64,
    oldest_seconds: f64,
}

/// What was told of one column after the other.
type Told = [u64; COLUMNS.len()];

/// The books of a bus as metrics; made by [`crate::Bus::metrics`] (feature `metrics`).
///
/// [`Self::record`] tells whatever recorder is installed what has changed since it was called last. Call it about as often as the metrics
/// are read, on any thread but the camera's; once more after the end, for the last frames. It outlives the bus. One for each bus: two would
/// count twice. Install the recorder before the first call: what is told to none is gone.
///
/// | name | kind, unit | labels | what |
/// |---|---|---|---|
/// | `frame_bus_published`, `_late`, `_collided` | counter, frames | `bus` | as in [`BusBooks`] |
/// | `frame_bus_offered`, `_taken`, `_torn`, `_displaced`, `_refused`, `_skipped`, `_passed_over`, `_left` | counter, frames | `bus` | as in [`SubscriberBooks`], of all that ever subscribed |
/// | `frame_bus_subscriber_offered`, and so on | counter, frames | `bus`, `subscriber` | the same, by name |
/// | `frame_bus_subscribers` | gauge, count | `bus` | who subscribes now |
/// | `frame_bus_unread`, `frame_bus_held` | gauge, frames | `bus` | in all mailboxes; at work |
/// | `frame_bus_subscriber_unread`, `frame_bus_subscriber_held`, `frame_bus_subscriber_held_allowed` | gauge, frames | `bus`, `subscriber` | in its mailbox; at work; how many it said |
/// | `frame_bus_subscriber_held_oldest_seconds` | gauge, seconds | `bus`, `subscriber` | age of the oldest frame it holds, 0 if it holds none |
///
/// Subscribers of one name, at once or one after the other, share their series. What happens to a subscriber after it was last told of, and before
/// another one takes its seat, is in the counters of the bus, not in its own.
pub struct BusMetrics {
    fanout: Arc<Fanout>,
    bus: Arc<str>,
    described: bool,
    told_bus: [u64; 3],
    told_total: Told,
    /// By seat: who sat there, and what was told of it.
    told_seats: Vec<(u64, Told)>,
    levels: BTreeMap<Arc<str>, Level>,
}

impl fmt::Debug for BusMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusMetrics").field("bus", &self.bus).finish_non_exhaustive()
    }
}

impl BusMetrics {
    pub(crate) fn new(fanout: &Arc<Fanout>, bus: &str) -> Self {
        Self {
            fanout: Arc::clone(fanout),
            bus: bus.into(),
            described: false,
            told_bus: [0; 3],
            told_total: [0; COLUMNS.len()],
            told_seats: Vec::new(),
            levels: BTreeMap::new(),
        }
    }

    /// Tells the recorder what has changed. Reads the books as [`crate::Bus::books`] does; the camera's thread notices nothing.
    pub fn record(&mut self) {
        if !self.described {
            self.described = true;
            describe();
        }
        let (books, sitters) = self.fanout.books_and_sitters();
        self.count(&books, &sitters);
        self.gauge(&books);
    }

    fn count(&mut self, books: &BusBooks, sitters: &[u64]) {
        let of_bus = [(PUBLISHED, books.published), (LATE, books.late), (COLLIDED, books.collided)];
        for ((name, now), told) in of_bus.into_iter().zip(&mut self.told_bus) {
            counter!(name, "bus" => Arc::clone(&self.bus)).increment(news(now, told));
        }
        let total = books.total();
        for (column, told) in COLUMNS.iter().zip(&mut self.told_total) {
            let now = (column.of)(&total);
            counter!(column.total, "bus" => Arc::clone(&self.bus)).increment(news(now, told));
        }
        self.told_seats.resize(sitters.len(), (0, [0; COLUMNS.len()]));
        for ((books, sitter), told) in books.subscribers.iter().zip(sitters).zip(&mut self.told_seats) {
            if told.0 != *sitter {
                *told = (*sitter, [0; COLUMNS.len()]);
            }
            let name: Arc<str> = books.name.as_str().into();
            for (column, told) in COLUMNS.iter().zip(&mut told.1) {
                let now = (column.of)(books);
                counter!(column.own, "bus" => Arc::clone(&self.bus), "subscriber" => Arc::clone(&name))
                    .increment(news(now, told));
            }
        }
    }

    fn gauge(&mut self, books: &BusBooks) {
        // Who was told of and is not there any more is told of once more: nothing.
        let mut levels: BTreeMap<Arc<str>, Level> = BTreeMap::new();
        for books in &books.subscribers {
            levels.entry(books.name.as_str().into()).or_default().unread += books.unread;
        }
        let mut subscribers = 0_u32;
        for holding in self.fanout.holdings() {
            let level = levels.entry(holding.name.as_str().into()).or_default();
            level.held += holding.frames;
            if holding.subscribed {
                subscribers += 1;
                level.allowed += u64::from(holding.allowed);
            }
            let age = holding.oldest.map_or(0.0, |(_, age)| age.as_secs_f64());
            level.oldest_seconds = level.oldest_seconds.max(age);
        }
        let gone = self.levels.keys().filter(|name| !levels.contains_key(*name));
        gone.for_each(|name| self.tell_level(name, Level::default()));
        levels.iter().for_each(|(name, level)| self.tell_level(name, *level));
        let sum = |of: fn(&Level) -> u64| levels.values().map(of).sum::<u64>() as f64;
        gauge!(UNREAD[1], "bus" => Arc::clone(&self.bus)).set(sum(|level| level.unread));
        gauge!(HELD[1], "bus" => Arc::clone(&self.bus)).set(sum(|level| level.held));
        gauge!(SUBSCRIBERS, "bus" => Arc::clone(&self.bus)).set(f64::from(subscribers));
        self.levels = levels;
    }

    fn tell_level(&self, name: &Arc<str>, level: Level) {
        let all = [
            (UNREAD[0], level.unread as f64),
            (HELD[0], level.held as f64),
            (ALLOWED, level.allowed as f64),
            (OLDEST, level.oldest_seconds),
        ];
        for (gauge, value) in all {
            gauge!(gauge, "bus" => Arc::clone(&self.bus), "subscriber" => Arc::clone(name)).set(value);
        }
    }
}

/// What is new in a counter. A snapshot that was taken while frames moved may be a little behind the one before it.
fn news(now: u64, told: &mut u64) -> u64 {
    let news = now.saturating_sub(*told);
    *told += news;
    news
}

fn describe() {
    describe_counter!(PUBLISHED, Unit::Count, "frames published");
    describe_counter!(LATE, Unit::Count, "frames that came after the bus was closed");
    describe_counter!(COLLIDED, Unit::Count, "frames dropped because two threads published at once");
    for column in &COLUMNS {
        describe_counter!(column.own, Unit::Count, column.says);
        describe_counter!(column.total, Unit::Count, format!("all subscribers: {}", column.says));
    }
    describe_gauge!(SUBSCRIBERS, Unit::Count, "who subscribes");
    describe_gauge!(UNREAD[0], Unit::Count, "frames in its mailbox");
    describe_gauge!(UNREAD[1], Unit::Count, "frames in all mailboxes");
    describe_gauge!(HELD[0], Unit::Count, "frames it took and did not drop");
    describe_gauge!(HELD[1], Unit::Count, "frames taken by all subscribers and not dropped");
    describe_gauge!(ALLOWED, Unit::Count, "frames it said it would hold");
    describe_gauge!(OLDEST, Unit::Seconds, "age of the oldest frame it holds");
}
