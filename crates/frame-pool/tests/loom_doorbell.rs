//! Model of the doorbell: no ring between the look and the sleep is lost. A lost wake-up is a deadlock, which loom reports.
//!
//! Covered: every interleaving of one ringer with one and two sleepers. Not covered: the futex itself, whose comparison under the
//! kernel's lock a mutex plays, and deadlines, because models have no clock.
#![cfg(pool_loom)]

use frame_pool::Doorbell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

fn sleeper(ring: bool) {
    loom::model(move || {
        let bell = Arc::new(Doorbell::new());
        let ready = Arc::new(AtomicBool::new(false));
        let ringer = {
            let (bell, ready) = (Arc::clone(&bell), Arc::clone(&ready));
            thread::spawn(move || {
                ready.store(true, Ordering::Relaxed);
                if ring {
                    bell.ring();
                }
            })
        };
        loop {
            let ticket = bell.listen();
            if ready.load(Ordering::Relaxed) {
                break;
            }
            bell.wait_for_ring(ticket);
        }
        ringer.join().unwrap();
    });
}

#[test]
fn a_ring_between_look_and_sleep_is_not_lost() {
    sleeper(true);
}

#[test]
#[should_panic]
fn control_without_a_ring_the_sleeper_never_wakes() {
    sleeper(false);
}

/// Two sleepers, one ring: both wake.
#[test]
fn one_ring_wakes_all() {
    loom::model(|| {
        let bell = Arc::new(Doorbell::new());
        let first = bell.listen();
        let other = {
            let bell = Arc::clone(&bell);
            let ticket = bell.listen();
            thread::spawn(move || bell.wait_for_ring(ticket))
        };
        let ringer = {
            let bell = Arc::clone(&bell);
            thread::spawn(move || bell.ring())
        };
        bell.wait_for_ring(first);
        other.join().unwrap();
        ringer.join().unwrap();
    });
}
