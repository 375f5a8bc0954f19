//! `recv().await` under tokio, with its time and its `select!`: a wait that is given up loses nothing.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use frame_bus::{Closing, Event, Policy, Request, Subscriber};
use pvcam_tests::{BusRig, Ring, SOON};

/// A wait that is known to be in vain.
const IN_VAIN: Duration = Duration::from_millis(20);

fn start(policy: Policy) -> (BusRig, Subscriber) {
    let run = BusRig::start(&Ring::copied());
    let reader = run.bus.subscribe(&Request::new("reader", policy)).expect("room");
    (run, reader)
}

/// Runs `future`, which ends soon.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime can be had");
    runtime.block_on(async { tokio::time::timeout(3 * SOON, future).await.expect("it ends soon") })
}

fn number(event: &Event) -> u64 {
    match event {
        Event::Frame(frame) => frame.record().number,
        other => unreachable!("a frame, and not {other:?}"),
    }
}

#[test]
fn a_wait_that_times_out_loses_nothing() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    block_on(async {
        for expected in 1..=5 {
            let waited = tokio::time::timeout(IN_VAIN, reader.recv()).await;
            assert!(waited.is_err(), "there is nothing yet, and not {waited:?}");
            run.step(1);
            let event =
                tokio::time::timeout(SOON, reader.recv()).await.expect("in time").expect("not cancelled");
            assert_eq!(number(&event), expected);
        }
    });
    assert_eq!(reader.leave().taken, 5);
}

/// The camera exposes on another thread; waits are dropped by `select!` before, while and after a frame comes.
#[test]
fn a_wait_that_select_gives_up_loses_nothing() {
    const FRAMES: u64 = 20;
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    let given_up = std::thread::scope(|scope| {
        let (expose, exposed) = std::sync::mpsc::channel();
        let run = &run;
        scope.spawn(move || exposed.iter().for_each(|()| run.step(1)));
        block_on(async {
            let mut given_up = 0_u64;
            for expected in 1..=FRAMES {
                let mut asked = false;
                let event = loop {
                    tokio::select! {
                        biased;
                        event = reader.recv() => break event.expect("not cancelled"),
                        () = tokio::task::yield_now() => given_up += 1,
                    }
                    // Not before one wait was given up.
                    if !std::mem::replace(&mut asked, true) {
                        expose.send(()).expect("the camera waits");
                    }
                };
                assert_eq!(number(&event), expected);
            }
            drop(expose);
            given_up
        })
    });
    assert!(given_up >= FRAMES, "each frame was waited for in vain first");
    let books = reader.leave();
    assert!(books.balance(), "{books}");
    assert_eq!((books.offered, books.taken), (FRAMES, FRAMES));
}

#[test]
fn a_task_that_waits_is_told_of_the_end() {
    let (run, mut reader) = start(Policy::Latest);
    let bus = &run.bus;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(IN_VAIN);
            bus.close(Closing::CameraGone);
        });
        let event = block_on(async { tokio::time::timeout(SOON, reader.recv()).await });
        let event = event.expect("in time").expect("not cancelled");
        let Event::Closed(closed) = event else { unreachable!("the end, and not {event:?}") };
        assert_eq!(closed.why, Closing::CameraGone);
    });
}
