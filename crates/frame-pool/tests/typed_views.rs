//! Views of a picture: what fits is lent, what does not is refused for its reason, and nothing panics or reads elsewhere.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use frame_pool::{
    Colour, Element, Layout, MemoryOrder, Origin, Picture, RegionLayout, Sample, StreamMode, ViewError,
};
use proptest::prelude::*;
use support::{Rig, byte, check};

/// Small values, which fit a slot, beside any.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..40_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

fn layout() -> impl Strategy<Value = Layout> {
    let element = prop_oneof![Just(Element::U8), Just(Element::U16), Just(Element::U32)];
    let colour = prop_oneof![Just(Colour::Mono), Just(Colour::Rgb), Just(Colour::Bgra)];
    let order = prop_oneof![9 => Just(MemoryOrder::Linear), 1 => Just(MemoryOrder::Tiled { modifier: 1 })];
    let size = (number(), number(), number(), number());
    // Half of the strides are those of packed rows.
    let stride = any::<bool>();
    (element, colour, order, size, stride).prop_map(|(element, colour, order, size, packed)| {
        let (rows, columns, row_stride, offset) = size;
        let mut layout = Layout::mono(element, 8, rows, columns).at_offset(offset);
        (layout.colour, layout.order, layout.origin) = (colour, order, Origin::BottomLeft);
        layout.row_stride =
            if packed { u32::try_from(layout.row_bytes()).unwrap_or(row_stride) } else { row_stride };
        layout
    })
}

/// What a view of `layout` must come to, by exact arithmetic: its first rows (a slot of 3000 bytes may have 2^32 empty ones).
fn expected(
    layout: &Layout,
    slot: &[u8],
    asked: Element,
) -> Result<Vec<std::ops::Range<usize>>, &'static str> {
    let row_bytes =
        u128::from(layout.columns) * u128::from(layout.colour.elements() * layout.element.bytes());
    let (rows, stride) = (u128::from(layout.rows), u128::from(layout.row_stride));
    if layout.order != MemoryOrder::Linear {
        return Err("tiled");
    }
    if layout.element != asked {
        return Err("element");
    }
    if rows > 1 && stride < row_bytes {
        return Err("overlapping");
    }
    let last = if rows == 0 { 0 } else { (rows - 1) * stride + row_bytes };
    if u128::from(layout.offset) + last > slot.len() as u128 {
        return Err("slot");
    }
    let starts = (0..rows.min(3001)).map(|r| u128::from(layout.offset) + r * stride);
    let ranges: Vec<_> = starts.map(|s| s as usize..(s + row_bytes) as usize).collect();
    let align = asked.bytes() as usize;
    if ranges.iter().any(|r| !(slot.as_ptr().addr() + r.start).is_multiple_of(align)) {
        return Err("misaligned");
    }
    Ok(ranges)
}

fn name(error: ViewError) -> &'static str {
    match error {
        ViewError::NotLinear { .. } => "tiled",
        ViewError::Element { .. } => "element",
        ViewError::Overlapping { .. } => "overlapping",
        ViewError::OutOfSlot { .. } => "slot",
        ViewError::Misaligned { .. } => "misaligned",
        ViewError::Padded { .. } => "padded",
        ViewError::NoSuchRow { .. } => "no such row",
        _ => "unknown",
    }
}

