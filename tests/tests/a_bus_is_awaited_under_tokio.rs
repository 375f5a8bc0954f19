//! `recv().await` under tokio, with its time and its `select!`: a wait that is given up loses nothing, and a reader that never has to
//! wait lets other tasks run. The controls are the same outside of tokio's budget: `unconstrained` does what a build without the
//! feature `tokio` does.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use frame_bus::{Closing, Event, Policy, Recv, Request, Subscriber, WaitError};
use futures_core::Stream;
use pvcam_tests::{BusRig, Ring, SOON};
use tokio::task::coop::{consume_budget, has_budget_remaining, unconstrained};

/// A wait that is known to be in vain.
const IN_VAIN: Duration = Duration::from_millis(20);

/// More frames than tokio lets a task take (128) before it is the turn of others.
const MANY: u64 = 500;

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

/// Exposes a frame and waits until it lies in the only mailbox: the bus counts a frame a moment before it hands it out.
fn expose(run: &BusRig) {
    run.step(1);
    let begun = Instant::now();
    while run.bus.books().total().unread == 0 {
        assert!(begun.elapsed() < SOON, "the frame is handed to nobody");
        std::thread::yield_now();
    }
}

/// Takes frames out of a mailbox that never looks empty: the camera has exposed each before it is asked for.
async fn take(run: &BusRig, reader: &mut Subscriber, mut enough: impl FnMut(u64) -> bool) -> u64 {
    let mut taken = 0;
    while !enough(taken) {
        expose(run);
        taken += 1;
        assert_eq!(number(&reader.recv().await.expect("not cancelled")), taken);
    }
    taken
}

/// Whether [`MANY`] frames were taken after a timeout of [`IN_VAIN`] was due: more than the timer needs to be looked at twice.
fn long_overdue() -> impl FnMut(u64) -> bool {
    let (begun, mut overdue) = (Instant::now(), 0);
    move |_| {
        overdue += u64::from(begun.elapsed() > 2 * IN_VAIN);
        overdue > MANY
    }
}

/// The loop would end by itself, long after its time is over.
#[test]
fn a_timeout_around_a_reader_that_never_waits_fires() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    let taking = take(&run, &mut reader, long_overdue());
    let taken = block_on(async { tokio::time::timeout(IN_VAIN, taking).await });
    assert!(taken.is_err(), "its time was over, and {taken:?} frames were taken");
    let last = reader.books().taken;
    assert_eq!(reader.unread(), 1, "the wait for it was given up, and the frame was not");
    assert_eq!(number(&reader.try_recv().expect("a frame")), last + 1);
}

#[test]
fn control_without_the_budget_that_timeout_does_not_fire() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    let taking = take(&run, &mut reader, long_overdue());
    let taken = block_on(async { tokio::time::timeout(IN_VAIN, unconstrained(taking)).await });
    assert!(taken.expect("the timer has no turn") >= MANY);
}

#[test]
fn another_task_has_its_turn_beside_a_reader_that_never_waits() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    let taken = block_on(async {
        let other = tokio::spawn(async {});
        take(&run, &mut reader, |taken| taken >= MANY || other.is_finished()).await
    });
    assert!((1..MANY).contains(&taken), "the other task had its turn after {taken} frames");
}

#[test]
fn control_without_the_budget_the_other_task_has_no_turn() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    block_on(async {
        let other = tokio::spawn(async {});
        let taking = take(&run, &mut reader, |taken| taken >= MANY || other.is_finished());
        assert_eq!(unconstrained(taking).await, MANY);
        assert!(!other.is_finished());
    });
}

/// Whoever asks for a turn after this, in the same poll, is to come again.
async fn use_up_the_turn() {
    while has_budget_remaining() {
        consume_budget().await;
    }
}

/// Polls once, and hands on the answer.
async fn polled(wait: &mut Recv<'_>) -> Poll<Result<Event, WaitError>> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *wait).poll(context))).await
}

/// What finds nothing is no work: a task that looks in vain, ever so often, may do all its other work.
#[test]
fn a_look_in_vain_does_not_use_up_the_turn() {
    let (_run, mut reader) = start(Policy::Every { depth: 4 });
    block_on(async {
        for _ in 0..MANY {
            assert!(polled(&mut reader.recv()).await.is_pending(), "there is nothing");
        }
        assert!(has_budget_remaining());
        use_up_the_turn().await;
        assert!(!has_budget_remaining(), "work does");
    });
}

/// Each frame lies there, and the wait for it is given up because it is the turn of others.
#[test]
fn a_wait_that_select_gives_up_for_want_of_a_turn_loses_nothing() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    block_on(async {
        for expected in 1..=10 {
            expose(&run);
            tokio::select! {
                biased;
                event = async { use_up_the_turn().await; reader.recv().await } => unreachable!("{event:?}"),
                () = std::future::ready(()) => {}
            }
            assert_eq!(number(&reader.recv().await.expect("not cancelled")), expected);
        }
        expose(&run);
        let control = tokio::select! {
            biased;
            event = async { use_up_the_turn().await; unconstrained(reader.recv()).await } => event,
            () = std::future::ready(()) => unreachable!("without the budget it is ready"),
        };
        assert_eq!(number(&control.expect("not cancelled")), 11);
    });
    assert_eq!(reader.leave().taken, 11);
}

/// The wait was begun, its frame has come, and now it has no turn: it goes on in one round, and is given up in the next.
#[test]
fn a_wait_that_has_no_turn_when_its_frame_comes_is_not_forgotten() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    block_on(async {
        for expected in 1..=20 {
            let mut wait = reader.recv();
            assert!(polled(&mut wait).await.is_pending(), "there is nothing yet");
            expose(&run);
            use_up_the_turn().await;
            assert!(polled(&mut wait).await.is_pending(), "it is the turn of others");
            let event = if expected % 2 == 0 {
                wait.await
            } else {
                drop(wait);
                reader.recv().await
            };
            assert_eq!(number(&event.expect("not cancelled")), expected);
        }
    });
    assert_eq!(reader.leave().taken, 20);
}

#[test]
fn a_stream_waits_for_its_turn_as_well() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    expose(&run);
    block_on(async {
        let mut next = poll_fn(|context| Poll::Ready(Pin::new(&mut reader).poll_next(context)));
        use_up_the_turn().await;
        assert!((&mut next).await.is_pending(), "it is the turn of others");
        tokio::task::yield_now().await;
        assert!(matches!(next.await, Poll::Ready(Some(Event::Frame(_)))));
    });
}

/// Who polls without a runtime is not sent away.
#[test]
fn outside_of_a_runtime_what_is_there_is_had_at_once() {
    let (run, mut reader) = start(Policy::Every { depth: 4 });
    let taking = std::pin::pin!(take(&run, &mut reader, |taken| taken >= MANY));
    let polled = taking.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(MANY));
}
