//! Subscribers that panic, forget their handle, hold all they get, or come and go: the others miss nothing, and the books say
//! what it cost.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use frame_bus::{Event, Frame, Policy, Request, SubscribeError, Subscriber};
use futures_core::Stream as _;
use pvcam_tests::{BusRig, Ring, SOON, balanced, frame};

fn every(run: &BusRig) -> Subscriber {
    run.bus.subscribe(&Request::new("every", Policy::Every { depth: 3 })).expect("room")
}

fn misses_nothing(reader: &mut Subscriber, run: &BusRig, from: u64, to: u64) {
    for n in from..=to {
        run.step(1);
        assert_eq!(frame(reader).record().number, n);
    }
}

#[test]
fn a_callback_that_panics_ends_alone() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = every(&run);
    let request = Request::new("statistics", Policy::DropOldest { depth: 2 });
    let callback = run.bus.subscribe_callback(&request, |event| {
        let number = event.into_frame().map(|frame| frame.record().number);
        assert_ne!(number, Some(2), "the second frame is too much");
    });
    let callback = callback.expect("room");
    misses_nothing(&mut reader, &run, 1, 2);
    let panicked = callback.wait().unwrap_err();
    assert!(panicked.message.contains("too much"), "{panicked}");
    assert_eq!(panicked.books.name, "statistics");
    let books = balanced(panicked.books);
    assert_eq!((books.taken, books.displaced), (2, 0));
    misses_nothing(&mut reader, &run, 3, 30);
}

#[test]
fn a_callback_gets_every_frame_and_is_stopped_between_two() {
    let run = BusRig::start(&Ring::copied());
    let (sender, numbers) = std::sync::mpsc::channel();
    let callback = run.bus.subscribe_callback(&Request::new("c", Policy::Every { depth: 3 }), move |event| {
        if let Some(frame) = event.into_frame() {
            sender.send(frame.record().number).expect("the test listens");
        }
    });
    let callback = callback.expect("room");
    for n in 1..=20 {
        run.step(1);
        assert_eq!(numbers.recv_timeout(SOON), Ok(n));
    }
    assert_eq!(balanced(callback.stop().expect("no panic")).taken, 20);
    run.step(1);
    assert!(numbers.recv_timeout(Duration::ZERO).is_err(), "it has left");
}

#[test]
fn who_forgets_the_handle_or_holds_all_is_seen_by_name() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = every(&run);
    std::mem::forget(run.bus.subscribe(&Request::new("forgot", Policy::DropOldest { depth: 1 })));
    let mut hoarder =
        run.bus.subscribe(&Request::new("hoarder", Policy::DropOldest { depth: 1 })).expect("room");
    let mut hoard: Vec<Frame> = Vec::new();
    for n in 1..=4 {
        misses_nothing(&mut reader, &run, n, n);
        hoard.push(frame(&mut hoarder));
    }
    let worst = run.bus.holdings().into_iter().next().expect("somebody holds");
    assert_eq!(
        (worst.name.as_str(), worst.frames, worst.is_over(), worst.subscribed),
        ("hoarder", 4, true, true)
    );
    assert_eq!(worst.oldest.map(|oldest| oldest.0), Some(1));
    // Frames outlive their subscriber, and its name stays with them.
    drop(hoarder);
    let worst = run.bus.holdings().into_iter().next().expect("somebody holds");
    assert_eq!((worst.name.as_str(), worst.frames, worst.subscribed), ("hoarder", 4, false));
    drop(hoard);
    assert!(run.bus.holdings().iter().all(|holding| holding.frames == 0));
    misses_nothing(&mut reader, &run, 5, 40);
    let forgot =
        run.bus.books().subscribers.into_iter().find(|books| books.name == "forgot").expect("listed");
    assert_eq!((balanced(forgot.clone()).displaced, forgot.unread), (39, 1));
}

#[test]
fn seats_are_given_again_and_no_more_than_there_are() {
    let run = BusRig::start_with(&Ring::copied(), "", |plan| plan.seats(3));
    let mut reader = every(&run);
    for n in 1..=50 {
        let name = format!("guest {n}");
        let guest = || run.bus.subscribe(&Request::new(&name, Policy::Latest));
        let (a, b) = (guest().expect("room"), guest().expect("room"));
        assert_eq!(guest().unwrap_err(), SubscribeError::Seats { seats: 3 });
        misses_nothing(&mut reader, &run, n, n);
        if n % 2 == 0 {
            assert_eq!(balanced(a.leave()).left, 1);
        } else {
            drop(a);
        }
        drop(b);
    }
    let books = run.bus.books();
    assert!(books.balance(), "{books:?}");
    let total = books.total();
    assert_eq!((total.offered, total.taken, total.left), (150, 50, 100));
}