/// All views of one element type against the arithmetic.
fn views<T: Sample>(picture: &Picture<'_>) {
    let (layout, slot) = (picture.layout(), picture.slot_bytes());
    let right = expected(layout, slot, T::ELEMENT);
    let place = |row: &[T]| (row.as_ptr().addr(), size_of_val(row));
    let at = |r: &std::ops::Range<usize>| (slot.as_ptr().addr() + r.start, r.len());
    match (picture.rows::<T>(), &right) {
        (Ok(rows), Ok(ranges)) => {
            assert_eq!(rows.len(), layout.rows as usize);
            for ((row, range), index) in rows.zip(ranges).zip(0..) {
                assert_eq!(place(row), at(range));
                assert_eq!(place(picture.row::<T>(index).unwrap()), at(range));
            }
        }
        (Err(error), Err(why)) => assert_eq!(name(error), *why, "{error}"),
        // Of no rows none is misaligned; their place may lie outside all the same.
        (Ok(rows), Err(why)) => assert_eq!((rows.len(), *why), (0, "slot")),
        (Err(error), Ok(_)) => panic!("refused without a reason: {error}"),
    }
    let beyond = picture.row::<T>(layout.rows);
    assert!(matches!(beyond.map_err(name), Err("no such row" | "tiled" | "element" | "overlapping")));
    match (picture.pixels::<T>().map_err(name), right) {
        (Ok(pixels), Ok(ranges)) => {
            assert_eq!(size_of_val(pixels), ranges.iter().map(ExactSizeIterator::len).sum::<usize>());
            assert!(ranges.first().is_none_or(|first| place(pixels).0 == at(first).0));
        }
        (Err(why), Err(expected)) => assert!(why == expected || why == "padded", "{why}, not {expected}"),
        (Err(why), Ok(ranges)) => {
            let padded = u64::from(layout.row_stride) != layout.row_bytes() && ranges.len() > 1;
            // A picture without rows is an empty slice at its offset, and that must be aligned as well.
            assert!(if padded { why == "padded" } else { why == "misaligned" && ranges.is_empty() }, "{why}");
        }
        (Ok(_), Err(why)) => panic!("lent in spite of: {why}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_layout_is_viewed_rightly_or_refused_for_its_reason(
        layout in layout(), slot in prop::collection::vec(any::<u8>(), 0..3000), shift in 0..4_usize,
    ) {
        let picture = Picture::new(slot.get(shift..).unwrap_or(&[]), layout);
        views::<u8>(&picture);
        views::<u16>(&picture);
        views::<u32>(&picture);
        let _ = picture.bytes().map(<[u8]>::len);
    }
}

#[test]
fn each_refusal_names_its_numbers() {
    // Words, so that the slot's address is even.
    let words = [0_u32; 16];
    let slot: &[u8] = bytemuck::cast_slice(&words);
    let good = Layout::mono(Element::U16, 12, 4, 5);
    let refused = |change: &dyn Fn(&mut Layout)| {
        let mut layout = good;
        change(&mut layout);
        Picture::new(slot, layout).rows::<u16>().err()
    };
    assert_eq!(refused(&|_| ()), None, "the control: nothing is wrong with it");
    assert_eq!(refused(&|l| l.offset = 1), Some(ViewError::Misaligned { align: 2 }));
    assert_eq!(refused(&|l| l.row_stride = 11), Some(ViewError::Misaligned { align: 2 }));
    assert_eq!(refused(&|l| l.row_stride = 8), Some(ViewError::Overlapping { row_stride: 8, row_bytes: 10 }));
    assert_eq!(refused(&|l| l.offset = 26), Some(ViewError::OutOfSlot { end: 66, slot: 64 }));
    let element = ViewError::Element { actual: Element::U8, asked: Element::U16 };
    assert_eq!(refused(&|l| l.element = Element::U8), Some(element));
    assert!(matches!(
        refused(&|l| l.order = MemoryOrder::Tiled { modifier: 7 }),
        Some(ViewError::NotLinear { .. })
    ));
    let mut padded = good;
    padded.row_stride = 12;
    let whole = Picture::new(slot, padded).pixels::<u16>();
    assert_eq!(whole.err(), Some(ViewError::Padded { row_stride: 12, row_bytes: 10 }));
}

/// Two regions with headers of 30 bytes, as a camera that writes them into the slot would.
fn two_regions() -> [RegionLayout; 2] {
    let first = Layout::mono(Element::U16, 16, 3, 40).at_offset(30);
    let second = Layout::mono(Element::U16, 16, 20, 7).at_offset(first.end() as u32 + 30);
    [RegionLayout::new(first, 100, 200), RegionLayout::new(second, 5, 6).binned(2, 4)]
}

#[test]
fn the_regions_of_a_frame_are_viewed_each_for_itself() {
    let mut rig = Rig::new(StreamMode::Locked, 3000, 3, 0);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    let table = two_regions();
    let sample = |at: u32| u16::from_le_bytes([byte(1, at as usize), byte(1, at as usize + 1)]);
    let views: Vec<_> = lease.regions(&table).collect();
    assert_eq!(views.len(), 2);
    assert_eq!((views[0].origin(), views[0].binning()), ((100, 200), (1, 1)));
    assert_eq!((views[1].origin(), views[1].binning()), ((5, 6), (2, 4)));
    for (view, region) in views.iter().zip(&table) {
        let layout = region.layout;
        let pixels = view.pixels::<u16>().unwrap();
        assert_eq!(pixels.len(), (layout.rows * layout.columns) as usize);
        for row in 0..layout.rows {
            let at = layout.offset + row * layout.row_stride;
            assert_eq!(view.row::<u16>(row).unwrap()[3], sample(at + 6));
        }
    }
    // On demand, and past the slot: the error is that region's alone.
    let wild = RegionLayout::new(Layout::mono(Element::U16, 16, 2000, 1), 0, 0);
    let found: Vec<_> = lease.regions([table[0], wild]).map(|view| view.bytes().is_ok()).collect();
    assert_eq!(found, [true, false]);
    // A view lives as long as the lease, not as the table.
    let kept = lease.regions([table[1]]).next().unwrap();
    assert_eq!(kept.slot_bytes().as_ptr(), lease.slot_bytes().as_ptr());
}

#[test]
fn an_owned_frame_is_the_frame_and_holds_no_slot() {
    for block_bytes in [3000, 3001, 70_003] {
        let mut rig = Rig::new(StreamMode::Locked, block_bytes, 3, 0);
        assert!(rig.frame());
        let lease = rig.tray.take().unwrap();
        let owned = lease.to_owned_frame().unwrap();
        assert_eq!((owned.record(), owned.layout()), (lease.record(), lease.layout()));
        assert_eq!(owned.slot_bytes(), lease.slot_bytes());
        assert_ne!(owned.slot_bytes().as_ptr(), lease.slot_bytes().as_ptr());
        drop(lease);
        rig.stream.retire();
        assert_eq!(rig.pool.leased().ring, 0);
        // The camera goes round: what is owned stays.
        let before: Vec<u16> = owned.pixels::<u16>().unwrap().to_vec();
        for _ in 0..9 {
            assert!(rig.frame());
            check(&rig.tray.take().unwrap());
        }
        assert_eq!(owned.pixels::<u16>().unwrap(), before);
        assert_eq!(owned.rows::<u16>().unwrap().next().unwrap(), owned.row::<u16>(0).unwrap());
        let views: Vec<_> = owned.regions(&two_regions()).map(|v| v.pixels::<u16>().unwrap().len()).collect();
        assert_eq!(views, [120, 140]);
        assert_eq!((owned.as_ref().len(), owned.bytes().unwrap().len()), (block_bytes, before.len() * 2));
    }
}

#[test]
fn a_frame_that_was_written_over_is_not_owned_as_good() {
    let mut rig = Rig::new(StreamMode::Locked, 4096, 3, 0);
    assert!(rig.frame());
    let lease = rig.tray.take().unwrap();
    assert!(lease.to_owned_frame().is_ok());
    // A ring that does not honour locks.
    support::fill_block(&rig.pool, 0, 4);
    assert!(lease.to_owned_frame().is_err());
}

#[test]
fn the_pages_of_a_pin_hold_the_slot_and_can_be_transferred_whole() {
    let mut rig = Rig::new(StreamMode::Locked, 5001, 4, 1);
    while rig.frame() {}
    let file = rustix::fs::memfd_create("transfer", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let mut places = Vec::new();
    for _ in 0..4 {
        let pin = rig.tray.take().unwrap().pin().unwrap();
        let (pages, slot) = (pin.pages(), pin.lease().slot_bytes());
        assert_eq!((pages.start.addr() % 4096, pages.bytes % 4096), (0, 0));
        assert_eq!(pages.start.wrapping_add(pages.slot_at), slot.as_ptr());
        assert!(pages.slot_at < 4096 && pages.bytes - pages.slot_at - slot.len() < 4096);
        // SAFETY: pwrite reads mapped pages (the pin lives), or says EFAULT; nothing of ours is written.
        let written = unsafe {
            libc::pwrite(std::os::fd::AsRawFd::as_raw_fd(&file), pages.start.cast(), pages.bytes, 0)
        };
        assert_eq!(usize::try_from(written), Ok(pages.bytes));
        let mut copy = vec![0; slot.len()];
        rustix::io::pread(&file, &mut copy, pages.slot_at as u64).unwrap();
        assert_eq!(copy, slot);
        places.push(pages.slot_at);
    }
    assert_eq!(places, [0, 905, 1810, 2715], "slots of odd sizes begin inside pages");
}
