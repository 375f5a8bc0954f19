//! Models of the rescue: the keeper moves a frame while its readers read, clone and drop it and the camera waits for the block.
//!
//! The kernel's part: a table says which cell each window shows, and a reader translates and reads under one lock, as
//! translation caches guarantee it (mmap returns only when no processor uses the old mapping any more).
#![cfg(pool_loom)]

use std::mem::ManuallyDrop;

use frame_pool::model::{Fault, ModelMemory, ModelPool};
use frame_pool::{Lease, Unlock};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

const BLOCKS: u32 = 1;

struct Machine {
    /// Ring block 0 and reserve block 0.
    cells: [UnsafeCell<u64>; 2],
    /// Which cell each of the two windows shows.
    shows: Mutex<[usize; 2]>,
    unlocked: AtomicU64,
}

// SAFETY: loom checks every access to the cells and fails the model on a race.
unsafe impl Sync for Machine {}
// SAFETY: as above.
unsafe impl Send for Machine {}

impl ModelMemory for Machine {
    fn copy_out(&self, block: u32, reserve: u32) {
        // SAFETY: nobody writes a locked block, nobody looks at a free reserve block; loom checks both.
        let value = self.cells[block as usize].with(|p| unsafe { *p });
        self.cells[(BLOCKS + reserve) as usize].with_mut(|p| unsafe { *p = value });
    }
    fn show_reserve(&self, window: u32, reserve: u32) {
        self.shows.lock().unwrap()[window as usize] = (BLOCKS + reserve) as usize;
    }
    fn show_block(&self, window: u32, block: u32) {
        self.shows.lock().unwrap()[window as usize] = block as usize;
    }
}

struct Locks<'a>(&'a Machine);
// SAFETY: only used on the thread that made it.
unsafe impl Send for Locks<'_> {}
// SAFETY: as above.
unsafe impl Sync for Locks<'_> {}
impl Unlock for Locks<'_> {
    fn unlock_oldest(&self) -> bool {
        self.0.unlocked.fetch_add(1, Ordering::AcqRel);
        true
    }
}

#[derive(Clone)]
struct Rig {
    pool: ModelPool,
    machine: Arc<Machine>,
}

impl Rig {
    fn new(fault: Fault) -> Self {
        let machine = Machine {
            cells: [UnsafeCell::new(0), UnsafeCell::new(0)],
            shows: Mutex::new([0, 1]),
            unlocked: AtomicU64::new(0),
        };
        Self { pool: ModelPool::broken(BLOCKS, 1, fault), machine: Arc::new(machine) }
    }

    fn eof(&self, number: u64) -> Option<Lease> {
        if number > self.machine.unlocked.load(Ordering::Acquire) + u64::from(BLOCKS) {
            return None;
        }
        // SAFETY: the SDK writes an unlocked block; loom checks that nobody reads it.
        self.machine.cells[0].with_mut(|p| unsafe { *p = number });
        let lease = self.pool.publish(number).expect("an unlocked block is free");
        self.retire();
        Some(lease)
    }

    fn retire(&self) {
        self.pool.retire(&Locks(&self.machine));
    }

    fn read(&self, lease: &Lease) {
        let shows = self.machine.shows.lock().unwrap();
        let cell = &self.machine.cells[shows[ModelPool::window(lease) as usize]];
        // SAFETY: loom checks that nobody writes what a lease shows.
        cell.with(|p| assert_eq!(unsafe { *p }, lease.record().number, "torn"));
    }
}

/// One reader, the keeper, and a camera that waits for the only block. Whatever the order, the reader sees its own frame, the
/// camera gets the block exactly once, and window and reserve block come back when all is dropped.
fn rescue(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        let rig = ManuallyDrop::new(Rig::new(fault));
        let first = rig.eof(1).unwrap();
        let reader = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                rig.read(&first);
                rig.read(&first);
                drop(first);
            })
        };
        let keeper = {
            let rig = Rig::clone(&rig);
            thread::spawn(move || {
                rig.pool.rescue(&*rig.machine, 0);
                rig.retire();
            })
        };
        rig.retire(); // as a callback would: the block may be vacant by the reader's hand or the keeper's
        if let Some(second) = rig.eof(2) {
            rig.read(&second);
            drop(second);
        }
        reader.join().unwrap();
        keeper.join().unwrap();
        rig.retire();
        assert_eq!(rig.pool.occupied(), 0, "a slot was never given back");
        assert!(rig.pool.has_free_reserve(), "the reserve block was lost");
        // The pair that came back works: the next frame is seen through whichever window looks at the block now.
        let next = rig.machine.unlocked.load(Ordering::Acquire) + 1;
        let lease = rig.eof(next).unwrap();
        rig.read(&lease);
        drop(lease);
        drop(ManuallyDrop::into_inner(rig));
    });
}

#[test]
fn rescue_against_the_last_drop() {
    rescue(Fault::None);
}

#[test]
#[should_panic]
fn control_a_block_given_away_before_the_repoint_is_written_under_its_reader() {
    rescue(Fault::VacateBeforeRepoint);
}

/// Two clones on two threads while the keeper moves the frame: the last one gives back the reserve block, exactly once.
#[test]
fn rescue_against_clones() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let rig = ManuallyDrop::new(Rig::new(Fault::None));
        let first = rig.eof(1).unwrap();
        let readers: Vec<_> = [first.clone(), first]
            .into_iter()
            .map(|lease| {
                let rig = Rig::clone(&rig);
                thread::spawn(move || {
                    rig.read(&lease);
                    drop(lease);
                })
            })
            .collect();
        rig.pool.rescue(&*rig.machine, 0);
        rig.retire();
        for reader in readers {
            reader.join().unwrap();
        }
        rig.retire();
        assert_eq!(rig.pool.occupied(), 0);
        assert!(rig.pool.has_free_reserve());
        drop(ManuallyDrop::into_inner(rig));
    });
}
