//! Recordings that are cut off: by a kill in the middle, and at every byte that matters.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use frame_arrow::{FrameWriter, RecoverError, WriterOptions, recover};
use pvcam_tests::{Ring, scratch};

use crate::world::*;

/// Names the folder into which a child test records until it is killed.
const DOOMED: &str = "RECORDINGS_DOOMED";

/// Records a file and a stream at once, and says how many frames both have.
fn record_until_killed(folder: &Path) -> ! {
    let world = World::new(&Ring::copied(), "");
    let file = world.record(world.file(&folder.join("doomed.arrow")));
    let target = File::create_new(folder.join("doomed.arrows")).expect("a new file");
    let stream =
        FrameWriter::stream(target, Arc::clone(&world.schema), WriterOptions::default()).expect("a stream");
    let stream = world.record(stream);
    loop {
        // Each waits for one of them, so that neither loses a frame.
        world.step(&file, 1);
        world.step(&stream, 1);
        println!("written {}", file.frames().min(stream.frames()));
    }
}

#[test]
fn a_killed_recording_is_readable_up_to_the_last_frame_that_was_written() {
    if let Some(folder) = std::env::var_os(DOOMED) {
        record_until_killed(&PathBuf::from(folder));
    }
    let folder = scratch("recording-killed");
    let name = "crash::a_killed_recording_is_readable_up_to_the_last_frame_that_was_written";
    let mut child = Command::new(std::env::current_exe().expect("this program has a name"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("PVCAM_SIM_LIB", pvcam_tests::shared_library())
        .env(DOOMED, &folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let told = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let written = |line: String| line.strip_prefix("written ").and_then(|n| n.parse::<u64>().ok());
    let written = told.filter_map(written).find(|n| *n >= 60).expect("it records until it is killed");
    // SIGKILL: nothing of it runs any more.
    child.kill().expect("killed");
    child.wait().expect("it has ended");

    let (file, stream) = (folder.join("doomed.arrow"), folder.join("doomed.arrows"));
    let layout = World::new(&Ring::copied(), "").layout();
    let no_end = arrow_ipc::reader::FileReader::try_new(File::open(&file).expect("there"), None);
    assert!(no_end.is_err(), "the control: without recovery it cannot be opened");
    let recovered = recover(&file).expect("it can be recovered");
    let frames = assert_prefix(&read_file(&file), &layout);
    assert!(frames == recovered.batches && frames >= written, "{recovered:?}, {written} were told");
    assert!(note(&file, "recording.complete").is_some_and(|note| note.starts_with("false: ")));
    let (batches, ended) = read_stream(File::open(&stream).expect("there"));
    assert!(assert_prefix(&batches, &layout) >= written, "{written} were told");
    println!("{written} told, {frames} in the file, {} in the stream (ended: {ended})", batches.len());
}

#[test]
fn wherever_a_file_is_cut_off_its_whole_frames_are_recovered() {
    let folder = scratch("recording-cut");
    let whole = folder.join("whole.arrow");
    let world = World::new(&Ring::copied(), "");
    let layout = world.layout();
    let recorder = world.record(world.file(&whole));
    world.step(&recorder, 5);
    let _stopped = world.rig.session.stop().expect("it stops");
    let _recording = recorder.finish_within(PATIENCE, None).expect("it ends well");
    let complete = recover(&whole).expect("it is whole");
    assert!(complete.was_complete && complete.batches == 5 && complete.cut_bytes == 0);

    let bytes = std::fs::read(&whole).expect("it can be read");
    let (cut, mut seen) = (folder.join("cut.arrow"), [0_u32; 6]);
    let frame = layout.pixel_bytes() as usize;
    // All lengths near the end, and enough of the others to meet each part of each frame.
    let lengths = (0..bytes.len()).filter(|n| n % 331 == 0 || bytes.len() - n < 90);
    for length in lengths {
        std::fs::write(&cut, &bytes[..length]).expect("written");
        match recover(&cut) {
            Ok(recovered) => {
                let batches = read_file(&cut);
                assert_eq!(assert_prefix(&batches, &layout), recovered.batches, "cut at {length}");
                // A frame's header and columns are less than its pixels here.
                assert!(recovered.cut_bytes < 2 * frame as u64, "{recovered:?}, cut at {length}");
                assert!(!recovered.was_complete);
                seen[recovered.batches as usize] += 1;
                let again = recover(&cut).expect("it has an end now");
                assert!(again.was_complete && again.batches == recovered.batches);
            }
            Err(RecoverError::NoSchema { .. }) => {
                assert!(length < frame, "cut at {length}, behind the schema");
                assert_eq!(std::fs::read(&cut).expect("untouched").len(), length);
            }
            Err(why) => panic!("cut at {length}: {why}"),
        }
    }
    assert!(seen.iter().all(|n| *n > 0), "each number of frames is met: {seen:?}");
}

#[test]
fn what_is_no_recording_is_refused_and_left_alone() {
    let file = scratch("recording-none").join("none.arrow");
    for text in
        ["", "ARROW1", "something else altogether, and long enough to be looked at, for all it is worth"]
    {
        std::fs::write(&file, text).expect("written");
        assert!(matches!(recover(&file), Err(RecoverError::NoSchema { .. })), "{text}");
        assert_eq!(std::fs::read_to_string(&file).expect("still there"), text);
    }
    assert!(matches!(recover("no/such/file"), Err(RecoverError::Io { .. })));
}
