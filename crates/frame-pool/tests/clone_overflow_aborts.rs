//! `loop { forget(lease.clone()) }` ends in an abort, not in a wrapped count that frees a slot somebody reads.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use frame_pool::StreamMode;
use support::Rig;

const CHILD: &str = "FRAME_POOL_OVERFLOW_CHILD";

fn forget_clones(preset: u64, clones: u32) {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 3, 0);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    // SAFETY: no lease of the frame is dropped from here on: the process ends without unwinding.
    unsafe { lease.preset_count_for_test(preset) };
    for _ in 0..clones {
        std::mem::forget(lease.clone());
    }
    std::process::exit(0);
}

fn child(preset: u64, clones: u32) -> std::process::ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child", "--nocapture", "--ignored"])
        .env(CHILD, format!("{preset} {clones}"))
        .status()
        .unwrap()
}

#[test]
#[ignore = "started as a process of its own by the test beside it"]
fn the_child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let mut words = task.split(' ').map(|w| w.parse::<u64>().unwrap());
    forget_clones(words.next().unwrap(), u32::try_from(words.next().unwrap()).unwrap());
}

#[test]
fn forgotten_clones_abort_at_the_limit() {
    let limit = i32::MAX as u64;
    let status = child(limit - 2, 10);
    assert_eq!(status.signal(), Some(6), "the tenth clone passes the limit: {status:?}");
    // The control: as many clones below the limit are fine.
    assert!(child(limit - 20, 10).success());
}
