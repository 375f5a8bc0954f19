//! `bytes::Bytes` takes a lease as its owner: no copy, slices of it anywhere, and the slot comes back with the last of them.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use bytes::Bytes;
use frame_pool::{Leased, StreamMode};
use support::{Rig, byte};

fn one_frame() -> (Rig, Bytes, *const u8) {
    let mut rig = Rig::new(StreamMode::Locked, 5000, 3, 0);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    let address = lease.slot_bytes().as_ptr();
    (rig, Bytes::from_owner(lease), address)
}

#[test]
fn the_bytes_are_the_slot_itself() {
    let (rig, bytes, address) = one_frame();
    assert_eq!((bytes.as_ptr(), bytes.len()), (address, 5000));
    let part = bytes.slice(100..200);
    assert_eq!(part.as_ptr(), address.wrapping_add(100));
    drop(bytes);
    rig.stream.retire();
    assert_eq!(rig.pool.leased(), Leased { ring: 1, reserve: 0 }, "a part of the frame holds the frame");
    assert_eq!(part[7], byte(1, 107));
    drop(part);
    rig.stream.retire();
    assert_eq!(rig.pool.leased(), Leased::default());
}

#[test]
fn the_last_part_may_go_on_another_thread_and_after_the_pool() {
    let (rig, bytes, address) = one_frame();
    let address = address.addr();
    let other = std::thread::spawn({
        let part = bytes.slice(4000..);
        move || (part.as_ptr().addr(), part[0])
    });
    drop(bytes);
    assert_eq!(other.join().unwrap(), (address + 4000, byte(1, 4000)));
    assert_eq!(rig.pool.leased(), Leased::default());

    let (rig, bytes, _) = one_frame();
    rig.pool.close_stream(&rig.stream);
    drop(rig);
    let last = std::thread::spawn(move || bytes[4999]);
    assert_eq!(last.join().unwrap(), byte(1, 4999));
}

#[test]
fn bytes_see_the_frame_where_it_is_while_the_keeper_moves_it() {
    let (mut rig, bytes, address) = {
        let mut rig = Rig::new(StreamMode::Locked, 5000, 4, 2);
        assert!(rig.frame());
        let lease = rig.tray.take().unwrap();
        let address = lease.slot_bytes().as_ptr();
        (rig, Bytes::from_owner(lease), address)
    };
    rig.stream.rescue_oldest();
    for _ in 0..12 {
        assert!(rig.frame());
        drop(rig.tray.take());
    }
    assert_eq!((rig.stream.books().rescued, bytes.as_ptr()), (1, address));
    assert!((100..5000).all(|i| bytes[i] == byte(1, i)));
    drop(bytes);
    assert_eq!(rig.pool.leased(), Leased::default());
}
