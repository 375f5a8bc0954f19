//! Streams: read while they are written, readers that go away, readers that stand still.

use std::sync::Arc;
use std::time::Duration;

use frame_arrow::{FrameWriter, Next, Recorder, WriteError, WriterOptions};
use frame_bus::{Policy, Request};
use pvcam_tests::{Ring, frame};

use crate::world::*;

fn stream(world: &World, target: impl std::io::Write + Send + 'static) -> FrameWriter {
    FrameWriter::stream(target, Arc::clone(&world.schema), WriterOptions::default()).expect("a stream")
}

#[test]
fn a_stream_is_read_while_it_is_written() {
    for ring in Ring::all() {
        let world = World::new(&ring, "");
        let layout = world.layout();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let reading = std::thread::spawn(move || read_stream(reader));
        let recorder = world.record(stream(&world, writer));
        world.step(&recorder, 50);
        let books = world.rig.session.stop().expect("it stops").books;
        let recording = recorder.finish_within(PATIENCE, Some(books)).expect("it ends well");
        let (batches, ended) = reading.join().expect("it was read");
        assert_eq!((assert_prefix(&batches, &layout), ended, recording.frames), (50, true, 50));
    }
}

#[test]
fn a_reader_that_goes_away_is_told_and_the_camera_goes_on() {
    let world = World::new(&Ring::all()[0], "");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let recorder = world.record(stream(&world, writer));
    // A pipe has room for more than these.
    world.step(&recorder, 3);
    drop(reader);
    world.step(&recorder, 30);
    let bus = world.rig.bus.books();
    assert_eq!((bus.published, recorder.frames()), (33, 3), "the bus goes on");
    let failed = recorder.finish_within(PATIENCE, None).expect_err("nobody reads");
    assert!(matches!(failed.why, WriteError::ReaderGone(_)), "{failed:?}");
    assert_eq!((failed.recording.frames, failed.ended_whole), (3, false));
    let books = world.rig.session.stop().expect("it stops").books;
    assert_eq!((books.delivered, books.lost()), (33, 0), "{books}");
}

#[test]
fn a_reader_that_stands_still_costs_the_end_no_more_than_its_deadline() {
    let world = World::new(&Ring::all()[0], "");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let recorder = world.record(stream(&world, writer));
    let begun = std::time::Instant::now();
    // More than a pipe can take: the recorder stands still, and its mailbox fills behind it.
    while world.rig.bus.books().total().unread < 5 {
        world.rig.step(1);
        std::thread::sleep(Duration::from_millis(20));
        assert!(begun.elapsed() < PATIENCE, "the pipe takes all");
    }
    let written = recorder.frames();
    let failed = recorder.finish_within(Duration::from_millis(300), None).expect_err("it cannot end");
    assert!(matches!(failed.why, WriteError::Deadline(_)), "{failed:?}");
    assert!(failed.recording.frames >= written && written > 0);
    // What was written is there, up to the frame that is stuck.
    drop(world.rig);
    let (batches, _) = read_stream(reader);
    assert!(batches.len() as u64 >= written);
}

#[test]
fn what_a_mailbox_loses_is_noted_by_number() {
    let world = World::new(&Ring::copied(), "");
    let mut events = vec![Next::Ended("enough".to_owned()), Next::Lost { first: 7, count: 3 }];
    let source = move |_: Duration| -> Next<frame_pool::Lease> { events.pop().unwrap_or(Next::Nothing) };
    let recorder = Recorder::start(stream(&world, std::io::sink()), source).expect("a thread");
    let recording = recorder.finish_within(PATIENCE, None).expect("it ends well");
    assert_eq!((recording.lost, recording.losses, recording.ended.as_str()), (3, vec![(7, 3)], "enough"));
}

#[test]
fn frames_that_wait_longer_than_the_end_may_take_are_named() {
    let world = World::new(&Ring::copied(), "");
    let mut reader =
        world.rig.bus.subscribe(&Request::new("reader", Policy::Every { depth: 4 })).expect("room");
    world.rig.step(4);
    let frame = |_| frame(&mut reader);
    let mut frames: Vec<_> = (0..4).map(frame).collect();
    frames.reverse();
    // The first one comes when half of the time is over.
    let (half, asked) = std::sync::mpsc::channel::<()>();
    let source = move |_: Duration| match frames.pop() {
        Some(frame) => {
            let _ = asked.recv_timeout(PATIENCE);
            Next::Frame(frame)
        }
        None => Next::Nothing,
    };
    let recorder = Recorder::start(stream(&world, std::io::sink()), source).expect("a thread");
    let _waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(2200));
        drop(half);
    });
    let recording = recorder.finish_within(Duration::from_secs(4), None).expect("it ends in time");
    assert_eq!((recording.frames + recording.lost, recording.lost >= 2), (4, true), "{recording}");
    assert!(recording.ended.contains("left out"), "{recording}");
}
