//! The SDK's part in the models: blocks as cells whose every access loom checks, and locks that are honoured.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: each file uses its own part, and a failed step is a failed test"
)]

pub mod windows;

use frame_pool::model::{Fault, ModelPool};
use frame_pool::{Lease, Unlock};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};

pub struct Blocks {
    cells: Vec<UnsafeCell<u64>>,
    unlocked: AtomicU64,
}

// SAFETY: loom itself checks every access to the cells and fails the model on a race.
unsafe impl Sync for Blocks {}
// SAFETY: as above.
unsafe impl Send for Blocks {}

pub struct Locks(pub Arc<Blocks>);
impl Unlock for Locks {
    fn unlock_oldest(&self) -> bool {
        self.0.unlocked.fetch_add(1, Ordering::AcqRel);
        true
    }
}

/// A camera with a pool.
#[derive(Clone)]
pub struct Rig {
    pub pool: ModelPool,
    pub blocks: Arc<Blocks>,
    n: u64,
}

impl Rig {
    pub fn new(n: u32, fault: Fault) -> Self {
        let cells = (0..n).map(|_| UnsafeCell::new(0)).collect();
        let blocks = Arc::new(Blocks { cells, unlocked: AtomicU64::new(0) });
        Self { pool: ModelPool::broken(n, 1, fault), blocks, n: u64::from(n) }
    }

    /// The SDK writes frame `number` if it has a slot, and the callback publishes and retires.
    pub fn eof(&self, number: u64) -> Option<Lease> {
        if number > self.blocks.unlocked.load(Ordering::Acquire) + self.n {
            return None;
        }
        let block = (number - 1) % self.n;
        // SAFETY: the SDK writes a slot that was unlocked; loom checks that nobody reads it.
        self.blocks.cells[block as usize].with_mut(|p| unsafe { *p = number });
        let lease = self.pool.publish(number).expect("an unlocked block is free");
        self.retire();
        Some(lease)
    }

    pub fn retire(&self) {
        self.pool.retire(&Locks(Arc::clone(&self.blocks)));
    }

    /// A reader looks at the frame's bytes.
    pub fn read(&self, lease: &Lease) {
        let number = lease.record().number;
        let block = (number - 1) % self.n;
        // SAFETY: loom checks that nobody writes meanwhile.
        self.blocks.cells[block as usize].with(|p| assert_eq!(unsafe { *p }, number, "torn"));
    }

    pub fn unlocked(&self) -> u64 {
        self.blocks.unlocked.load(Ordering::Acquire)
    }
}
