//! The pool: memory, windows and the service thread, made once and used for one acquisition after another.

use core::ptr::NonNull;
use core::time::Duration;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::books::Books;
use crate::ender::StreamEnder;
use crate::holder::{Holder, Holding};
use crate::keeper::Memory;
use crate::layout::{Element, Layout};
use crate::record::{Evidence, Record};
use crate::region::{Region, RegionError, RegionPlan, RegionReport};
use crate::service::Service;
use crate::shared::{Owner, Shared};
use crate::stream::{Stream, StreamMode, StreamPlan};
use crate::sync::Ordering;
use crate::timebound::Guarded;

/// Why a pool could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The memory could not be had.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// The service thread could not be started.
    #[error("the pool's service thread could not be started: {0}; raise the limit of threads (ulimit -u)")]
    Thread(std::io::Error),
}

/// Why a stream could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// Readers still hold frames of the ring; the camera would write over them.
    #[error("{held} frames of the ring are still leased: drop them, or use another pool")]
    LeasesOut {
        /// Ring blocks held.
        held: u32,
    },
    /// Another stream of this pool is not finished.
    #[error("the pool already serves a stream: finish it first")]
    Busy,
    /// A locked stream needs to be told how to unlock.
    #[error("a locked stream needs a way to unlock slots")]
    NoUnlock,
}

/// The SDK's map of the ring: to be handed to the SDK, not to be read or written by Rust code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingMemory {
    /// First byte of block 0.
    pub ptr: NonNull<u8>,
    /// N x B bytes; at least the plan's slack is mapped behind them.
    pub bytes: usize,
}

/// Blocks that readers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leased {
    /// Ring blocks with at least one lease.
    pub ring: u32,
    /// Reserve blocks in use: leased, or being copied into.
    pub reserve: u32,
}

/// Memory for frames, and the thread that serves it. Leases may outlive it: the memory goes with the last of them.
///
/// ```
/// use frame_pool::{Pool, RegionPlan};
/// let pool = Pool::new(RegionPlan::new(1024, 8, 2), 1 << 20)?;
/// assert_eq!(pool.ring().bytes, 8 * 1024);
/// assert_eq!(pool.leased(), frame_pool::Leased::default());
/// # Ok::<(), frame_pool::PoolError>(())
/// ```
pub struct Pool {
    /// Dropped first: the thread ends before the memory may go.
    service: Service,
    owner: Owner,
    plan: RegionPlan,
    /// Who asked to be seen.
    holders: Mutex<Vec<Holder>>,
}

