//! A recorder that wants every frame or an end stands still: the session ends with its name and the number of the frame, the books are
//! whole, and what was acquired stays readable.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Instant;

use frame_bus::{Closing, Event, Policy, Request, Subscriber};
use pvcam::EndedBy;
use pvcam_tests::{BusRig, Ring, SOON, balanced, frame, lag};

const DEPTH: u32 = 2;

fn recorder(run: &BusRig, request: fn(Request) -> Request) -> Subscriber {
    let every = Request::new("recorder", Policy::Every { depth: DEPTH });
    run.bus.subscribe(&request(every)).expect("room")
}

/// Waits until the session has ended by itself.
fn await_end(run: &BusRig) -> EndedBy {
    let begun = Instant::now();
    loop {
        if let Some(ended) = run.session.ended() {
            return ended;
        }
        assert!(begun.elapsed() < SOON, "the session goes on: {}", run.session.books());
        std::thread::yield_now();
    }
}

#[test]
fn the_session_ends_with_who_overran_at_which_frame() {
    for ring in Ring::all() {
        let run = BusRig::start(&ring);
        let mut recorder = recorder(&run, Request::ends_on_overrun);
        let mut viewer = run.bus.subscribe(&Request::new("viewer", Policy::Latest)).expect("room");
        run.step(DEPTH);
        assert_eq!((run.session.ended(), run.bus.closing()), (None, None), "{} ring", ring.story);

        // The third finds no room.
        run.step(1);
        let overran = EndedBy::Overrun { subscriber: "recorder".into(), frame: 3 };
        assert_eq!(await_end(&run), overran);
        assert!(overran.to_string().contains("recorder had no room for frame 3"), "{overran}");
        assert_eq!(run.bus.closing(), Some(Closing::Overrun { subscriber: "recorder".into(), frame: 3 }));
        // The camera goes on until it is stopped; what it sends is discarded, and no subscriber gets it.
        run.rig.step(0, 4);
        run.settle();
        assert_eq!(frame(&mut viewer).record().number, 3);

        let (bus, rig) = (run.bus, run.rig);
        let stopped = run.session.stop().expect("it stops");
        assert_eq!(stopped.ended, Some(overran));
        let books = stopped.books;
        assert!(books.balanced(), "{books}");
        assert_eq!((books.highest, books.delivered, books.discarded_at_stop), (7, 3, 4), "{books}");
        assert_eq!(books.lost(), 4, "{books}");
        assert_eq!((bus.books().published, bus.books().late), (3, 0));

        // After the stop: what was acquired is there and whole, then the hole, then the end and why.
        for number in 1..=u64::from(DEPTH) {
            let frame = frame(&mut recorder);
            assert_eq!(frame.record().number, number);
            frame.verify().expect("whole");
        }
        let hole = lag(&mut recorder);
        assert_eq!((hole.first, hole.count), (3, 1));
        let Ok(Event::Closed(closed)) = recorder.recv_within(SOON) else { unreachable!("it is closed") };
        assert_eq!(closed.why, Closing::Overrun { subscriber: "recorder".into(), frame: 3 });
        assert_eq!(balanced(closed.books).refused, 1);
        drop((recorder, viewer, stopped.armed, rig));
    }
}

/// Whoever is told of the overrun finds the session ended.
#[test]
fn nobody_is_told_of_the_overrun_before_the_session_has_ended() {
    for _ in 0..20 {
        let run = BusRig::start(&Ring::copied());
        let recorder = recorder(&run, Request::ends_on_overrun);
        let mut viewer = run.bus.subscribe(&Request::new("viewer", Policy::Latest)).expect("room");
        run.rig.step(0, DEPTH + 1);
        while !matches!(viewer.recv_within(SOON).expect("an event"), Event::Closed(_)) {}
        assert!(matches!(run.session.ended(), Some(EndedBy::Overrun { .. })));
        drop(recorder);
    }
}

/// Also if the session is stopped before anybody had the time to tell it.
#[test]
fn a_session_that_is_stopped_at_once_knows_of_the_overrun() {
    for _ in 0..20 {
        let run = BusRig::start(&Ring::copied());
        let recorder = recorder(&run, Request::ends_on_overrun);
        run.rig.step(0, DEPTH + 1);
        let stopped = run.session.stop().expect("it stops");
        assert!(matches!(stopped.ended, Some(EndedBy::Overrun { frame: 3, .. })), "{:?}", stopped.ended);
        assert!(stopped.books.balanced() && stopped.books.delivered == 3, "{}", stopped.books);
        drop((recorder, run.bus, stopped.armed, run.rig));
    }
}

/// The control: without the option the session goes on, and what was lost is counted.
#[test]
fn without_that_choice_the_session_goes_on_and_the_loss_is_counted() {
    let run = BusRig::start(&Ring::copied());
    let recorder = recorder(&run, |request| request);
    run.step(DEPTH + 5);
    assert_eq!((run.session.ended(), run.bus.closing()), (None, None));
    let stopped = run.session.stop().expect("it stops");
    assert_eq!(
        (stopped.ended, stopped.books.delivered, stopped.books.lost()),
        (None, u64::from(DEPTH) + 5, 0)
    );
    let books = balanced(recorder.leave());
    assert_eq!((books.refused, books.left), (5, u64::from(DEPTH)));
    drop((run.bus, stopped.armed, run.rig));
}