#[test]
fn subscribers_that_come_and_go_at_random_leave_balanced_books() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = every(&run);
    std::thread::scope(|scope| {
        for seed in 0..3_u64 {
            let bus = &run.bus;
            scope.spawn(move || come_and_go(bus, seed));
        }
        // Also if a frame is missing: who comes and goes would do so for a minute.
        let _closes = Closes(&run.bus);
        misses_nothing(&mut reader, &run, 1, 300);
    });
    // A frame is counted after it was handed out.
    run.settle();
    let books = run.bus.books();
    assert!(books.balance(), "{books:?}");
    assert_eq!(books.published, 300);
    assert_eq!(balanced(reader.leave()).taken, 300);
    assert!(run.bus.holdings().iter().all(|holding| holding.frames == 0));
}

/// Closes the bus when it is dropped.
struct Closes<'a>(&'a frame_bus::Bus);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close(frame_bus::Closing::Stopped);
    }
}

/// Joins with one policy after the other, takes some frames, and leaves, until the bus is closed.
fn come_and_go(bus: &frame_bus::Bus, seed: u64) {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let begun = Instant::now();
    while begun.elapsed() < SOON * 3 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let policy = match (random >> 40) % 4 {
            0 => Policy::Latest,
            1 => Policy::DropOldest { depth: 2 },
            2 => Policy::DropNewest { depth: 1 },
            _ => Policy::Every { depth: 3 },
        };
        let mut guest = match bus.subscribe(&Request::new("guest", policy).holds(0)) {
            Ok(guest) => guest,
            Err(SubscribeError::Closed) => return,
            Err(other) => panic!("{other}"),
        };
        let (mut last, mut taken) = (0, 0);
        for _ in 0..(random >> 50) % 8 {
            if let Ok(Event::Frame(frame)) = guest.recv_within(Duration::from_millis(1)) {
                assert!(frame.record().number > last, "in order");
                (last, taken) = (frame.record().number, taken + 1);
            }
        }
        assert_eq!(balanced(guest.leave()).taken, taken);
    }
    panic!("the bus was never closed");
}

#[test]
fn a_future_that_is_dropped_loses_nothing() {
    let run = BusRig::start(&Ring::copied());
    let mut reader = every(&run);
    let mut context = Context::from_waker(Waker::noop());
    for n in 1..=20 {
        // Given up while it waits, as by a select that another branch won.
        assert!(poll(&mut reader, &mut context).is_none());
        run.step(1);
        let Some(Event::Frame(frame)) = poll(&mut reader, &mut context) else { panic!("there is a frame") };
        assert_eq!(frame.record().number, n);
    }
    assert_eq!(balanced(reader.leave()).taken, 20);
}

fn poll(reader: &mut Subscriber, context: &mut Context<'_>) -> Option<Event> {
    match std::pin::pin!(reader.recv()).poll(context) {
        Poll::Ready(event) => Some(event.expect("not cancelled")),
        Poll::Pending => None,
    }
}

#[test]
fn a_task_is_woken_for_each_frame_and_for_the_end() {
    let run = BusRig::start(&Ring::copied());
    let (mut reader, mut stream) = (every(&run), every(&run));
    let (sender, numbers) = std::sync::mpsc::channel();
    let other = sender.clone();
    let task = std::thread::spawn(move || {
        while let Ok(Event::Frame(frame)) = block_on(std::pin::pin!(reader.recv())) {
            sender.send(frame.record().number).expect("the test listens");
        }
        balanced(reader.leave())
    });
    let streamed = std::thread::spawn(move || {
        let mut events = 0;
        while let Some(event) = block_on(std::pin::pin!(poll_fn(|c| Pin::new(&mut stream).poll_next(c)))) {
            events += 1;
            if let Event::Frame(frame) = event {
                other.send(frame.record().number).expect("the test listens");
            }
        }
        (events, balanced(stream.leave()).taken)
    });
    for n in 1..=100 {
        run.step(1);
        assert_eq!((numbers.recv_timeout(SOON), numbers.recv_timeout(SOON)), (Ok(n), Ok(n)));
    }
    run.bus.close(frame_bus::Closing::Stopped);
    assert_eq!(task.join().expect("no panic").taken, 100);
    assert_eq!(streamed.join().expect("no panic"), (101, 100), "the end is an event, once");
}

/// The smallest executor there is.
fn block_on<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(ready) => return ready,
            Poll::Pending => std::thread::park(),
        }
    }
}

struct Unpark(std::thread::Thread);
impl std::task::Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}
