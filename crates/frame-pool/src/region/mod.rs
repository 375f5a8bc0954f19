//! The memory: one sealed file in RAM, mapped writable for the SDK, writable for the copier, and read-only for readers.
//!
//! Rust code never makes a reference into the SDK's map and never writes through it; only the SDK does. Readers look
//! through windows: read-only maps, each covering every page its block touches, at addresses congruent to the block.

mod error;
mod file;
mod limits;
mod map;
mod plan;
mod repoint;
mod report;
mod windows;

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mm::{Advice, ProtFlags};

pub use error::RegionError;
use error::refused;
pub use limits::Limit;
pub(crate) use map::Space;
pub(crate) use plan::PAGE;
pub use plan::{HugePages, RegionCost, RegionPlan};
pub use report::{RegionNote, RegionReport};
use windows::Windows;

/// Bytes at the start of a block that hold what tells one frame from another.
const HEAD_BYTES: usize = 64;
/// Maps that the rest of the process is left when windows get a map each: without any, an allocation elsewhere fails.
const MAPS_FOR_OTHERS: u32 = 1024;

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
    windows: Windows,
    report: RegionReport,
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
        let file = file::sealed_file(cost.bytes)?;
        let ring = writable(&plan, &file, 0, plan.reserve_offset(), "mapping the ring")?;
        let reserve = if plan.reserve == 0 {
            None
        } else {
            let bytes = plan.file_bytes() - plan.reserve_offset();
            Some(writable(&plan, &file, plan.reserve_offset(), bytes, "mapping the reserve")?)
        };
        let (windows, note) = windows_as_possible(&plan, &file)?;
        let cost = plan.cost_with(windows.separate);
        let report = RegionReport { cost, huge_bytes: 0, notes: note.into_iter().collect() };
        let mut region = Self { plan, file, ring, reserve, windows, report };
        region.prefault();
        if let HugePages::Try { budget_ms } = plan.huge_pages {
            region.try_huge_pages(budget_ms);
        }
        Ok(region)
    }

    /// What it became.
    pub(crate) fn report(&self) -> &RegionReport {
        &self.report
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
        core::ptr::with_exposed_provenance(self.windows.data.get(window as usize).copied().unwrap_or(0))
    }

    /// Maps the ring's pages for the SDK. Refused: its first writes fault the pages in, as slowly as they would anyway.
    fn prefault(&mut self) {
        let ring = usize::try_from(self.plan.reserve_offset()).unwrap_or(0);
        // SAFETY: the range is our own map; populating fills page tables and changes no byte.
        let answer =
            unsafe { rustix::mm::madvise(self.ring.start().cast(), ring, Advice::LinuxPopulateWrite) };
        if let Err(errno) = answer {
            self.report.notes.push(RegionNote::NotPrefaulted { answer: errno.to_string() });
        }
    }

    /// Gives ring and reserve 2 MiB pages as far as time and system allow, and notes what is left. Small blocks are not laid out
    /// for them.
    fn try_huge_pages(&mut self, budget_ms: u32) {
        if self.plan.granule() != plan::HUGE_PAGE {
            return;
        }
        let (huge_bytes, stopped) = self.collapse(Duration::from_millis(budget_ms.into()));
        self.report.huge_bytes = huge_bytes;
        let small_bytes = self.plan.file_bytes() - huge_bytes;
        self.report.notes.extend(stopped.map(|by| match by {
            Stopped::Time => RegionNote::PageTime { budget_ms, small_bytes },
            Stopped::System(errno) => RegionNote::NoHugePages { answer: errno.to_string(), small_bytes },
        }));
    }

    /// Collapses piece by piece until the time is used up or the system refuses; says how many bytes it did.
    fn collapse(&self, budget: Duration) -> (u64, Option<Stopped>) {
        let until = Instant::now() + budget;
        let mut done = 0;
        let reserve = self.plan.file_bytes() - self.plan.reserve_offset();
        let spaces = [(Some(&self.ring), self.plan.reserve_offset()), (self.reserve.as_ref(), reserve)];
        for (space, bytes) in spaces.into_iter().filter_map(|(s, b)| s.map(|s| (s, b))) {
            let mut at = 0;
            while at + plan::HUGE_PAGE <= bytes {
                if Instant::now() >= until {
                    return (done, Some(Stopped::Time));
                }
                let start = space.start().wrapping_add(usize::try_from(at).unwrap_or(0));
                // SAFETY: the range lies inside our own map; collapsing pages keeps every byte and address.
                let answer =
                    unsafe { libc::madvise(start.cast(), plan::HUGE_PAGE as usize, libc::MADV_COLLAPSE) };
                if answer != 0 {
                    let errno = std::io::Error::last_os_error().raw_os_error();
                    // An old kernel, or no contiguous memory: small pages serve as well.
                    return (done, Some(Stopped::System(Errno::from_raw_os_error(errno.unwrap_or(0)))));
                }
                at += plan::HUGE_PAGE;
                done += plan::HUGE_PAGE;
            }
        }
        (done, None)
    }
}

/// What ended the search for huge pages.
enum Stopped {
    Time,
    System(Errno),
}

/// A writable map of a part of the file: the SDK's of the ring, the copier's of the reserve.
fn writable(
    plan: &RegionPlan,
    file: &OwnedFd,
    offset: u64,
    bytes: u64,
    step: &'static str,
) -> Result<Space, RegionError> {
    let space = Space::reserve(bytes, plan.granule()).map_err(refused("reserving addresses", bytes))?;
    let rw = ProtFlags::READ | ProtFlags::WRITE;
    space.place(0, bytes, rw, file, offset).map_err(refused(step, bytes))?;
    Ok(space)
}

/// Windows with a map each, if the plan is for that and the system has room; else all in one map, which takes fewer maps and
/// addresses. Then held frames cannot be moved out of the ring, and a note says so.
fn windows_as_possible(
    plan: &RegionPlan,
    file: &OwnedFd,
) -> Result<(Windows, Option<RegionNote>), RegionError> {
    let mut limit = None;
    if plan.separate_windows() {
        let maps = plan.cost().maps;
        let room = Limit::maps(maps);
        if room.forbids(u64::from(maps.saturating_add(MAPS_FOR_OTHERS))) {
            limit = Some(room);
        } else {
            match Windows::map(plan, file, true) {
                Ok(windows) => return Ok((windows, None)),
                Err(RegionError::Limited { limit: found, .. }) => limit = Some(*found),
                Err(why) if !why.is_shortage() => return Err(why),
                Err(_) => {}
            }
        }
    }
    let windows = Windows::map(plan, file, false)?;
    // Without a reserve nothing could be moved anyway.
    Ok((windows, (plan.reserve > 0).then_some(RegionNote::SharedWindows { limit })))
}

#[cfg(all(test, not(pool_loom)))]
mod tests;
