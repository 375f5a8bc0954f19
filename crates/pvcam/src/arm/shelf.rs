//! Memory of earlier acquisitions: used again when it fits, counted against the budget while it is leased.

use frame_pool::{Pool, PoolError, RegionPlan};

use crate::error::{ArmError, StartError};
use crate::holders::{HeldBy, Roster};

/// Pools that are not in use by an armed camera.
#[derive(Default)]
pub(crate) struct Shelf {
    pools: Vec<Pool>,
    /// Who may be named as holding them.
    pub(crate) roster: Roster,
}

/// What memory is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Bytes of a block: exactly these, because blocks lie one behind the other.
    pub(crate) frame_bytes: u32,
    /// Blocks of the ring.
    pub(crate) slots: u32,
    /// Whether more blocks would be wrong.
    pub(crate) exact: bool,
    /// Blocks of the reserve, at least.
    pub(crate) reserve: u32,
    /// Bytes that all memory of this camera may take.
    pub(crate) budget: u64,
}

/// Why there is no memory.
#[derive(Debug)]
pub(crate) enum NoMemory {
    LeasesOut { held: u32, budget: u64, by: HeldBy },
    OverBudget { wanted: Wanted, bytes: u64, held: u32, by: HeldBy },
    Pool(PoolError),
}

impl From<NoMemory> for ArmError {
    fn from(why: NoMemory) -> Self {
        match why {
            NoMemory::LeasesOut { held, budget, by } => Self::LeasesOut { held, budget, by },
            NoMemory::OverBudget { wanted, bytes, .. } => Self::OverBudget {
                slots: wanted.slots,
                reserve: wanted.reserve,
                frame_bytes: wanted.frame_bytes,
                bytes,
                budget: wanted.budget,
            },
            NoMemory::Pool(why) => Self::Memory(why),
        }
    }
}

impl From<NoMemory> for StartError {
    fn from(why: NoMemory) -> Self {
        match why {
            NoMemory::LeasesOut { held, budget, by } => Self::LeasesOut { held, budget, by },
            // The plan fitted the budget when it was armed, so what is too much now is what is leased.
            NoMemory::OverBudget { wanted, held, by, .. } => {
                Self::LeasesOut { held, budget: wanted.budget, by }
            }
            NoMemory::Pool(why) => Self::Memory(why),
        }
    }
}

impl Wanted {
    fn plan(&self) -> RegionPlan {
        RegionPlan::new(self.frame_bytes as usize, self.slots, self.reserve)
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.plan().cost().bytes
    }

    fn is_met_by(&self, pool: &Pool) -> bool {
        let plan = pool.plan();
        let enough = if self.exact { plan.blocks == self.slots } else { plan.blocks >= self.slots };
        plan.block_bytes == self.frame_bytes as usize && enough && plan.reserve >= self.reserve
    }
}

impl Shelf {
    /// Puts a pool back.
    pub(crate) fn put(&mut self, pool: Pool) {
        self.pools.push(pool);
    }

    /// A pool whose ring can be had: one from the shelf if it fits, else a new one if the budget allows. `moving`: a ring that
    /// is still leased will do if its reserve has room for what is leased, because the pool moves that out of the way.
    pub(crate) fn take(&mut self, wanted: Wanted, moving: bool) -> Result<Pool, NoMemory> {
        let free = |pool: &Pool| pool.leased().ring == 0 || moving && has_room_to_move(pool);
        let fits = |pool: &Pool| free(pool) && wanted.is_met_by(pool);
        if let Some(index) = self.pools.iter().position(fits) {
            return Ok(self.pools.swap_remove(index));
        }
        // What nobody holds and nobody can use goes before new memory is asked for.
        self.pools.retain(|pool| pool.leased() != frame_pool::Leased::default());
        let kept: u64 = self.pools.iter().map(|pool| pool.plan().cost().bytes).sum();
        let bytes = wanted.bytes().saturating_add(kept);
        if bytes > wanted.budget {
            let held: u32 = self.pools.iter().map(|pool| pool.leased().ring + pool.leased().reserve).sum();
            let fits_alone = wanted.bytes() <= wanted.budget;
            let by = self.roster.held_by(held.into(), 0, Vec::new());
            return Err(if fits_alone && held > 0 {
                NoMemory::LeasesOut { held, budget: wanted.budget, by }
            } else {
                NoMemory::OverBudget { wanted, bytes, held, by }
            });
        }
        Pool::new(wanted.plan(), wanted.budget).map_err(NoMemory::Pool)
    }
}

fn has_room_to_move(pool: &Pool) -> bool {
    let leased = pool.leased();
    leased.ring <= pool.plan().reserve.saturating_sub(leased.reserve)
}

/// A quarter of the memory that the system says is available; 1 GiB if it does not say.
pub(crate) fn default_budget() -> u64 {
    let told = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    told.unwrap_or(4 << 30) / 4
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted =
        Wanted { frame_bytes: 10_000, slots: 8, exact: false, reserve: 2, budget: 1 << 20 };

    #[test]
    fn memory_that_fits_is_used_again_and_memory_that_does_not_is_freed() {
        let mut shelf = Shelf::default();
        let pool = shelf.take(WANTED, false).unwrap();
        let first = pool.ring().ptr;
        shelf.put(pool);
        let smaller = Wanted { slots: 6, ..WANTED };
        let pool = shelf.take(smaller, false).unwrap();
        assert_eq!(pool.ring().ptr, first, "a larger ring serves as well");
        shelf.put(pool);
        let pool = shelf.take(Wanted { exact: true, ..smaller }, false).unwrap();
        assert_eq!(pool.plan().blocks, 6, "but not if the number was asked for");
        assert!(shelf.pools.is_empty(), "the one that did not fit is gone");
    }

    #[test]
    fn too_much_is_refused_with_the_numbers() {
        let wanted = Wanted { slots: 1000, ..WANTED };
        let why = ArmError::from(Shelf::default().take(wanted, false).unwrap_err());
        assert!(matches!(why, ArmError::OverBudget { slots: 1000, budget: 1_048_576, .. }), "{why}");
    }

    #[test]
    fn available_memory_is_read_from_its_line() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   24 kB\n"), Some(24 * 1024));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }
}
