//! Frames that are written over while subscribers hold them: each stands once in the books of who looked again, however often and
//! through however many clones; and what is held is counted to the handle.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use frame_bus::{Frame, Policy, Request, Subscriber};
use pvcam_tests::{BusRig, Ring, balanced, frame, trust};

/// Frames of the sequence; the first ones are torn.
const FRAMES: u16 = 24;
const TORN: usize = 20;

/// A sequence. Half of each torn frame is written over after it was lent.
fn start() -> BusRig {
    let torn: Vec<usize> = (1..=TORN).collect();
    BusRig::start_sequence(FRAMES, &format!("[camera.faults]\ntorn = {torn:?}"))
}

fn join(run: &BusRig, name: &str) -> Subscriber {
    run.bus.subscribe(&Request::new(name, Policy::Every { depth: 1 }).holds(4)).expect("room")
}

/// Exposes a frame, and takes it.
fn expose(run: &BusRig, reader: &mut Subscriber) -> Frame {
    run.rig.step(0, 1);
    frame(reader)
}

/// What everybody holds together.
fn held(run: &BusRig) -> u64 {
    run.bus.holdings().iter().map(|holding| holding.frames).sum()
}

#[test]
fn a_torn_frame_counts_once_however_many_clones_say_so() {
    let run = start();
    let (mut reader, mut other) = (join(&run, "reader"), join(&run, "other"));
    let first = expose(&run, &mut reader);
    let clones = [first.clone(), first.clone(), first.clone()];
    assert_eq!(reader.books().torn, 0, "nobody has looked");
    for handle in clones.iter().chain([&first, &first]) {
        handle.verify().expect_err("it was written over");
        assert_eq!(balanced(reader.books()).torn, 1);
    }
    // Nor does a clone of one that is known to be torn, when it alone is left.
    let last = first.clone();
    drop((first, clones));
    last.verify().expect_err("it is still");
    assert_eq!(balanced(reader.books()).torn, 1);
    let mut others = vec![frame(&mut other)];
    let second = expose(&run, &mut reader);
    second.verify().expect_err("it was written over");
    assert_eq!(balanced(reader.books()).torn, 2, "another frame");
    // Each subscriber's books are of what it found itself.
    assert_eq!(other.books().torn, 0);
    others.push(frame(&mut other));
    assert!(others.iter().all(|held| held.verify().is_err()), "the same frames");
    assert_eq!(balanced(other.leave()).torn, 2);
    assert_eq!(balanced(reader.leave()).torn, 2);
}

/// More than have a note of their own; looked at in turns, so that between two looks at one there are as many others as can be.
#[test]
fn frames_that_are_held_for_long_are_not_counted_again() {
    let run = start();
    let mut reader = join(&run, "reader");
    let frames: Vec<Frame> = (0..FRAMES).map(|_| expose(&run, &mut reader)).collect();
    for _ in 0..3 {
        let torn = frames.iter().filter(|frame| frame.verify().is_err()).count();
        assert_eq!(torn, TORN, "the control: the others are whole");
    }
    let books = balanced(reader.leave());
    assert_eq!((books.taken, books.torn), (u64::from(FRAMES), TORN as u64), "{books}");
}

/// The place of the one is that of the other, a round of the ring later.
#[test]
fn two_torn_frames_in_one_place_count_twice() {
    let ring = Ring { story: "lossy", trust: Some(trust("lossy")) };
    let torn = [3, 3 + Ring::SLOTS];
    let run = BusRig::start_with(&ring, &format!("[camera.faults]\ntorn = {torn:?}"), |plan| plan);
    let mut reader = run.bus.subscribe(&Request::new("reader", Policy::Every { depth: 1 })).expect("room");
    let mut places = Vec::new();
    for _ in 0..2 * Ring::SLOTS {
        let frame = expose(&run, &mut reader);
        if frame.verify().is_err() {
            places.push(frame.slot_bytes().as_ptr());
            assert_eq!(balanced(reader.books()).torn, places.len() as u64);
        }
    }
    assert!(matches!(places[..], [one, other] if one == other), "{places:?}");
}

#[test]
fn what_is_held_is_counted_to_the_handle_with_and_without_notes() {
    let run = start();
    let mut reader = join(&run, "reader");
    let mut handles = Vec::new();
    for n in 1..=u64::from(FRAMES) {
        handles.push(expose(&run, &mut reader));
        assert_eq!(held(&run), n);
    }
    // Clones of the first and of the last, and a clone of a clone.
    for handle in [0, handles.len() - 1, handles.len()] {
        handles.push(handles[handle].clone());
        assert_eq!(held(&run), handles.len() as u64);
    }
    drop(reader);
    // From both ends in turns: those with notes, those without, clones.
    let mut left = std::collections::VecDeque::from(handles);
    while !left.is_empty() {
        drop(if left.len() % 2 == 0 { left.pop_front() } else { left.pop_back() });
        assert_eq!(held(&run), left.len() as u64);
    }
}
