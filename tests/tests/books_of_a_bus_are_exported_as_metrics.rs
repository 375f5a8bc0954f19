//! What a recorder of the `metrics` facade is told is what stands in the books: column by column, by name and in total.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::collections::BTreeMap;

use frame_bus::{BusMetrics, Policy, Request, Subscriber, SubscriberBooks};
use metrics::Unit;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use pvcam_tests::{BusRig, Ring, frame};

/// All that was told up to now: counters summed up, gauges as told last, by name and subscriber.
struct Told {
    recorder: DebuggingRecorder,
    snapshotter: Snapshotter,
    values: BTreeMap<(String, String), f64>,
    units: BTreeMap<String, Option<Unit>>,
}

impl Told {
    fn new() -> Self {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        Self { recorder, snapshotter, values: BTreeMap::new(), units: BTreeMap::new() }
    }

    /// The recorder is told, and asked.
    fn record(&mut self, metrics: &mut BusMetrics) {
        metrics::with_local_recorder(&self.recorder, || metrics.record());
        for (key, unit, said, value) in self.snapshotter.snapshot().into_vec() {
            let label = |name: &str| {
                let found = key.key().labels().find(|label| label.key() == name);
                found.map_or(String::new(), |label| label.value().to_owned())
            };
            assert_eq!(label("bus"), "camera");
            let name = key.key().name().to_owned();
            assert!(said.is_some_and(|said| !said.is_empty()), "{name} has no description");
            let told = self.values.entry((name.clone(), label("subscriber"))).or_default();
            match value {
                // The snapshot takes what it tells.
                DebugValue::Counter(news) => *told += news as f64,
                DebugValue::Gauge(level) => *told = level.into_inner(),
                DebugValue::Histogram(_) => panic!("{name} is no histogram"),
            }
            self.units.insert(name, unit);
        }
    }

    fn of(&self, name: &str, subscriber: &str) -> f64 {
        let key = (name.to_owned(), subscriber.to_owned());
        *self.values.get(&key).unwrap_or_else(|| panic!("{key:?} is not among {:?}", self.values))
    }

    /// Whether the counters of one subscriber, or of all (no name), are its books.
    fn is(&self, prefix: &str, subscriber: &str, books: &SubscriberBooks) -> bool {
        [
            ("offered", books.offered),
            ("taken", books.taken),
            ("torn", books.torn),
            ("unread", books.unread),
            ("displaced", books.displaced),
            ("refused", books.refused),
            ("skipped", books.skipped),
            ("passed_over", books.passed_over),
            ("left", books.left),
        ]
        .iter()
        .all(|(column, count)| self.of(&format!("{prefix}{column}"), subscriber) == *count as f64)
    }
}

fn join(run: &BusRig, request: &Request) -> Subscriber {
    run.bus.subscribe(request).expect("room")
}

#[test]
fn each_column_is_told_by_name_and_in_total() {
    let run = BusRig::start(&Ring::copied());
    let (mut told, mut metrics) = (Told::new(), run.bus.metrics("camera"));
    let mut recorder = join(&run, &Request::new("recorder", Policy::Every { depth: 2 }).holds(2));
    let mut viewer = join(&run, &Request::new("viewer", Policy::DropOldest { depth: 3 }).each(2).holds(0));
    run.step(3);
    let held = frame(&mut recorder);
    run.step(6);
    drop(viewer.take_newest());
    told.record(&mut metrics);
    for reader in [&recorder, &viewer] {
        let books = reader.books();
        assert!(told.is("frame_bus_subscriber_", reader.name(), &books), "{books}: {:?}", told.values);
    }
    let total = run.bus.books().total();
    assert!(
        total.refused > 0 && total.displaced > 0 && total.skipped > 0 && total.passed_over > 0,
        "{total}"
    );
    assert!(told.is("frame_bus_", "", &total), "{total}: {:?}", told.values);
    assert_eq!((told.of("frame_bus_published", ""), told.of("frame_bus_subscribers", "")), (9.0, 2.0));
    assert_eq!(told.of("frame_bus_subscriber_held", "recorder"), 1.0);
    assert_eq!(told.of("frame_bus_subscriber_held_allowed", "recorder"), 2.0);
    assert!(told.of("frame_bus_subscriber_held_oldest_seconds", "recorder") > 0.0);
    assert_eq!(told.of("frame_bus_subscriber_held_oldest_seconds", "viewer"), 0.0);
    assert_eq!(told.units["frame_bus_subscriber_held_oldest_seconds"], Some(Unit::Seconds));
    assert_eq!(told.units["frame_bus_taken"], Some(Unit::Count));
    // The control: another one's books are not what was told.
    assert!(!told.is("frame_bus_subscriber_", "viewer", &recorder.books()));
    // Told again, nothing is counted twice; a frame that is dropped is held no more.
    drop(held);
    told.record(&mut metrics);
    assert!(told.is("frame_bus_", "", &total), "{total}: {:?}", told.values);
    assert_eq!((told.of("frame_bus_subscriber_held", "recorder"), told.of("frame_bus_held", "")), (0.0, 0.0));
}

/// The control of all others here: what nobody records, nobody is told.
#[test]
fn nothing_is_told_unasked() {
    let run = BusRig::start(&Ring::copied());
    let (told, _metrics) = (Told::new(), run.bus.metrics("camera"));
    metrics::with_local_recorder(&told.recorder, || {
        let mut reader = join(&run, &Request::new("reader", Policy::Latest));
        run.step(2);
        drop(frame(&mut reader));
    });
    assert!(told.snapshotter.snapshot().into_vec().is_empty());
}

#[test]
fn counters_of_a_name_go_on_when_another_one_takes_it_and_gauges_end() {
    let run = BusRig::start_with(&Ring::copied(), "", |plan| plan.seats(1));
    let (mut told, mut metrics) = (Told::new(), run.bus.metrics("camera"));
    let reader = Request::new("reader", Policy::Every { depth: 4 });
    for _ in 0..2 {
        let subscriber = join(&run, &reader);
        run.step(2);
        told.record(&mut metrics);
        assert_eq!(told.of("frame_bus_subscriber_unread", "reader"), 2.0);
        drop(subscriber);
        told.record(&mut metrics);
    }
    assert_eq!(told.of("frame_bus_subscriber_offered", "reader"), 4.0);
    assert_eq!(told.of("frame_bus_subscriber_left", "reader"), 4.0);
    assert_eq!(told.of("frame_bus_subscriber_unread", "reader"), 0.0);
    // Its seat is another one's now.
    let _other = join(&run, &Request::new("other", Policy::Latest));
    run.step(1);
    told.record(&mut metrics);
    assert_eq!(told.of("frame_bus_subscriber_offered", "other"), 1.0);
    assert_eq!(told.of("frame_bus_subscriber_unread", "reader"), 0.0);
    assert_eq!((told.of("frame_bus_offered", ""), told.of("frame_bus_left", "")), (5.0, 4.0));
    assert!(told.is("frame_bus_", "", &run.bus.books().total()), "{:?}", told.values);
}
