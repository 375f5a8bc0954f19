//! What a converted frame must be, written down as plainly and as slowly as it can be said, pixel by pixel.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: each file uses its own part, and a failed step is a failed test"
)]

use frame_pool::{Element, Layout, Origin, Picture};
use frame_vcam::{Converter, Crop, Geometry, Look, Orientation, PixelFormat, Window};

/// Grey values by row and column, top row first.
pub type Grid = Vec<Vec<u16>>;

/// A picture in memory: with bytes before it, between its rows, and either row first.
#[derive(Debug)]
pub struct Memory {
    words: Vec<u16>,
    pub layout: Layout,
}

impl Memory {
    pub fn of(grid: &Grid, layout: Layout) -> Self {
        let mut bytes = vec![0xA5_u8; layout.end() as usize + 7];
        for (y, line) in grid.iter().enumerate() {
            let row = match layout.origin {
                Origin::TopLeft => y,
                Origin::BottomLeft => grid.len() - 1 - y,
            };
            for (x, &value) in line.iter().enumerate() {
                let at = layout.offset as usize + row * layout.row_stride as usize;
                match layout.element {
                    Element::U8 => bytes[at + x] = value as u8,
                    _ => bytes[at + 2 * x..][..2].copy_from_slice(&value.to_ne_bytes()),
                }
            }
        }
        // In words, so that the first byte lies as a frame's does.
        let mut words = vec![0_u16; bytes.len().div_ceil(2)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(&bytes);
        Self { words, layout }
    }

    pub fn picture(&self) -> Picture<'_> {
        Picture::new(bytemuck::cast_slice(&self.words), self.layout)
    }
}

/// A packed picture of 16-bit elements.
pub fn mono(grid: &Grid, bits: u8) -> Memory {
    Memory::of(grid, Layout::mono(Element::U16, bits, grid.len() as u32, grid[0].len() as u32))
}

/// What the converter makes of a picture, in a buffer that held something else.
pub fn converted(memory: &Memory, target: Geometry, look: &Look) -> (Vec<u8>, Window) {
    let mut converter = Converter::new(&memory.layout, target, look).unwrap();
    let mut out = vec![0x5A; target.frame_bytes()];
    converter.convert_picture(&memory.picture(), &mut out).unwrap();
    (out, converter.window().unwrap())
}

pub fn cropped(grid: &Grid, crop: Option<Crop>) -> Grid {
    let Some(crop) = crop else { return grid.clone() };
    let rows = &grid[crop.row as usize..(crop.row + crop.height) as usize];
    rows.iter().map(|row| row[crop.column as usize..(crop.column + crop.width) as usize].to_vec()).collect()
}

fn mirrored<T: Clone>(grid: &[Vec<T>]) -> Vec<Vec<T>> {
    grid.iter().map(|row| row.iter().rev().cloned().collect()).collect()
}

fn upside_down<T: Clone>(grid: &[Vec<T>]) -> Vec<Vec<T>> {
    grid.iter().rev().cloned().collect()
}

/// By 90 degrees clockwise: the left column, read upwards, becomes the top row.
fn clockwise<T: Clone>(grid: &[Vec<T>]) -> Vec<Vec<T>> {
    (0..grid[0].len()).map(|x| grid.iter().rev().map(|row| row[x].clone()).collect()).collect()
}

pub fn oriented<T: Clone>(grid: &[Vec<T>], orientation: Orientation) -> Vec<Vec<T>> {
    match orientation {
        Orientation::Upright => grid.to_vec(),
        Orientation::LeftRight => mirrored(grid),
        Orientation::UpsideDown => upside_down(grid),
        Orientation::HalfTurn => clockwise(&clockwise(grid)),
        Orientation::Clockwise => clockwise(grid),
        Orientation::Counterclockwise => clockwise(&clockwise(&clockwise(grid))),
        Orientation::Transposed => mirrored(&clockwise(grid)),
        Orientation::AntiTransposed => upside_down(&clockwise(grid)),
    }
}

/// Means of boxes, halves up.
pub fn scaled(grid: &Grid, width: usize, height: usize) -> Grid {
    let edges = |n: usize, from: usize, to: usize| {
        let first = n * from / to;
        first..((n + 1) * from / to).max(first + 1)
    };
    let (columns, rows) = (grid[0].len(), grid.len());
    let mean = |x: usize, y: usize| {
        let lines = &grid[edges(y, rows, height)];
        let values: Vec<u64> = lines
            .iter()
            .flat_map(|line| &line[edges(x, columns, width)])
            .map(|&value| value.into())
            .collect();
        ((values.iter().sum::<u64>() + values.len() as u64 / 2) / values.len() as u64) as u16
    };
    (0..height).map(|y| (0..width).map(|x| mean(x, y)).collect()).collect()
}

/// Brightness by the formula in the crate's documentation.
pub fn brightness(value: u16, window: Window, offset: u64, span: u64) -> u8 {
    let (black, white) = (u64::from(window.black()), u64::from(window.white()));
    let t = u64::from(value).clamp(black, white) - black;
    let mut s = 1;
    while (white - black) * s < 32_768 {
        s *= 2;
    }
    let m = (span * 128 * 65_536).div_ceil((white - black) * s);
    (offset + (t * s * m / 65_536 + 64) / 128) as u8
}

/// Brightness in 16 bits: the value in the window, and of what is missing at white the same share.
pub fn brightness_16(value: u16, window: Window) -> u16 {
    let (black, white) = (u64::from(window.black()), u64::from(window.white()));
    let mut s = 1;
    while (white - black) * s < 32_768 {
        s *= 2;
    }
    let range = (white - black) * s;
    let t = (u64::from(value).clamp(black, white) - black) * s;
    let f = ((65_535 - range) * 65_536).div_ceil(range);
    (t + t * f / 65_536) as u16
}

/// A grey picture in its format, in the middle of black.
pub fn packed(grid: &Grid, window: Window, target: Geometry) -> Vec<u8> {
    let (width, height) = (target.width as usize, target.height as usize);
    let (columns, rows) = target.format.multiples();
    let left = (width - grid[0].len()) / 2 / columns as usize * columns as usize;
    let top = (height - grid.len()) / 2 / rows as usize * rows as usize;
    let at = |x: usize, y: usize| {
        let row = y.checked_sub(top).and_then(|y| grid.get(y));
        row.and_then(|row| x.checked_sub(left).and_then(|x| row.get(x))).copied()
    };
    let mut out = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let luma = || at(x, y).map_or(16, |value| brightness(value, window, 16, 219));
            let full = || at(x, y).map_or(0, |value| brightness(value, window, 0, 255));
            match target.format {
                PixelFormat::Yuyv => out.extend([luma(), 128]),
                PixelFormat::Nv12 | PixelFormat::I420 => out.push(luma()),
                PixelFormat::Grey => out.push(full()),
                PixelFormat::Rgb24 => out.extend([full(); 3]),
                PixelFormat::Y16 => {
                    out.extend(at(x, y).map_or(0, |value| brightness_16(value, window)).to_le_bytes());
                }
                other => unreachable!("{other} is not known here"),
            }
        }
    }
    out.resize(target.frame_bytes(), 128);
    out
}
