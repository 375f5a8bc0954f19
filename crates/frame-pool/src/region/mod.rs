//! The memory: one sealed file in RAM, mapped writable for the SDK, writable for the copier, and read-only for readers.
//!
//! Rust code never makes a reference into the SDK's map and never writes through it; only the SDK does. Readers look
//! through windows: read-only maps, each covering every page its block touches, at addresses congruent to the block.

mod map;
mod plan;
mod repoint;

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::mm::{Advice, ProtFlags};

pub(crate) use map::Space;
pub(crate) use plan::PAGE;
use plan::round_up;
pub use plan::{HugePages, RegionCost, RegionPlan};

/// Bytes at the start of a block that hold what tells one frame from another.
const HEAD_BYTES: usize = 64;

/// Why a region could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// The plan asks for nothing.
    #[error(
        "a region needs at least 1 block of at least 1 byte; asked: {blocks} blocks of {block_bytes} bytes"
    )]
    Empty {
        /// Blocks asked for.
        blocks: u32,
        /// Bytes of a block asked for.
        block_bytes: usize,
    },
    /// The plan takes more memory than allowed.
    #[error(
        "the region needs {needed} bytes, the budget is {budget}: use fewer slots, a smaller region or a larger budget"
    )]
    OverBudget {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        budget: u64,
    },
    /// The system refused a step.
    #[error("{step} of {bytes} bytes failed: {source}. {cure}")]
    System {
        /// What was tried.
        step: &'static str,
        /// How many bytes it was about.
        bytes: u64,
        /// What to do about it.
        cure: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// The memory of one pool.
#[derive(Debug)]
pub(crate) struct Region {
    plan: RegionPlan,
    /// The file stays open: windows are repointed onto other parts of it.
    file: OwnedFd,
    /// The SDK's writable map of the ring.
    ring: Space,
    /// The copier's writable map of the reserve (none without a reserve).
    reserve: Option<Space>,
    /// The readers' windows.
    windows: Space,
    /// First data byte of each window.
    data: Box<[usize]>,
}

impl Region {
    /// Allocates, prefaults, seals and maps. Everything is allocated here; nothing later.
    pub(crate) fn new(plan: RegionPlan, budget: u64) -> Result<Self, RegionError> {
        if plan.blocks == 0 || plan.block_bytes == 0 {
            return Err(RegionError::Empty { blocks: plan.blocks, block_bytes: plan.block_bytes });
        }
        let cost = plan.cost();
        if cost.bytes > budget {
            return Err(RegionError::OverBudget { needed: cost.bytes, budget });
        }
        let file = sealed_file(cost.bytes)?;
        let ring_bytes = plan.reserve_offset();
        let rw = ProtFlags::READ | ProtFlags::WRITE;
        let ring =
            Space::reserve(ring_bytes, plan.granule()).map_err(system("reserving addresses", ring_bytes))?;
        ring.place(0, ring_bytes, rw, &file, 0).map_err(system("mapping the ring", ring_bytes))?;
        let reserve = if plan.reserve == 0 {
            None
        } else {
            let bytes = plan.file_bytes() - plan.reserve_offset();
            let space =
                Space::reserve(bytes, plan.granule()).map_err(system("reserving addresses", bytes))?;
            space
                .place(0, bytes, rw, &file, plan.reserve_offset())
                .map_err(system("mapping the reserve", bytes))?;
            Some(space)
        };
        let (windows, data) = map_windows(&plan, &file)?;
        let region = Self { plan, file, ring, reserve, windows, data };
        region.advise();
        Ok(region)
    }

    /// What it was made from.
    pub(crate) fn plan(&self) -> &RegionPlan {
        &self.plan
    }

    /// The SDK's map of ring block `block`: for the SDK, for raw volatile reads, and for the copier's source.
    pub(crate) fn ring_block(&self, block: u32) -> *mut u8 {
        self.ring.start().wrapping_add(block.min(self.plan.blocks) as usize * self.plan.block_bytes)
    }

    /// Blanks the first bytes of each ring block, where cameras write the frame's number.
    pub(crate) fn blank_heads(&self) {
        for block in 0..self.plan.blocks {
            for at in 0..HEAD_BYTES.min(self.plan.block_bytes) {
                // SAFETY: inside the block and so inside the ring's map. No window onto a ring block is leased when a stream is opened,
                // so nobody has a reference to these bytes; raw, because the SDK knows the map as well.
                unsafe { self.ring_block(block).add(at).write_volatile(0) };
            }
        }
    }

    /// The copier's map of reserve block `index`, where window `blocks + index` looks; null without such a block.
    pub(crate) fn reserve_block(&self, index: u32) -> *mut u8 {
        match &self.reserve {
            Some(space) if index < self.plan.reserve => {
                let at = u64::from(index) * self.plan.reserve_stride();
                space.start().wrapping_add(usize::try_from(at).unwrap_or(0))
            }
            _ => core::ptr::null_mut(),
        }
    }

    /// Where a copy into reserve block `index` must begin, so that a window whose data is at `address` shows it: the block, at
    /// the window's own place inside a granule.
    pub(crate) fn reserve_target(&self, index: u32, address: *const u8) -> *mut u8 {
        let block = self.reserve_block(index);
        if block.is_null() { block } else { block.wrapping_add(self.inside_granule(address)) }
    }

    /// How far into its granule an address lies.
    fn inside_granule(&self, address: *const u8) -> usize {
        // A granule is at most 2 MiB.
        address.addr() % usize::try_from(self.plan.granule()).unwrap_or(1)
    }

    /// First data byte of window `window`, as readers see it.
    pub(crate) fn window_data(&self, window: u32) -> *const u8 {
        core::ptr::with_exposed_provenance(self.data.get(window as usize).copied().unwrap_or(0))
    }

    /// Advice that costs nothing if refused: not inherited by fork (a child's copy of a lease would tear), huge pages.
    fn advise(&self) {
        let whole =
            [(self.ring.start(), self.plan.reserve_offset()), (self.windows.start(), self.windows_bytes())];
        for (start, bytes) in whole {
            let bytes = usize::try_from(bytes).unwrap_or(0);
            // SAFETY: the range is ours and mapped; this advice changes no byte and no address.
            let _ = unsafe { rustix::mm::madvise(start.cast(), bytes, Advice::LinuxDontFork) };
        }
        let ring = usize::try_from(self.plan.reserve_offset()).unwrap_or(0);
        // SAFETY: the range is our own map; populating fills page tables and changes no byte. Refused: the SDK's first writes
        // fault the pages in, as slowly as they would anyway.
        let _ = unsafe { rustix::mm::madvise(self.ring.start().cast(), ring, Advice::LinuxPopulateWrite) };
        if let HugePages::Try { budget_ms } = self.plan.huge_pages {
            self.collapse(Duration::from_millis(u64::from(budget_ms)));
        }
    }

    fn windows_bytes(&self) -> u64 {
        windows_span(&self.plan)
    }

    /// Gives the ring and reserve 2 MiB pages, piece by piece, until the time is used up.
    fn collapse(&self, budget: Duration) {
        let until = Instant::now() + budget;
        let reserve = self.plan.file_bytes() - self.plan.reserve_offset();
        let spaces = [(Some(&self.ring), self.plan.reserve_offset()), (self.reserve.as_ref(), reserve)];
        for (space, bytes) in spaces.into_iter().filter_map(|(s, b)| s.map(|s| (s, b))) {
            let mut at = 0;
            while at + plan::HUGE_PAGE <= bytes && self.plan.granule() == plan::HUGE_PAGE {
                if Instant::now() >= until {
                    return;
                }
                let start = space.start().wrapping_add(usize::try_from(at).unwrap_or(0));
                // SAFETY: the range lies inside our own map; collapsing pages keeps every byte and address.
                let answer =
                    unsafe { libc::madvise(start.cast(), plan::HUGE_PAGE as usize, libc::MADV_COLLAPSE) };
                if answer != 0 {
                    return; // an old kernel or no contiguous memory: small pages serve as well
                }
                at += plan::HUGE_PAGE;
            }
        }
    }
}

fn system(step: &'static str, bytes: u64) -> impl Fn(rustix::io::Errno) -> RegionError {
    move |errno| {
        let cure = match errno {
            rustix::io::Errno::NOMEM => {
                "Free memory, ask for a smaller ring, or raise vm.max_map_count if the process has very many maps."
            }
            rustix::io::Errno::NOSPC => {
                "There is not enough memory for the ring: ask for fewer slots or a smaller region."
            }
            rustix::io::Errno::MFILE | rustix::io::Errno::NFILE => {
                "Raise the limit of open files (ulimit -n)."
            }
            rustix::io::Errno::PERM | rustix::io::Errno::NOSYS => {
                "The system does not allow memfd_create or mapping (a sandbox?): allow these calls."
            }
            _ => "See the system's answer.",
        };
        RegionError::System { step, bytes, cure, source: errno.into() }
    }
}

/// A file in RAM of fixed size. Allocated at once, so that memory that is missing is an error here and not a signal later;
/// sealed, so that nobody can shrink it under a reader.
fn sealed_file(bytes: u64) -> Result<OwnedFd, RegionError> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = rustix::fs::memfd_create("frame-pool", flags).map_err(system("memfd_create", bytes))?;
    rustix::fs::ftruncate(&file, bytes).map_err(system("sizing the memory file", bytes))?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes).map_err(system("allocating", bytes))?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).map_err(system("sealing the memory file", bytes))?;
    Ok(file)
}

