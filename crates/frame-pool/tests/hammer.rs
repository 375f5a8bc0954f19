//! Real memory under real threads: readers check every byte while the keeper moves the frames under them. Beside it the control
//! that must crash: the same repointing in two steps, which leaves a hole.
#![cfg(not(pool_loom))]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a failed step is a failed test; no model runs this"
)]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use frame_pool::StreamMode;
use support::{Rig, check};

const CHILD: &str = "FRAME_POOL_HOLE_CHILD";

#[test]
fn readers_scan_while_the_keeper_moves() {
    let mut rig = Rig::new(StreamMode::Locked, 40_000, 4, 3);
    rig.stream.set_keep_free(0);
    let (scans, until) = (AtomicU64::new(0), Instant::now() + Duration::from_secs(2));
    let mut moved = 0_u64;
    while Instant::now() < until {
        assert!(rig.frame());
        let lease = rig.tray.take().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        check(&lease);
                        scans.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let before = lease.slot_bytes().as_ptr();
            rig.stream.rescue_oldest();
            moved += 1;
            // The block is the camera's again, and it writes at once what must not be seen.
            assert!(rig.frame());
            assert_eq!(lease.slot_bytes().as_ptr(), before);
            done.store(true, Ordering::Release);
        });
        check(&lease);
        drop((lease, rig.tray.take()));
        rig.stream.retire_when_due();
    }
    assert_eq!(rig.stream.books().rescued, moved, "each round moved its frame");
    assert!(moved > 20 && scans.load(Ordering::Relaxed) > moved, "{moved} moves under {scans:?} scans");
}

/// The control's child: a reader scans a map that is taken away and put back.
#[test]
#[ignore = "started as a process of its own by the control beside it"]
fn the_child_with_a_hole() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let bytes = 1 << 16;
    // SAFETY: a fresh anonymous map.
    let map = || unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    let start = map() as usize;
    std::thread::spawn(move || {
        loop {
            for at in (0..bytes).step_by(4096) {
                // SAFETY: not safe at all: the map comes and goes. That is what the control shows.
                unsafe { (start as *const u8).wrapping_add(at).read_volatile() };
            }
        }
    });
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        // SAFETY: the range is this test's own.
        unsafe {
            libc::munmap(start as *mut libc::c_void, bytes);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            libc::mmap(start as *mut libc::c_void, bytes, libc::PROT_READ, flags, -1, 0);
        }
    }
    std::process::exit(0);
}

#[test]
fn control_repointing_in_two_steps_crashes_its_reader() {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_with_a_hole", "--nocapture", "--ignored"])
        .env(CHILD, "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    let faulted = matches!(status.signal(), Some(libc::SIGSEGV | libc::SIGBUS));
    // Under AddressSanitizer the fault is caught and reported by an exit code.
    assert!(faulted || status.code().is_some_and(|c| c != 0 && c != 101), "no crash: {status:?}");
}
