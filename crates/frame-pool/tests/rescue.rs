//! A frame that is held too long is moved out of the ring under its reader: same address, same bytes, nothing lost.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use std::time::{Duration, Instant};

use frame_pool::{Leased, PinError, Pressure, StreamMode};
use support::{Rig, check, open};

/// Lets the camera write until `frames` more frames went through, waiting for the keeper where the ring is full.
fn run(rig: &mut Rig, frames: u64, mut reader: impl FnMut(frame_pool::Lease)) -> bool {
    for _ in 0..frames {
        let until = Instant::now() + Duration::from_millis(if rig.stream.rescues() { 10_000 } else { 300 });
        while !rig.frame() {
            if Instant::now() > until {
                return false;
            }
            std::thread::yield_now();
        }
        reader(rig.tray.take().unwrap());
    }
    true
}

#[test]
fn a_held_frame_keeps_address_and_bytes_while_the_ring_goes_round() {
    for block_bytes in [20_000, 600_080, (1 << 20) + 160] {
        let mut rig = Rig::new(StreamMode::Locked, block_bytes, 6, 4);
        let mut held = Vec::new();
        let mut count = 0;
        assert!(run(&mut rig, 60, |lease| {
            count += 1;
            if count % 20 == 3 {
                held.push((lease.slot_bytes().as_ptr(), lease));
            } else if count % 7 == 0 {
                check(&lease);
            }
        }));
        assert_eq!(held.len(), 3);
        for (address, lease) in &held {
            assert_eq!(lease.slot_bytes().as_ptr(), *address);
            check(lease);
        }
        let books = rig.stream.books();
        assert_eq!((books.delivered, books.lost(), books.copied_bytes), (60, 0, 0));
        assert_eq!(books.rescued, 3, "each held frame once, no prompt one");
        assert_eq!(rig.pool.leased(), Leased { ring: 0, reserve: 3 });
        drop(held);
        assert_eq!(rig.pool.leased(), Leased::default());
        // The pairs that came back serve again, at other addresses than before.
        let mut again = Vec::new();
        assert!(run(&mut rig, 60, |lease| if lease.record().number % 16 == 0 {
            again.push(lease)
        }));
        again.iter().for_each(check);
    }
}

#[test]
fn without_rescue_the_same_reader_stops_the_ring() {
    let mut rig = Rig::new(StreamMode::Locked, 20_000, 6, 4);
    rig.stream.set_keep_free(0);
    let mut held = None;
    assert!(
        !run(&mut rig, 60, |lease| held = held.take().or(Some(lease))),
        "the control must come to a halt"
    );
    assert_eq!(rig.stream.books().rescued, 0);
}

#[test]
fn clones_and_drops_beside_the_keeper_stay_whole() {
    let mut rig = Rig::new(StreamMode::Locked, 60_000, 6, 6);
    let (to_readers, from_camera) = std::sync::mpsc::sync_channel::<frame_pool::Lease>(4);
    let shared = std::sync::Arc::new(std::sync::Mutex::new(from_camera));
    let readers: Vec<_> = (0..3)
        .map(|r| {
            let inbox = std::sync::Arc::clone(&shared);
            std::thread::spawn(move || {
                let mut kept = std::collections::VecDeque::new();
                loop {
                    let Ok(lease) = inbox.lock().unwrap().recv() else { break };
                    check(&lease);
                    kept.push_back(lease.clone());
                    drop(lease);
                    if kept.len() > r {
                        check(&kept.pop_front().unwrap());
                    }
                }
                kept.iter().for_each(check);
            })
        })
        .collect();
    assert!(run(&mut rig, 2000, |lease| to_readers.send(lease).unwrap()));
    drop(to_readers);
    readers.into_iter().for_each(|r| r.join().unwrap());
    let books = rig.pool.close_stream(&rig.stream);
    assert_eq!(books.delivered, 2000);
    assert!(books.balanced());
}