impl core::fmt::Debug for Pool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pool")
            .field("plan", &self.plan)
            .field("leased", &self.leased())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// Allocates, prefaults and maps all memory, and starts the service thread (asleep until needed).
    ///
    /// # Errors
    /// [`PoolError`] if the plan is empty or over `budget_bytes`, or the system refuses; it names the numbers and the cure.
    pub fn new(plan: RegionPlan, budget_bytes: u64) -> Result<Self, PoolError> {
        let region = Region::new(plan, budget_bytes)?;
        let blank = Record::new(0, Layout::mono(Element::U8, 8, 0, 0), Evidence::Unproven);
        let owner = Owner::new(plan.blocks, plan.reserve, blank, Some(region));
        let service = Service::start(Arc::clone(&owner.bell)).map_err(PoolError::Thread)?;
        Ok(Self { service, owner, plan, holders: Mutex::new(Vec::new()) })
    }

    /// What it was made from.
    #[must_use]
    pub fn plan(&self) -> &RegionPlan {
        &self.plan
    }

    /// What its memory takes, and what had to be done without: 2 MiB pages, or the rescue of held frames.
    ///
    /// ```
    /// use frame_pool::{Pool, RegionPlan};
    /// let pool = Pool::new(RegionPlan::new(1024, 8, 2), 1 << 20)?;
    /// let memory = pool.memory();
    /// assert_eq!(memory.cost, pool.plan().cost());
    /// memory.notes.iter().for_each(|note| println!("{note}"));
    /// # Ok::<(), frame_pool::PoolError>(())
    /// ```
    #[must_use]
    pub fn memory(&self) -> RegionReport {
        let report = self.owner.region.as_ref().map(|region| region.report().clone());
        // A pool always has a region; a report of nothing serves the type alone.
        report.unwrap_or_else(|| RegionReport { cost: self.plan.cost(), huge_bytes: 0, notes: Vec::new() })
    }

    /// The ring as the SDK is to see it.
    #[must_use]
    pub fn ring(&self) -> RingMemory {
        let start = self.owner.region.as_ref().map_or(core::ptr::null_mut(), |r| r.ring_block(0));
        // A pool always has a region whose map is not null; the dangling address serves the type alone.
        RingMemory {
            ptr: NonNull::new(start).unwrap_or(NonNull::dangling()),
            bytes: self.plan.ring_bytes() as usize,
        }
    }

    /// Blocks held by readers. Exact when nothing moves.
    #[must_use]
    pub fn leased(&self) -> Leased {
        leased(&self.owner)
    }

    /// Lets a holder appear in [`Pool::holders`].
    pub fn register(&self, holder: &Holder) {
        self.holders.lock().push(holder.clone());
    }

    /// What each registered holder holds now, who holds most first: whom to look at when the ring is full.
    #[must_use]
    pub fn holders(&self) -> Vec<Holding> {
        let mut all: Vec<Holding> = self.holders.lock().iter().map(Holder::holding).collect();
        all.sort_by(|a, b| b.frames.cmp(&a.frames).then(b.oldest.map(|o| o.1).cmp(&a.oldest.map(|o| o.1))));
        all
    }

    /// Opens a stream on the ring, which the SDK must not be writing. The first bytes of each block are blanked, so that a tag
    /// left by an earlier run is never taken for evidence in this one.
    ///
    /// # Errors
    /// [`StreamError::LeasesOut`] while readers hold ring blocks that could not be moved into the reserve, [`StreamError::Busy`] while another stream runs,
    /// [`StreamError::NoUnlock`] if a locked stream comes without a way to unlock.
    pub fn open_stream(&self, plan: StreamPlan) -> Result<Arc<Stream>, StreamError> {
        if plan.mode == StreamMode::Locked && plan.unlock.is_none() {
            return Err(StreamError::NoUnlock);
        }
        let opened = self.service.attach(|| {
            let region = self.owner.region.as_ref();
            let guarded = region.map(|region| Guarded::new(&self.owner, region));
            let memory = guarded.as_ref().map(|guarded| guarded as &dyn Memory);
            self.owner.rearm(memory).map_err(|held| StreamError::LeasesOut { held })?;
            if let Some(region) = region {
                region.blank_heads();
            }
            // Raw frames of the run before learn that their slots are somebody else's.
            self.owner.run.fetch_add(1, Ordering::AcqRel);
            self.owner.clock.set(Duration::ZERO);
            Ok(Arc::new(Stream::new(self.owner.clone(), plan)))
        });
        let stream = opened.unwrap_or(Err(StreamError::Busy))?;
        stream.sink.attached(StreamEnder::new(&stream), stream.spares());
        Ok(stream)
    }

    /// Ends a stream: finishes the copies that wait (at most N - 2), closes the sink, and returns the final books.
    ///
    /// Call it after the SDK has stopped writing and its callbacks have drained. Leases stay valid.
    pub fn close_stream(&self, stream: &Arc<Stream>) -> Books {
        self.owner.clock.end();
        self.service.detach(stream);
        stream.close_sink();
        stream.books()
    }
}

impl Stream {
    /// How many frames readers may hold at once without the camera losing any: N - 2 + R of a ring in which they lie in place, N + R of a
    /// sequence, and R of a ring that is copied from, because the copies are all in the reserve.
    fn spares(&self) -> u32 {
        let (blocks, reserve) = (self.pool.ring.blocks(), self.pool.free.len());
        match self.mode {
            StreamMode::Frozen => blocks.saturating_add(reserve),
            StreamMode::Copied => reserve,
            _ => blocks.saturating_sub(2).saturating_add(reserve),
        }
    }

    /// Blocks of the stream's pool that readers hold, as [`Pool::leased`].
    #[must_use]
    pub fn leased(&self) -> Leased {
        leased(&self.pool)
    }
}

fn leased(shared: &Shared) -> Leased {
    Leased { ring: shared.held_blocks(), reserve: shared.free.len() - shared.free.free() }
}
