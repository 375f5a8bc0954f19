//! Disks that fill up.

use std::path::Path;
use std::process::Command;

use frame_arrow::{WriteError, recover};
use pvcam_tests::{Ring, scratch};

use crate::world::*;

/// Names the folder in which a child test finds its small disk.
const SMALL_DISK: &str = "RECORDINGS_SMALL_DISK";

/// Runs the test `name` again under a shell command, in which `$DISK` is a folder and `$@` the test; what it said, and whether it passed.
fn under(shell: &str, name: &str, disk: &Path) -> (bool, String) {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe().expect("this program has a name"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env("PVCAM_SIM_LIB", pvcam_tests::shared_library()).env("DISK", disk).env(SMALL_DISK, disk);
    let output = command.output().expect("a shell");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!output.status.success() || text.contains("running 1 test"), "no test `{name}`:\n{text}");
    (output.status.success(), text)
}

/// Records until the disk is full, and says how many frames got through and whether the file has its end.
fn fill(path: &Path, is_why: impl Fn(&WriteError) -> bool) -> (u64, bool) {
    let world = World::new(&Ring::all()[0], "");
    let recorder = world.record(world.file(path));
    let mut stepped = 0;
    while recorder.frames() == stepped {
        assert!(stepped < 10_000, "the disk does not fill up");
        world.step(&recorder, 1);
        stepped += 1;
    }
    // The camera goes on, and so do other readers.
    world.step(&recorder, 20);
    let books = world.rig.session.stop().expect("it stops").books;
    let failed = recorder.finish_within(PATIENCE, Some(books)).expect_err("the disk is full");
    assert!(is_why(&failed.why), "{failed:?}");
    assert_eq!(failed.recording.frames, stepped - 1, "{failed:?}");
    assert_eq!((books.delivered, books.lost()), (stepped + 20, 0), "{books}");
    (stepped - 1, failed.ended_whole)
}

/// The file holds so many frames, and says that there should be more.
fn assert_cut_short(path: &Path, frames: u64, ended: bool) {
    if !ended {
        let recovered = recover(path).expect("there is room now");
        assert!(!recovered.was_complete && recovered.batches == frames, "{recovered:?}");
    }
    let layout = World::new(&Ring::copied(), "").layout();
    assert_eq!(assert_prefix(&read_file(path), &layout), frames);
    let complete = note(path, "recording.complete").expect("a note");
    assert!(complete.starts_with("false: "), "{complete}");
    assert_eq!(note(path, "books.delivered").is_some(), ended, "the books are lost with the end");
}

#[test]
fn a_full_disk_keeps_what_was_written() {
    const NAME: &str = "disk::a_full_disk_keeps_what_was_written";
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        let (path, ballast) = (Path::new(&disk).join("full.arrow"), Path::new(&disk).join("ballast"));
        std::fs::write(&ballast, vec![0; 1 << 16]).expect("there is room");
        let (frames, ended) = fill(&path, |why| matches!(why, WriteError::DiskFull(_)));
        std::fs::remove_file(ballast).expect("it goes");
        return assert_cut_short(&path, frames, ended);
    }
    let disk = scratch("recording-full-disk");
    let mount = |unshare: &str, then: &str| {
        format!("exec {unshare} sh -c 'mount -t tmpfs -o size=1m tmpfs \"$DISK\" && exec {then}' sh \"$@\"")
    };
    let can = |unshare: &&&str| {
        let mut probe = Command::new("sh");
        let output = probe.args(["-c", &mount(unshare, "true")]).env("DISK", &disk).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(unshare) = ["unshare -m", "unshare -rm"].iter().find(can) else {
        println!(
            "NOT RUN: no file system can be mounted here; the limit on a file's size is tried all the same"
        );
        return;
    };
    let (passed, text) = under(&mount(unshare, "\"$@\""), NAME, &disk);
    assert!(passed, "{text}");
}

#[test]
fn a_file_that_may_not_grow_keeps_what_was_written() {
    const NAME: &str = "disk::a_file_that_may_not_grow_keeps_what_was_written";
    let at = |disk: &Path| (disk.join("limited.arrow"), disk.join("frames"));
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        let (path, told) = at(Path::new(&disk));
        let (frames, ended) = fill(&path, |why| matches!(why, WriteError::FileTooLarge(_)));
        return std::fs::write(told, format!("{frames} {ended}")).expect("a small file");
    }
    let disk = scratch("recording-file-limit");
    // 512 blocks of 512 bytes or of 1 KiB; the signal that goes with the error is not wanted.
    let (passed, text) = under("trap '' XFSZ; ulimit -f 512; exec \"$@\"", NAME, &disk);
    assert!(passed, "{text}");
    let (path, told) = at(&disk);
    let told = std::fs::read_to_string(told).expect("the child told");
    let (frames, ended) = told.split_once(' ').expect("two words");
    assert_cut_short(&path, frames.parse().expect("a number"), ended == "true");
}
