//! A locked ring lends its own blocks: no copy, drops in any order, unlocks in ring order.
#![cfg(not(pool_loom))]

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use frame_pool::{Leased, PublishError, StreamError, StreamMode};
use support::{Rig, check, open};

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !ready() {
        assert!(Instant::now() < until, "timed out waiting for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn readers_see_the_very_bytes_and_prompt_ones_cost_no_copy() {
    let mut rig = Rig::new(StreamMode::Locked, 5000, 4, 2);
    for n in 1..=1000_u64 {
        assert!(rig.frame(), "a prompt reader never leaves the ring full");
        let lease = rig.tray.take().unwrap();
        assert_eq!(lease.record().number, n);
        check(&lease);
    }
    let books = rig.pool.close_stream(&rig.stream);
    assert_eq!((books.delivered, books.copied_bytes, books.lost()), (1000, 0, 0));
    assert!(books.balanced());
    assert_eq!(rig.tray.closed.load(Ordering::SeqCst), 1);
}

#[test]
fn drops_in_any_order_unlock_in_ring_order() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 8, 1);
    for _ in 0..5 {
        assert!(rig.frame());
    }
    let mut leases: Vec<_> = std::iter::from_fn(|| rig.tray.take()).collect();
    drop(leases.pop());
    drop(leases.remove(1));
    drop(leases.remove(2));
    rig.stream.retire();
    assert_eq!(rig.locks.0.load(Ordering::SeqCst), 0, "the oldest is held: nothing may be unlocked");
    drop(leases.remove(0));
    rig.stream.retire();
    assert_eq!(rig.locks.0.load(Ordering::SeqCst), 2, "frames 1 and 2; frame 3 is held");
    drop(leases);
    rig.stream.retire();
    assert_eq!(rig.locks.0.load(Ordering::SeqCst), 5);
}

#[test]
fn a_full_ring_whose_leases_are_all_dropped_is_retired_without_a_callback() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 4, 0);
    while rig.frame() {}
    assert!(!rig.has_room() && rig.tray.len() == 4);
    while rig.tray.take().is_some() {}
    let locks = std::sync::Arc::clone(&rig.locks);
    // Down to the point where callbacks come again by themselves: two free blocks. The rest is theirs, or whoever nudges.
    wait_for("the service thread", || locks.0.load(Ordering::SeqCst) >= 3);
    rig.stream.nudge();
    wait_for("the nudged service thread", || locks.0.load(Ordering::SeqCst) == 4);
    assert!(rig.frame(), "the camera goes on");
}

#[test]
fn a_frame_announced_in_a_held_block_is_refused_not_published() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 3, 0);
    while rig.frame() {}
    let (block, record) = rig.write();
    assert_eq!(rig.publish(block, record), Err(PublishError::NotFree { block: 0 }));
    let held = rig.tray.take().unwrap();
    assert!(held.verify().is_err(), "and the lease whose block was overwritten says so");
}

#[test]
fn clones_on_many_threads_outlive_stream_and_pool() {
    let mut rig = Rig::new(StreamMode::Locked, 40_000, 8, 0);
    for _ in 0..8 {
        assert!(rig.frame());
    }
    let leases: Vec<_> = std::iter::from_fn(|| rig.tray.take()).collect();
    rig.pool.close_stream(&rig.stream);
    drop(rig);
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let mine = leases.clone();
            std::thread::spawn(move || {
                for lease in mine.iter().rev() {
                    check(lease);
                }
                std::thread::sleep(Duration::from_millis(t));
                drop(mine);
            })
        })
        .collect();
    drop(leases);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_ring_with_leases_out_is_not_opened_again() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 4, 0);
    assert!(rig.frame());
    let held = rig.tray.take().unwrap();
    assert_eq!(open(&rig.pool, StreamMode::Locked, &rig.tray, &rig.locks, 2).err(), Some(StreamError::Busy));
    rig.pool.close_stream(&rig.stream);
    let refused = open(&rig.pool, StreamMode::Locked, &rig.tray, &rig.locks, 2).err();
    assert_eq!(refused, Some(StreamError::LeasesOut { held: 1 }));
    drop(held);
    assert_eq!(rig.pool.leased(), Leased::default());
    let again = open(&rig.pool, StreamMode::Locked, &rig.tray, &rig.locks, 2).unwrap();
    assert_eq!(again.next_block(), 0, "a new run begins at block 0");
}

#[test]
fn unannounced_frames_are_unlocked_without_a_reader() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 6, 0);
    rig.write();
    rig.write();
    rig.vacant(2);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    assert_eq!(lease.record().number, 3);
    assert_eq!(rig.locks.0.load(Ordering::SeqCst), 2);
}

#[test]
fn a_sequence_is_lent_in_place_and_frozen() {
    let mut rig = Rig::new(StreamMode::Frozen, 3000, 20, 0);
    for _ in 0..20 {
        let (block, record) = rig.write();
        rig.publish(block, record).unwrap();
    }
    let leases: Vec<_> = std::iter::from_fn(|| rig.tray.take()).collect();
    assert_eq!(leases.len(), 20);
    leases.iter().for_each(check);
    assert_eq!(rig.pool.close_stream(&rig.stream).copied_bytes, 0);
}
