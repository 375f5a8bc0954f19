//! All 65,536 grey values in each format, pixel by pixel as the documentation says, and as near to the truth as it promises.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use frame_vcam::{Geometry, Level, Look, PixelFormat, Window};
use support::{Grid, Memory, converted, mono, packed};

/// All values, and some more, in rows of 150: they end within a vector.
fn all_values() -> Grid {
    let values: Vec<u16> = (0..=u16::MAX).chain(0..164).collect();
    values.chunks_exact(150).map(<[u16]>::to_vec).collect()
}

/// Windows of every kind of width, from one value to all.
const WINDOWS: [(u16, u16); 12] = [
    (0, 65_535),
    (0, 1),
    (65_534, 65_535),
    (0, 255),
    (0, 4095),
    (100, 4095),
    (628, 4000),
    (1, 32_768),
    (0, 32_768),
    (32_767, 65_535),
    (90, 2153),
    (20_000, 20_037),
];

fn shown(grid: &Grid, format: PixelFormat, (black, white): (u16, u16)) -> (Vec<u8>, Geometry, Window) {
    let (width, height) = (grid[0].len() as u32, grid.len() as u32);
    let target = Geometry::new(width, height, format).unwrap();
    let look = Look::new().level(Level::Manual { black, white });
    let (out, window) = converted(&mono(grid, 16), target, &look);
    assert_eq!((window.black(), window.white()), (black, white));
    (out, target, window)
}

#[test]
fn every_value_in_every_format_is_what_the_formula_says() {
    let grid = all_values();
    let mut seen = vec![false; 65_536];
    grid.iter().flatten().for_each(|&value| seen[usize::from(value)] = true);
    assert!(seen.iter().all(|&seen| seen), "the picture has all values");
    for format in PixelFormat::ALL {
        for ends in WINDOWS.into_iter().step_by(2) {
            let (out, target, window) = shown(&grid, format, ends);
            assert!(out == packed(&grid, window, target), "{format}, window {window}");
        }
    }
}

#[test]
fn the_formula_is_the_true_value_rounded_within_what_is_promised() {
    let grid = all_values();
    for (black, white) in WINDOWS {
        let share =
            |value: u16| (f64::from(value.clamp(black, white)) - f64::from(black)) / f64::from(white - black);
        let values = || grid.iter().flatten().copied();
        let (grey, ..) = shown(&grid, PixelFormat::Grey, (black, white));
        for (value, &out) in values().zip(&grey) {
            assert!((f64::from(out) - 255.0 * share(value)).abs() < 0.5 + 1.0 / 128.0, "{value}: {out}");
        }
        let (yuyv, ..) = shown(&grid, PixelFormat::Yuyv, (black, white));
        for (value, pixel) in values().zip(yuyv.chunks_exact(2)) {
            assert!((f64::from(pixel[0]) - 16.0 - 219.0 * share(value)).abs() < 0.5 + 1.0 / 128.0);
            assert!(share(value) > 0.0 || pixel == [16, 128]);
            assert!(share(value) < 1.0 || pixel == [235, 128]);
        }
        let (y16, ..) = shown(&grid, PixelFormat::Y16, (black, white));
        for (value, out) in values().zip(y16.chunks_exact(2)) {
            let out = f64::from(u16::from_le_bytes([out[0], out[1]]));
            assert!((out - 65_535.0 * share(value)).abs() < 1.0, "{value}: {out}");
            assert!(share(value) < 1.0 || out == 65_535.0);
        }
    }
    // The control: half a percent less of brightness would be seen.
    let (out, ..) = shown(&grid, PixelFormat::Grey, (0, 65_535));
    let brightest = f64::from(*out.iter().max().unwrap());
    assert!((brightest - 0.995 * 255.0).abs() > 0.5 + 1.0 / 128.0);
}

#[test]
fn elements_of_8_bits_are_the_same_values() {
    let grid: Grid = vec![(0..=255).collect(), (0..=255).rev().collect()];
    let layout = frame_pool::Layout::mono(frame_pool::Element::U8, 8, 2, 256);
    for format in PixelFormat::ALL {
        let target = Geometry::new(256, 2, format).unwrap();
        let (out, window) = converted(&Memory::of(&grid, layout), target, &Look::new().level(Level::Full));
        assert_eq!((window.black(), window.white()), (0, 255));
        assert_eq!(out, packed(&grid, window, target), "{format}");
    }
}

#[test]
fn full_is_the_largest_value_of_the_bit_depth() {
    for (bits, white) in [(8, 255), (10, 1023), (12, 4095), (14, 16_383), (16, 65_535)] {
        let target = Geometry::new(2, 2, PixelFormat::Grey).unwrap();
        let (out, _) =
            converted(&mono(&vec![vec![0, white]; 2], bits), target, &Look::new().level(Level::Full));
        assert_eq!(out, [0, 255, 0, 255]);
    }
}
