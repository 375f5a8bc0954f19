//! Random programs of a camera and its readers, beside a model of a few lines: who holds what, and what the SDK may write.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use std::sync::atomic::Ordering;

use frame_pool::{Lease, LossCause, StreamMode};
use proptest::prelude::*;
use support::{Rig, check, open};

#[derive(Debug, Clone)]
enum Step {
    /// The camera writes a frame, if a lock-honouring one has room.
    Frame,
    /// A frame is written whose notification is lost.
    Unannounced,
    Clone(usize),
    Drop(usize),
    Check(usize),
    Retire,
    /// The oldest frame is moved out of the ring.
    Rescue,
    /// Stop, and start again with the leases that are out.
    Rearm,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Frame),
        1 => Just(Step::Unannounced),
        2 => (0..64_usize).prop_map(Step::Clone),
        5 => (0..64_usize).prop_map(Step::Drop),
        1 => (0..64_usize).prop_map(Step::Check),
        2 => Just(Step::Retire),
        2 => Just(Step::Rescue),
        1 => Just(Step::Rearm),
    ]
}

/// The pool under test, and what a simple model says of it.
struct Program {
    rig: Rig,
    held: Vec<Lease>,
    /// Numbers rise over all runs, so that a frame of an earlier one cannot pass for a later one's.
    base: u64,
    announced: u64,
    epoch: u32,
}

impl Program {
    fn frame(&mut self) {
        let rig = &mut self.rig;
        let (block, mut record) = rig.write();
        record.camera_number = Some(record.number);
        record.number += self.base;
        record.tag = None;
        support::fill_block(&rig.pool, block, record.number);
        rig.publish(block, record).unwrap();
        self.announced += 1;
        self.held.push(rig.tray.take().unwrap());
    }

    fn unannounced(&mut self) {
        self.rig.write();
        self.rig.vacant(1);
        self.rig.stream.lost(LossCause::Notification, self.rig.written, 1);
    }

    /// Stops and starts again. False if leases that cannot be moved forbid it.
    fn rearm(&mut self) -> bool {
        let rig = &mut self.rig;
        let books = rig.pool.close_stream(&rig.stream);
        assert_eq!((books.highest, books.delivered, books.copied_bytes), (rig.written, self.announced, 0));
        assert!(books.balanced());
        match open(&rig.pool, StreamMode::Locked, &rig.tray, &rig.locks, self.epoch + 1) {
            Ok(stream) => {
                (self.epoch, self.base) = (self.epoch + 1, self.base + rig.written);
                (rig.stream, rig.written, self.announced) = (stream, 0, 0);
                rig.locks.0.store(0, Ordering::SeqCst);
                rig.stream.set_keep_free(0);
                true
            }
            Err(why) => {
                assert!(!self.held.is_empty(), "refused without a lease out: {why}");
                false
            }
        }
    }

    fn step(&mut self, step: &Step) -> bool {
        let (rig, held) = (&self.rig, &mut self.held);
        let room = rig.has_room();
        match *step {
            Step::Frame if room => self.frame(),
            Step::Unannounced if room => self.unannounced(),
            Step::Clone(i) if !held.is_empty() => held.push(held[i % held.len()].clone()),
            Step::Drop(i) if !held.is_empty() => drop(held.swap_remove(i % held.len())),
            Step::Check(i) if !held.is_empty() => check(&held[i % held.len()]),
            Step::Frame | Step::Unannounced | Step::Retire => rig.stream.retire(),
            Step::Rescue => rig.stream.rescue_oldest(),
            Step::Rearm => return self.rearm(),
            Step::Clone(_) | Step::Drop(_) | Step::Check(_) => {}
        }
        assert!(self.rig.locks.0.load(Ordering::SeqCst) <= self.rig.written, "more unlocked than written");
        true
    }
}

/// Runs a program; in the end every frame that is held is whole, and everything that was written came back.
fn run(steps: &[Step], blocks: u32, reserve: u32) {
    let rig = Rig::new(StreamMode::Locked, 3000, blocks, reserve);
    rig.stream.set_keep_free(0);
    let mut program = Program { rig, held: Vec::new(), base: 0, announced: 0, epoch: 1 };
    let finished = steps.iter().all(|step| program.step(step));
    program.held.iter().for_each(check);
    program.held.clear();
    let rig = &program.rig;
    if finished {
        rig.stream.retire();
        // The service thread may be retiring just now: then this call left it the rest.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while rig.locks.0.load(Ordering::SeqCst) != rig.written {
            assert!(std::time::Instant::now() < until, "not everything written came back");
            std::thread::yield_now();
        }
        assert!(rig.pool.close_stream(&rig.stream).balanced());
    }
    assert_eq!(rig.pool.leased(), frame_pool::Leased::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_program_of_readers_leaves_every_frame_whole(
        steps in prop::collection::vec(step(), 1..120),
        blocks in 1_u32..7,
        reserve in 0_u32..4,
    ) {
        run(&steps, blocks, reserve);
    }
}
