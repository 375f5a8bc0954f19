//! An overwriting ring is never lent: each frame is copied once, validated, and every failure is a counted loss.
#![cfg(not(pool_loom))]

mod support;

use std::time::{Duration, Instant};

use frame_pool::{Evidence, LossCause, StreamMode};
use support::{Rig, check};

#[test]
fn each_frame_is_copied_exactly_once_and_survives_the_overwrite() {
    let mut rig = Rig::new(StreamMode::Copied, 9000, 5, 4);
    let mut kept = Vec::new();
    for n in 1..=200_u64 {
        let (block, record) = rig.write();
        rig.copy(block, record);
        rig.settle();
        let lease = rig.tray.take().unwrap();
        assert_eq!((lease.record().number, lease.record().evidence), (n, Evidence::Tag));
        if kept.len() < 3 {
            kept.push(lease);
        }
    }
    kept.iter().for_each(check);
    let books = rig.pool.close_stream(&rig.stream);
    assert_eq!((books.delivered, books.copied_bytes), (200, 200 * 9000));
    assert!(books.balanced());
}

#[test]
fn a_used_up_reserve_loses_frames_by_number() {
    let mut rig = Rig::new(StreamMode::Copied, 4096, 5, 2);
    for _ in 0..5 {
        let (block, record) = rig.write();
        rig.copy(block, record);
        rig.settle();
    }
    assert_eq!(rig.tray.len(), 2);
    let books = rig.stream.books();
    assert_eq!((books.delivered, books.lost_reserve), (2, 3));
    assert!(books.balanced());
    let losses: Vec<_> = std::iter::from_fn(|| rig.stream.next_loss()).collect();
    assert_eq!(losses.iter().map(|l| l.first).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(losses.iter().all(|l| l.cause == LossCause::Reserve));
}

#[test]
fn a_frame_overwritten_before_its_copy_is_torn_not_delivered() {
    let mut rig = Rig::new(StreamMode::Copied, 4096, 3, 3);
    let (block, old) = rig.write();
    for _ in 0..3 {
        rig.write();
    }
    rig.copy(block, old);
    rig.settle();
    assert_eq!(rig.tray.len(), 0);
    let books = rig.stream.books();
    assert_eq!((books.torn, books.delivered), (1, 0));
    assert!(books.balanced());
}

#[test]
fn without_a_tag_distance_decides() {
    let mut rig = Rig::new(StreamMode::Copied, 4096, 4, 3);
    let (block, mut record) = rig.write();
    record.tag = None;
    rig.copy(block, record);
    rig.settle();
    assert_eq!(rig.tray.take().unwrap().record().evidence, Evidence::TimeOnly);
}

#[test]
fn what_is_never_written_again_waits_as_long_as_it_must() {
    let mut rig = Rig::new(StreamMode::Copied, 1 << 20, 16, 16);
    for _ in 0..16 {
        let (block, mut record) = rig.write();
        (record.tag, record.evidence) = (None, Evidence::Frozen);
        rig.copy(block, record);
    }
    rig.settle();
    let books = rig.stream.books();
    assert_eq!((books.delivered, books.lost()), (16, 0), "{books}");
    for number in 1..=16 {
        let lease = rig.tray.take().unwrap();
        assert_eq!((lease.record().number, lease.record().evidence), (number, Evidence::Frozen));
        check(&lease);
    }
}

#[test]
fn a_distrusted_locked_ring_copies_and_still_unlocks_in_order() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 4, 4);
    rig.stream.distrust();
    for n in 1..=50_u64 {
        let until = Instant::now() + Duration::from_secs(10);
        while !rig.has_room() {
            assert!(Instant::now() < until, "slots come back after the copy");
            rig.stream.nudge();
            std::thread::yield_now();
        }
        let (block, record) = rig.write();
        rig.copy(block, record);
        rig.settle();
        let lease = rig.tray.take().unwrap();
        assert_eq!(lease.record().number, n);
        check(&lease);
    }
    assert_eq!(rig.stream.mode(), StreamMode::Copied);
    let books = rig.pool.close_stream(&rig.stream);
    assert_eq!(books.delivered, 50);
    assert_eq!(books.unlocked, 50);
}
