//! The machine below a rescue: cells for blocks, and a table that says which cell each window shows.
//!
//! The kernel's part: a reader translates and reads under one lock, as translation caches guarantee it (mmap returns only when no
//! processor uses the old mapping any more).

use frame_pool::model::{Fault, ModelMemory, ModelPool};
use frame_pool::{Lease, Unlock};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};

/// Blocks of the ring.
const BLOCKS: u32 = 1;

pub struct Machine {
    /// The ring block, and the reserve blocks.
    cells: Vec<UnsafeCell<u64>>,
    /// Which cell each window shows.
    shows: Mutex<Vec<usize>>,
    /// Slots given back in this run.
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

pub struct Locks<'a>(&'a Machine);
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

/// A camera with a ring of one block, and a pool with a keeper.
#[derive(Clone)]
pub struct Rig {
    pub pool: ModelPool,
    pub machine: Arc<Machine>,
}

impl Rig {
    pub fn new(reserve: u32, fault: Fault) -> Self {
        let all = BLOCKS + reserve;
        let cells = (0..all).map(|_| UnsafeCell::new(0)).collect();
        let shows = Mutex::new((0..all as usize).collect());
        let machine = Machine { cells, shows, unlocked: AtomicU64::new(0) };
        Self { pool: ModelPool::broken(BLOCKS, reserve, fault), machine: Arc::new(machine) }
    }

    /// The SDK writes the run's `index`th frame, counted from 1, if it has a slot; the callback publishes it as `number` and
    /// retires.
    pub fn eof_as(&self, index: u64, number: u64) -> Option<Lease> {
        if index > self.unlocked() + u64::from(BLOCKS) {
            return None;
        }
        // SAFETY: the SDK writes an unlocked block; loom checks that nobody reads it.
        self.machine.cells[0].with_mut(|p| unsafe { *p = number });
        let lease = self.pool.publish(number).expect("an unlocked block is free");
        self.retire();
        Some(lease)
    }

    /// The same where the run is the first.
    pub fn eof(&self, number: u64) -> Option<Lease> {
        self.eof_as(number, number)
    }

    pub fn retire(&self) {
        self.pool.retire(&Locks(&self.machine));
    }

    /// Stop, and arm again: the SDK counts from 0, and writes where it likes from the start on.
    pub fn rearm(&self) -> Result<(), u32> {
        self.pool.rearm(&*self.machine)?;
        self.machine.unlocked.store(0, Ordering::Release);
        Ok(())
    }

    pub fn rescue(&self) -> bool {
        self.pool.rescue(&*self.machine, 0)
    }

    pub fn unlocked(&self) -> u64 {
        self.machine.unlocked.load(Ordering::Acquire)
    }

    pub fn read(&self, lease: &Lease) {
        let shows = self.machine.shows.lock().unwrap();
        let cell = &self.machine.cells[shows[ModelPool::window(lease) as usize]];
        // SAFETY: loom checks that nobody writes what a lease shows.
        cell.with(|p| assert_eq!(unsafe { *p }, lease.record().number, "torn"));
    }

    /// A device asks once where the pages of a pinned lease are, and reads there by itself.
    pub fn transfer(&self, lease: &Lease) {
        let at = self.machine.shows.lock().unwrap()[ModelPool::window(lease) as usize];
        // SAFETY: loom checks that nobody writes there meanwhile.
        self.machine.cells[at].with(|p| assert_eq!(unsafe { *p }, lease.record().number, "torn transfer"));
    }
}
