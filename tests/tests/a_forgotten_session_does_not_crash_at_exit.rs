//! Nobody has to drop anything: a process whose session was forgotten while frames stream ends cleanly, with the code that
//! it wanted to end with.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::mem::forget;
use std::time::Duration;

use pvcam::{Plan, RingTrust};
use pvcam_tests::{Rig, child, next, small, trust};

/// Ends are races: several times each.
const TIMES: usize = 4;

/// Streams as fast as the machine can and forgets everything. Frames stream on until the very end of the process.
fn forget_all(trust: Option<&RingTrust>) {
    let story = if trust.is_some() { "no_overwrite = 'lossy'" } else { "" };
    let rig = Rig::configured(&format!("[[camera]]\nmodel = 'prime-bsi-usb'\nspeed = 20\n{story}\n"));
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::continuous().region(small(&camera)).exposure(Duration::from_micros(50)).ring(64);
    let plan = match trust {
        Some(trust) => plan.trust(trust),
        None => plan,
    };
    let (session, frames) = camera.arm(plan).expect("a good plan").start().expect("it starts");
    let lease = next(&frames);
    let before = rig.stats(0).callbacks;
    while rig.stats(0).callbacks < before + 20 {
        drop(frames.try_next());
    }
    forget((lease, session));
    // The reader's thread goes on until the process ends.
    std::thread::spawn(move || {
        while let Ok(Some(lease)) = frames.next_within(Duration::from_secs(9)) {
            std::hint::black_box(lease.slot_bytes()[0]);
        }
    });
    forget(rig);
}

#[test]
fn in_a_ring_that_is_copied() {
    for _ in 0..TIMES {
        let Some(ended) = child("in_a_ring_that_is_copied", &[]) else { return forget_all(None) };
        ended.assert_clean();
    }
}

#[test]
fn in_a_ring_that_is_locked() {
    for _ in 0..TIMES {
        let Some(ended) = child("in_a_ring_that_is_locked", &[]) else {
            return forget_all(Some(&trust("lossy")));
        };
        ended.assert_clean();
    }
}

#[test]
fn by_a_call_of_exit() {
    for _ in 0..TIMES {
        let Some(ended) = child("by_a_call_of_exit", &[]) else {
            forget_all(None);
            std::process::exit(7)
        };
        assert_eq!(ended.code, Some(7), "{}", ended.output);
    }
}

/// The control: an end that is not clean is seen.
#[test]
fn an_abort_is_noticed() {
    let Some(ended) = child("an_abort_is_noticed", &[]) else {
        forget_all(None);
        std::process::abort()
    };
    assert_eq!(ended.code, None, "a signal has no code");
}
