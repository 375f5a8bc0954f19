//! What a region takes is what its plan said, counted where the system counts it.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use super::*;
use crate::keeper::Memory;
use crate::slot::Slot;

/// Maps of this process that lie in any of the region's spaces, as the system lists them. A line that covers two spaces' guards
/// counts for each.
fn maps_listed(region: &Region) -> usize {
    let spaces = [Some(&region.ring), region.reserve.as_ref(), Some(&region.windows.space)];
    let listed = std::fs::read_to_string("/proc/self/maps").unwrap();
    let in_space = |space: &Space| {
        let own = space.addresses();
        let ranges = listed.lines().filter_map(|line| line.split(' ').next()?.split_once('-'));
        let hex = |text: &str| usize::from_str_radix(text, 16).unwrap();
        ranges.filter(|(from, to)| hex(from) < own.end && hex(to) > own.start).count()
    };
    spaces.into_iter().flatten().map(in_space).sum()
}

/// The list is read in pieces, and other tests map and unmap next door meanwhile: what one reading counts twice another one
/// does not.
fn assert_maps(region: &Region, expected: u32) {
    let counts: Vec<usize> = (0..20).map(|_| maps_listed(region)).collect();
    assert!(counts.contains(&(expected as usize)), "{expected} were planned, {counts:?} are there");
}

fn addresses(region: &Region) -> u64 {
    let spaces = [Some(&region.ring), region.reserve.as_ref(), Some(&region.windows.space)];
    spaces.into_iter().flatten().map(|space| space.addresses().len() as u64).sum()
}

fn plan(block_bytes: usize, blocks: u32, reserve: u32) -> RegionPlan {
    RegionPlan { huge_pages: HugePages::No, ..RegionPlan::new(block_bytes, blocks, reserve) }
}

#[test]
fn bytes_maps_and_addresses_are_exactly_as_planned() {
    let shapes =
        [(1, 1, 0), (4096, 8, 0), (4096, 8, 3), (5000, 31, 5), (100_001, 7, 1), ((1 << 20) + 160, 5, 4)];
    for (block_bytes, blocks, reserve) in shapes {
        let plan = plan(block_bytes, blocks, reserve);
        let region = Region::new(plan, 1 << 30).unwrap();
        let cost = plan.cost();
        assert_eq!((region.report().cost, &region.report().notes[..]), (cost, &[][..]), "{plan:?}");
        assert_maps(&region, cost.maps);
        assert_eq!(addresses(&region), cost.addresses, "{plan:?}");
        let blocks_of_512 = rustix::fs::fstat(&region.file).unwrap().st_blocks;
        assert_eq!(blocks_of_512 as u64 * 512, cost.bytes, "{plan:?}");
    }
}

#[test]
fn windows_that_share_a_map_are_counted_as_well() {
    let plan = plan(600, 4000, 200);
    let region = Region::new(plan, 1 << 30).unwrap();
    assert!(!region.can_repoint() && !region.windows.separate);
    assert_eq!(region.report().notes, [RegionNote::SharedWindows { limit: None }]);
    assert_eq!(plan.cost().maps, 9);
    assert_maps(&region, 9);
    assert_eq!(addresses(&region), plan.cost().addresses);
}

#[test]
fn moving_frames_takes_no_further_map() {
    for block_bytes in [5000, (1 << 20) + 160] {
        let plan = plan(block_bytes, 6, 3);
        let region = Region::new(plan, 1 << 30).unwrap();
        let slots: Vec<Slot> = (0..9)
            .map(|w| {
                Slot::new(
                    w,
                    crate::record::Record::new(
                        0,
                        crate::layout::Layout::mono(crate::layout::Element::U8, 8, 0, 0),
                        crate::record::Evidence::Locked,
                    ),
                )
            })
            .collect();
        slots.iter().for_each(|slot| slot.set_address(region.window_data(slot.window)));
        // As the keeper does it: the held window onto a reserve block, that block's window onto the ring block.
        for (held, reserve) in [(1, 0), (4, 1), (5, 2)] {
            region.repoint_leased(&slots[held], reserve).unwrap();
            region.repoint_idle(&slots[6 + reserve as usize], held as u32).unwrap();
            assert_maps(&region, plan.cost().maps);
        }
    }
}

#[test]
fn huge_pages_are_had_or_noted() {
    let mut plan = plan(2 << 20, 4, 1);
    plan.huge_pages = HugePages::Try { budget_ms: 0 };
    let region = Region::new(plan, 1 << 30).unwrap();
    let small_bytes = plan.cost().bytes;
    assert_eq!(region.report().notes, [RegionNote::PageTime { budget_ms: 0, small_bytes }]);
    assert_eq!(region.report().huge_bytes, 0);
    plan.huge_pages = HugePages::Try { budget_ms: 60_000 };
    let region = Region::new(plan, 1 << 30).unwrap();
    let report = region.report();
    match &report.notes[..] {
        [] => assert_eq!(report.huge_bytes, small_bytes),
        [RegionNote::NoHugePages { small_bytes: left, .. }] => {
            assert_eq!(report.huge_bytes + left, small_bytes);
        }
        other => assert!(other.is_empty(), "{other:?}"),
    }
    // Small blocks are not laid out for huge pages: nothing was hoped for, nothing is noted.
    let small = RegionPlan { block_bytes: 4096, ..plan };
    assert_eq!(Region::new(small, 1 << 30).unwrap().report().notes, []);
}
