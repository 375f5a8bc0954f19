//! Recordings that go well, and frames that are torn.

use std::sync::Arc;

use frame_arrow::{Codec, FrameWriter, NotIntact, RecoverError, WriteError, WriterOptions, recover};
use frame_bus::{Policy, Request};
use pvcam_tests::{Ring, frame, scratch};

use crate::world::*;

const FRAMES: u64 = 40;

#[test]
fn what_was_delivered_is_read_back_and_the_footer_has_the_books() {
    let folder = scratch("recording-whole");
    for ring in Ring::all() {
        let path = folder.join(ring.story).with_extension("arrow");
        let world = World::new(&ring, "[camera.faults]\nlose_before_host = [10, 11]");
        let recorder = world.record(world.file(&path));
        world.step(&recorder, FRAMES);
        let stopped = world.rig.session.stop().expect("it stops");
        let recording = recorder.finish_within(PATIENCE, Some(stopped.books)).expect("it ends well");
        assert_eq!((recording.frames, recording.torn, recording.lost), (FRAMES - 2, 0, 0), "{recording}");
        assert_eq!((recording.copied_bytes, recording.ended.as_str()), (0, "the stream was stopped"));
        assert_eq!(recording.bytes, std::fs::metadata(&path).expect("a file").len());
        let batches = read_file(&path);
        let numbers: Vec<u64> = batches.iter().map(|batch| number(batch, "number")).collect();
        assert_eq!(numbers, (1..=FRAMES).filter(|n| ![10, 11].contains(n)).collect::<Vec<_>>());
        let layout = stopped.armed.settings().layout;
        assert!(batches.iter().all(|batch| is_whole(batch, &layout) && !is_torn(batch)));
        assert_eq!(number(&batches[9], "lost_before"), 2);
        let told = |key| note(&path, key).expect("a note");
        assert_eq!((told("recording.complete"), told("recording.frames")), ("true".into(), "38".into()));
        assert_eq!((told("books.highest"), told("books.delivered")), (FRAMES.to_string(), "38".into()));
        assert_eq!(told("books.lost_before_host"), "2");
        assert!(batches[0].schema().metadata().get("settings.delivery").is_some());
    }
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = scratch("recording-exists");
    let world = World::new(&Ring::copied(), "");
    let path = folder.join("a.arrow");
    std::fs::write(&path, "precious").expect("written");
    let refused = FrameWriter::file(&path, Arc::clone(&world.schema), WriterOptions::default());
    assert!(matches!(refused, Err(WriteError::Exists { .. })));
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), "precious");
    let nowhere =
        FrameWriter::file(folder.join("no/such/folder"), Arc::clone(&world.schema), WriterOptions::default());
    assert!(matches!(nowhere, Err(WriteError::Create { .. })));
}

#[test]
fn a_recording_that_goes_on_is_not_given_an_end() {
    let path = scratch("recording-busy").join("a.arrow");
    let world = World::new(&Ring::copied(), "");
    let recorder = world.record(world.file(&path));
    world.step(&recorder, 3);
    assert!(matches!(recover(&path), Err(RecoverError::Busy { .. })));
    world.step(&recorder, 3);
    let recording = recorder.finish_within(PATIENCE, None).expect("it ends well");
    let recovered = recover(&path).expect("nobody writes any more");
    assert_eq!((recording.frames, recovered.batches, recovered.was_complete), (6, 6, true));
}

/// Writes twelve frames, the seventh of which the camera writes over while it is held.
fn with_a_torn_frame(ring: &Ring, options: WriterOptions, name: &str) {
    const TORN: u64 = 7;
    let path = scratch(name).join("torn.arrow");
    let world = World::new(ring, &format!("[camera.faults]\ntorn = [{TORN}]"));
    let layout = world.layout();
    let mut reader =
        world.rig.bus.subscribe(&Request::new("reader", Policy::Every { depth: 4 })).expect("room");
    let mut file = FrameWriter::file(&path, Arc::clone(&world.schema), options).expect("a file");
    for number in 1..=12 {
        world.rig.step(1);
        let frame = frame(&mut reader);
        let batch = world.schema.to_record_batch(&frame).expect("a batch");
        let looked = world.schema.verify_batch(&batch, &frame);
        assert_eq!(matches!(looked, Err(NotIntact::Torn(_))), number == TORN, "{looked:?}");
        file.write(&frame).expect("written, torn or not");
    }
    let recording = file.finish().expect("it ends well");
    assert_eq!((recording.torn, recording.torn_numbers), (1, vec![TORN]));
    let batches = read_file(&path);
    for batch in &batches {
        let torn = number(batch, "number") == TORN;
        assert_eq!((is_torn(batch), is_whole(batch, &layout)), (torn, !torn));
    }
    assert_eq!((batches.len(), note(&path, "recording.torn").as_deref()), (12, Some("[7]")));
}

#[test]
fn a_frame_that_is_written_over_meanwhile_is_marked_in_its_own_row() {
    let ring = &Ring::all()[0];
    with_a_torn_frame(ring, WriterOptions::default(), "torn-plain");
    with_a_torn_frame(ring, WriterOptions::default().codec(Codec::Lz4), "torn-lz4");
}

#[test]
fn a_codec_that_was_not_built_in_is_refused_by_name() {
    let world = World::new(&Ring::copied(), "");
    let options = WriterOptions::default().codec(Codec::Zstd);
    match FrameWriter::stream(std::io::sink(), Arc::clone(&world.schema), options) {
        Err(WriteError::Codec { codec: Codec::Zstd }) => {}
        other => panic!("{other:?}"),
    }
}