#[test]
fn a_used_up_reserve_loses_or_stops_as_asked() {
    for pressure in [Pressure::Lose, Pressure::Stop] {
        let mut rig = Rig::new(StreamMode::Locked, 4096, 5, 1);
        rig.stream.set_pressure(pressure);
        let mut held = Vec::new();
        let until = Instant::now() + Duration::from_secs(2);
        while held.len() < 6 && Instant::now() < until {
            if rig.frame() {
                held.push(rig.tray.take().unwrap());
            }
        }
        assert_eq!(held.len(), 6, "five blocks and one in the reserve");
        let until = Instant::now() + Duration::from_secs(10);
        while rig.stream.books().rescue_refused == 0 && Instant::now() < until {
            rig.stream.nudge();
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(20));
        assert!(!rig.has_room(), "nothing more fits");
        assert_eq!(rig.stream.has_ended(), pressure == Pressure::Stop);
        held.iter().for_each(check);
    }
}

#[test]
fn a_pinned_frame_is_not_moved_until_it_is_unpinned() {
    let mut rig = Rig::new(StreamMode::Locked, 8192, 6, 4);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    let pin = lease.pin().unwrap();
    assert_eq!(pin.alignment(), 4096);
    let second = lease.pin().unwrap();
    assert_eq!(lease.pin().err(), Some(PinError::TooMany { limit: 2 }));
    drop(second);
    for _ in 0..5 {
        assert!(rig.frame());
        drop(rig.tray.take());
    }
    std::thread::sleep(Duration::from_millis(30));
    assert!(!rig.has_room() && rig.stream.books().rescued == 0);
    // Unpinning alone wakes the keeper: with a full ring nobody else would.
    drop(pin);
    assert!(run(&mut rig, 30, drop));
    check(&lease);
    assert_eq!(rig.stream.books().rescued, 1);
}

#[test]
fn snap_hold_snap_never_changes_the_held_frame() {
    let mut rig = Rig::new(StreamMode::Frozen, 50_000, 1, 3);
    let mut held = Vec::new();
    for epoch in 2..5 {
        rig.written = epoch * 100;
        let record = support::record(&rig.pool, epoch);
        support::fill_block(&rig.pool, 0, epoch);
        rig.publish(0, record).unwrap();
        held.push(rig.tray.take().unwrap());
        rig.pool.close_stream(&rig.stream);
        rig.stream = open(&rig.pool, StreamMode::Frozen, &rig.tray, &rig.locks, epoch as u32).unwrap();
    }
    held.iter().for_each(check);
    // The reserve is used up now: the next held frame keeps the ring, and that is said.
    let record = support::record(&rig.pool, 9);
    support::fill_block(&rig.pool, 0, 9);
    rig.publish(0, record).unwrap();
    let last = rig.tray.take().unwrap();
    rig.pool.close_stream(&rig.stream);
    let refused = open(&rig.pool, StreamMode::Frozen, &rig.tray, &rig.locks, 9).err();
    assert_eq!(refused, Some(frame_pool::StreamError::LeasesOut { held: 1 }));
    check(&last);
}

#[test]
fn a_block_that_waits_to_be_copied_may_be_moved_meanwhile() {
    let mut rig = Rig::new(StreamMode::Locked, 60_000, 4, 6);
    rig.stream.distrust();
    for _ in 0..100 {
        let until = Instant::now() + Duration::from_secs(10);
        while !rig.has_room() {
            assert!(Instant::now() < until, "slots come back");
            rig.stream.nudge();
            std::thread::yield_now();
        }
        let (block, record) = rig.write();
        rig.copy(block, record);
        rig.stream.rescue_oldest();
        rig.settle();
        check(&rig.tray.take().unwrap());
    }
    rig.stream.retire();
    let books = rig.pool.close_stream(&rig.stream);
    assert_eq!((books.delivered, books.unlocked), (100, 100));
    assert_eq!(rig.pool.leased(), Leased::default());
}

#[test]
fn of_two_who_open_at_once_one_gets_the_ring() {
    for _ in 0..200 {
        let mut rig = Rig::new(StreamMode::Locked, 4096, 4, 1);
        rig.pool.close_stream(&rig.stream);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| open(&rig.pool, StreamMode::Locked, &rig.tray, &rig.locks, 2)))
                .collect();
            openers.into_iter().filter_map(|o| o.join().unwrap().ok()).collect()
        });
        assert_eq!(opened.len(), 1);
        rig.stream = std::sync::Arc::clone(&opened[0]);
        assert!(rig.frame() && rig.frame() && rig.frame());
    }
}
