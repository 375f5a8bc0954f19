//! Model of frames in place on a ring that overwrites: what passes as good was the frame's when it was read.
//!
//! Covered: every interleaving, within the preemption bound, of a reader that reads and then asks, a keeper that moves the frame,
//! and a camera that writes the block whenever it likes. Not covered: weak memory. The bytes are read and written under one lock,
//! as one processor's writes reach all others at one moment; the fences between reading and asking are there for the compiler
//! and for machines that reorder loads, and no model of ours shows that they are needed.
#![cfg(pool_loom)]

use std::mem::ManuallyDrop;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use frame_pool::Lease;
use frame_pool::model::{Fault, ModelMemory, ModelPool};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Reads that passed as good, and such as did not, over all interleavings.
static GOOD: AtomicU64 = AtomicU64::new(0);
static TORN: AtomicU64 = AtomicU64::new(0);

/// What the ring block and the reserve block hold, and which of them each window shows.
struct Memory(Mutex<([u64; 2], [usize; 2])>);

impl ModelMemory for Memory {
    fn copy_out(&self, block: u32, reserve: u32) {
        let mut memory = self.0.lock().unwrap();
        memory.0[1 + reserve as usize] = memory.0[block as usize];
    }
    fn show_reserve(&self, window: u32, reserve: u32) {
        self.0.lock().unwrap().1[window as usize] = 1 + reserve as usize;
    }
    fn show_block(&self, window: u32, block: u32) {
        self.0.lock().unwrap().1[window as usize] = block as usize;
    }
    fn is_whole(&self, block: u32, number: u64) -> bool {
        self.0.lock().unwrap().0[block as usize] == number
    }
}

fn read(memory: &Memory, lease: &Lease) -> u64 {
    let memory = memory.0.lock().unwrap();
    memory.0[memory.1[ModelPool::window(lease) as usize]]
}

/// The reader's question: the keeper's marks, and then the number in the slot, as `Lease::verify` reads it where there is memory.
fn passes(memory: &Memory, lease: &Lease) -> bool {
    lease.verify().is_ok() && read(memory, lease) == lease.record().number
}

fn overwritten(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // By hand: a model that fails must not touch loom again while it unwinds.
        let pool = ManuallyDrop::new(ModelPool::broken(1, 1, fault));
        let memory = Arc::new(Memory(Mutex::new(([1, 0], [0, 1]))));
        let lease = pool.publish(1).unwrap();
        let reader = {
            let mine = ManuallyDrop::new((Arc::clone(&memory), lease));
            thread::spawn(move || {
                let (memory, lease) = &*mine;
                let seen = read(memory, lease);
                let good = passes(memory, lease);
                assert!(!good || seen == 1, "another frame's bytes passed as good");
                if good { &GOOD } else { &TORN }.fetch_add(1, Relaxed);
                drop(ManuallyDrop::into_inner(mine));
            })
        };
        let keeper = {
            let mine = ManuallyDrop::new((Arc::clone(&memory), ModelPool::clone(&pool)));
            thread::spawn(move || {
                mine.1.rescue(&*mine.0, 0);
                drop(ManuallyDrop::into_inner(mine));
            })
        };
        // The camera, which asks nobody.
        memory.0.lock().unwrap().0[0] = 2;
        reader.join().unwrap();
        keeper.join().unwrap();
        assert!(pool.has_free_reserve(), "the reserve block was lost");
        drop(ManuallyDrop::into_inner(pool));
    });
}

#[test]
fn what_passes_as_good_was_the_frame_s_when_it_was_read() {
    overwritten(Fault::None);
    assert!(GOOD.load(Relaxed) > 0 && TORN.load(Relaxed) > 0, "both were seen");
}

#[test]
#[should_panic(expected = "another frame's bytes passed as good")]
fn control_a_keeper_that_looks_once_lets_another_frame_s_bytes_pass() {
    overwritten(Fault::NoSecondLook);
}

#[test]
#[should_panic(expected = "another frame's bytes passed as good")]
fn control_an_answer_in_the_middle_of_a_move_lets_another_frame_s_bytes_pass() {
    overwritten(Fault::AnswerAtOnce);
}
