//! A subscriber that lags is told each time, and the log seldom; no frame that is missing is left out of it for good.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use frame_bus::{Event, Policy, Request};
use pvcam_tests::{BusRig, Ring};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// One line of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    subscriber: String,
    first: u64,
    count: u64,
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "first" => self.first = value,
            "count" => self.count = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "subscriber" {
            value.clone_into(&mut self.subscriber);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

/// Keeps the bus's lines.
#[derive(Debug, Clone, Default)]
struct Counter(Arc<Mutex<Vec<Line>>>);

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("frame_bus")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().expect("nobody panics in here").push(line);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Reads once after each `burst` frames; answers the lag that the reader was told, and the log.
fn run(burst: u32) -> (Vec<(u64, u64)>, Vec<Line>) {
    const READS: u32 = 30;
    let run = BusRig::start(&Ring::copied());
    let slow = Request::new("slow", Policy::DropOldest { depth: 1 });
    let mut slow = run.bus.subscribe(&slow).expect("room");
    let log = Counter::default();
    let mut told = Vec::new();
    tracing::subscriber::with_default(log.clone(), || {
        for _ in 0..READS {
            run.step(burst);
            while let Some(event) = slow.try_recv() {
                if let Event::Lagged(lag) = event {
                    told.push((lag.first, lag.count));
                }
            }
        }
    });
    let lines = log.0.lock().expect("nobody panics in here").clone();
    (told, lines)
}

#[test]
fn a_reader_that_lags_all_the_time_fills_no_log() {
    let begun = Instant::now();
    let (told, lines) = run(3);
    let seconds = begun.elapsed().as_secs();
    let expected: Vec<(u64, u64)> = (0..30).map(|read| (3 * read + 1, 2)).collect();
    assert_eq!(told, expected, "the reader is told each time");
    assert_eq!(lines.first(), Some(&Line { subscriber: "slow".into(), first: 1, count: 2 }));
    assert!(lines.len() as u64 <= 1 + seconds, "{} lines in {seconds} s: {lines:?}", lines.len());
    // Each line says what was left out since the one before.
    assert!(lines.is_sorted_by_key(|line| line.first));
    let last = lines.last().map_or(0, |line| line.first);
    let logged: u64 = lines.iter().map(|line| line.count).sum();
    assert!(logged <= 60 && logged >= 2 * (last / 3), "{logged} frames up to {last}: {lines:?}");
}

/// The control: who keeps up is not in the log.
#[test]
fn a_reader_that_keeps_up_is_not_in_the_log() {
    assert_eq!(run(1), (vec![], vec![]));
}
