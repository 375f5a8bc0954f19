//! Random pictures, parts, orientations, sizes and memory: each pixel where a slow and plain model has it.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use frame_pool::{Element, Layout, Origin};
use frame_vcam::{ConvertError, Converter, Crop, Geometry, Level, Look, Orientation, PixelFormat, Scaling};
use proptest::prelude::*;
use support::{Grid, Memory, converted, cropped, oriented, packed, scaled};

fn value(seed: u32, x: u32, y: u32) -> u16 {
    let mixed = (seed ^ x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
    (mixed >> 13) as u16
}

fn grid(seed: u32, (width, height): (u32, u32), largest: u16) -> Grid {
    let row = |y| (0..width).map(|x| value(seed, x, y) & largest).collect();
    (0..height).map(row).collect()
}

fn memory(grid: &Grid, element: Element, (offset, padding): (u32, u32), origin: Origin) -> Memory {
    let bits = if element == Element::U8 { 8 } else { 16 };
    let mut layout =
        Layout::mono(element, bits, grid.len() as u32, grid[0].len() as u32).at_offset(offset * 2);
    layout.row_stride += padding * 2;
    layout.origin = origin;
    Memory::of(grid, layout)
}

/// A part of a picture of this size.
fn part((width, height): (u32, u32)) -> impl Strategy<Value = Option<Crop>> {
    let side = |size: u32| (0..size).prop_flat_map(move |first| (Just(first), 1..=size - first));
    let some = (side(width), side(height))
        .prop_map(|((column, width), (row, height))| Some(Crop { column, row, width, height }));
    prop_oneof![Just(None), some]
}

prop_compose! {
    fn pictures()(size in (1..90_u32, 1..70_u32))(
        part in part(size), size in Just(size), seed in any::<u32>(), byte in any::<bool>(),
        place in (0..5_u32, 0..5_u32), bottom_up in any::<bool>(),
    ) -> (Grid, Memory, Option<Crop>) {
        let element = if byte { Element::U8 } else { Element::U16 };
        let grid = grid(seed, size, if byte { 0xFF } else { 0xFFFF });
        let origin = if bottom_up { Origin::BottomLeft } else { Origin::TopLeft };
        let memory = memory(&grid, element, place, origin);
        (grid, memory, part)
    }
}

fn format() -> impl Strategy<Value = PixelFormat> {
    proptest::sample::select(PixelFormat::ALL.to_vec())
}

fn orientation() -> impl Strategy<Value = Orientation> {
    proptest::sample::select(Orientation::ALL.to_vec())
}

/// Without the odd column and row that the format has no place for.
fn even(grid: &Grid, format: PixelFormat) -> Grid {
    let (columns, rows) = format.multiples();
    let (width, height) = (grid[0].len() as u32 / columns * columns, grid.len() as u32 / rows * rows);
    grid[..height as usize].iter().map(|row| row[..width as usize].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn in_its_own_size((grid, memory, part) in pictures(), format in format(), orientation in orientation(), window in any::<(u16, u16)>()) {
        let (black, white) = (window.0.min(window.1).min(u16::MAX - 1), window.0.max(window.1).max(1));
        let level = Level::Manual { black: black.min(white - 1), white };
        let mut look = Look::new().level(level).orientation(orientation).scaling(Scaling::Down(1));
        look.crop = part;
        let expected = even(&oriented(&cropped(&grid, part), orientation), format);
        prop_assume!(!expected.is_empty() && !expected[0].is_empty());
        let target = look.geometry(&memory.layout, format).unwrap();
        prop_assert_eq!((target.width as usize, target.height as usize), (expected[0].len(), expected.len()));
        let (out, window) = converted(&memory, target, &look);
        prop_assert!(out == packed(&expected, window, target));
    }

    #[test]
    fn smaller_by_a_whole_factor((grid, memory, part) in pictures(), format in format(), orientation in orientation(), factor in 1..6_u32, room in (0..4_u32, 0..4_u32)) {
        let mut look = Look::new().level(Level::Full).orientation(orientation).scaling(Scaling::Down(factor));
        look.crop = part;
        let whole = oriented(&cropped(&grid, part), orientation);
        let Ok(least) = look.geometry(&memory.layout, format) else {
            let (columns, rows) = format.multiples();
            prop_assert!((whole[0].len() as u32) < factor * columns || (whole.len() as u32) < factor * rows);
            return Ok(());
        };
        let (width, height) = ((least.width * factor) as usize, (least.height * factor) as usize);
        let boxes: Grid = whole[..height].iter().map(|row| row[..width].to_vec()).collect();
        let expected = scaled(&boxes, least.width as usize, least.height as usize);
        let target = Geometry::new(least.width + 2 * room.0, least.height + 2 * room.1, format).unwrap();
        let (out, window) = converted(&memory, target, &look);
        prop_assert!(out == packed(&expected, window, target));
    }

    #[test]
    fn fitted_into_any_size((grid, memory, part) in pictures(), format in format(), orientation in orientation(), room in (1..60_u32, 1..60_u32)) {
        let mut look = Look::new().level(Level::Full).orientation(orientation);
        look.crop = part;
        let whole = even(&oriented(&cropped(&grid, part), orientation), format);
        prop_assume!(!whole.is_empty() && !whole[0].is_empty());
        let (columns, rows) = format.multiples();
        let target = Geometry::new(room.0 * columns, room.1 * rows, format).unwrap();
        let (w, h) = (whole[0].len() as u32, whole.len() as u32);
        // The larger of the sizes that fit and keep the proportion, down to what the format takes.
        let by_width = (target.width, h * target.width / w);
        let by_height = (w * target.height / h, target.height);
        let (width, height) = if by_width.1 <= target.height && target.width * h <= target.height * w { by_width } else { by_height };
        let (width, height) = ((width / columns * columns).max(columns), (height / rows * rows).max(rows));
        let (converter, factor) = (Converter::new(&memory.layout, target, &look), (w / width).max(h / height));
        if factor > 64 {
            let refused = matches!(converter, Err(ConvertError::Factor { .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let expected = scaled(&whole, width as usize, height as usize);
        let (out, window) = converted(&memory, target, &look);
        prop_assert!(out == packed(&expected, window, target));
    }
}

#[test]
fn the_model_sees_a_pixel_in_the_wrong_place() {
    let grid = grid(1, (40, 30), u16::MAX);
    let memory = memory(&grid, Element::U16, (0, 0), Origin::TopLeft);
    let look = |orientation| Look::new().level(Level::Full).orientation(orientation);
    let target = Geometry::new(30, 40, PixelFormat::Yuyv).unwrap();
    let (out, window) = converted(&memory, target, &look(Orientation::Clockwise));
    assert!(out == packed(&oriented(&grid, Orientation::Clockwise), window, target));
    assert!(out != packed(&oriented(&grid, Orientation::Transposed), window, target));
}