/// Addresses from one window's slot to the next: its pages, room for any congruence, and a guard.
fn window_stride(plan: &RegionPlan) -> u64 {
    round_up(plan.block_bytes as u64 + 2 * PAGE, plan.granule()).saturating_add(2 * plan.granule())
}

fn windows_span(plan: &RegionPlan) -> u64 {
    if plan.separate_windows() {
        window_stride(plan).saturating_mul(u64::from(plan.blocks) + u64::from(plan.reserve))
    } else {
        plan.file_bytes()
    }
}

/// Maps the windows read-only and says where each one's data begins.
fn map_windows(plan: &RegionPlan, file: &OwnedFd) -> Result<(Space, Box<[usize]>), RegionError> {
    let span = windows_span(plan);
    let space = Space::reserve(span, plan.granule()).map_err(system("reserving addresses", span))?;
    let count = plan.blocks.saturating_add(plan.reserve);
    let mut data = Vec::with_capacity(count as usize);
    if !plan.separate_windows() {
        let bytes = round_up(plan.file_bytes(), PAGE);
        let base =
            space.place(0, bytes, ProtFlags::READ, file, 0).map_err(system("mapping the windows", bytes))?;
        let base = base.expose_provenance();
        data.extend((0..count).map(|w| base + usize::try_from(plan.block_offset(w)).unwrap_or(0)));
        return Ok((space, data.into_boxed_slice()));
    }
    for window in 0..count {
        let data_at = place_window(&space, plan, file, window, plan.block_offset(window));
        data.push(data_at.map_err(system("mapping a window", plan.block_bytes as u64))?);
    }
    Ok((space, data.into_boxed_slice()))
}

/// Maps every page of the block whose data begins at `offset` of the file into window `window`'s addresses, congruent to the
/// offset, and returns the address of the data.
fn place_window(
    space: &Space,
    plan: &RegionPlan,
    file: &OwnedFd,
    window: u32,
    offset: u64,
) -> rustix::io::Result<usize> {
    let first_page = offset & !(PAGE - 1);
    let bytes = round_up(offset + plan.block_bytes as u64, PAGE) - first_page;
    let at = u64::from(window) * window_stride(plan) + first_page % plan.granule();
    let base = space.place(at, bytes, ProtFlags::READ, file, first_page)?;
    // A forked child's copy of a lease would tear when the parent's camera writes on.
    // SAFETY: the range was mapped just now; this advice changes no byte and no address.
    let _ = unsafe { rustix::mm::madvise(base.cast(), bytes as usize, Advice::LinuxDontFork) };
    Ok(base.expose_provenance() + (offset - first_page) as usize)
}
