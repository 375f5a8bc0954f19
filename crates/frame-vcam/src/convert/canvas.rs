//! The buffer of one frame in its format: planes, rows, and the black around the picture.

use crate::{Geometry, PixelFormat};

/// Y of black, limited range.
pub(super) const BLACK: u8 = 16;
/// Y of white.
const WHITE: u8 = 235;
/// U and V of grey.
pub(super) const NEUTRAL: u8 = 128;

/// Where the picture lies in the target, in whole units of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: u32,
    pub(super) row: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Place {
    /// In the middle of the target.
    pub(super) const fn centred(size: (u32, u32), target: Geometry) -> Self {
        let (columns, rows) = target.format.multiples();
        let (width, height) = size;
        let column = (target.width - width) / 2 / columns * columns;
        let row = (target.height - height) / 2 / rows * rows;
        Self { column, row, width, height }
    }

    const fn fills(&self, target: Geometry) -> bool {
        self.width == target.width && self.height == target.height
    }
}

/// A frame's buffer.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    target: Geometry,
    place: Place,
    /// The first plane, or the only one.
    first: &'a mut [u8],
    /// U and V, where they lie by themselves.
    chroma: &'a mut [u8],
}

impl<'a> Canvas<'a> {
    /// `out` has the bytes of the target, exactly, and `place` lies in it.
    pub(super) fn new(target: Geometry, place: Place, out: &'a mut [u8]) -> Self {
        let first = target.row_bytes() as usize * target.height as usize;
        let (first, chroma) = out.split_at_mut(first.min(out.len()));
        Self { target, place, first, chroma }
    }

    /// Makes black what is around the picture, and all chroma neutral if it is not painted or not all.
    pub(super) fn prepare(&mut self, paints_chroma: bool) {
        let filled = self.place.fills(self.target);
        if !filled || !paints_chroma {
            self.chroma.fill(NEUTRAL);
        }
        if filled {
            return;
        }
        let Place { row, height, .. } = self.place;
        let (target, picture) = (self.target, self.columns());
        for (y, line) in self.first.chunks_exact_mut(target.row_bytes() as usize).enumerate() {
            if (row as usize..(row + height) as usize).contains(&y) {
                blacken(target.format, &mut line[..picture.start]);
                blacken(target.format, &mut line[picture.end..]);
            } else {
                blacken(target.format, line);
            }
        }
    }

    /// The bytes of the picture in a row of the first plane.
    fn columns(&self) -> core::ops::Range<usize> {
        let bytes = self.target.format.row_bytes(1) as usize;
        let start = self.place.column as usize * bytes;
        start..start + self.place.width as usize * bytes
    }

    /// The picture's row `y` in the first plane.
    pub(super) fn row(&mut self, y: u32) -> &mut [u8] {
        let start = (self.place.row + y) as usize * self.target.row_bytes() as usize;
        let columns = self.columns();
        &mut self.first[start..][columns]
    }

    /// Columns and rows of the picture.
    pub(super) const fn size(&self) -> (u32, u32) {
        (self.place.width, self.place.height)
    }

    /// Makes a part of the picture white or black, as far as it lies in it. Chroma that lies by itself stays.
    pub(super) fn fill(&mut self, (column, row): (u32, u32), (width, height): (u32, u32), white: bool) {
        let format = self.target.format;
        let bytes = format.row_bytes(1) as usize;
        let ends = [column, column.saturating_add(width)].map(|x| x.min(self.place.width) as usize * bytes);
        for y in row..row.saturating_add(height).min(self.place.height) {
            let part = &mut self.row(y)[ends[0]..ends[1]];
            match (format, white) {
                (PixelFormat::Yuyv, true) => part.as_chunks_mut::<2>().0.fill([WHITE, NEUTRAL]),
                (PixelFormat::Nv12 | PixelFormat::I420, true) => part.fill(WHITE),
                (_, true) => part.fill(255),
                (_, false) => blacken(format, part),
            }
        }
    }

    /// U and V in turn, of the picture's rows `y` and `y` + 1. `y` is even, the format NV12.
    pub(super) fn chroma_pairs(&mut self, y: u32) -> &mut [u8] {
        let start =
            (self.place.row + y) as usize / 2 * self.target.width as usize + self.place.column as usize;
        &mut self.chroma[start..][..self.place.width as usize]
    }

    /// U, and V, of the picture's rows `y` and `y` + 1. `y` is even, the format I420.
    pub(super) fn chroma_planes(&mut self, y: u32) -> (&mut [u8], &mut [u8]) {
        let half = self.chroma.len() / 2;
        let (u, v) = self.chroma.split_at_mut(half);
        let start = ((self.place.row + y) / 2 * (self.target.width / 2) + self.place.column / 2) as usize;
        let width = self.place.width as usize / 2;
        (&mut u[start..][..width], &mut v[start..][..width])
    }
}

fn blacken(format: PixelFormat, bytes: &mut [u8]) {
    match format {
        PixelFormat::Yuyv => bytes.as_chunks_mut::<2>().0.fill([BLACK, NEUTRAL]),
        PixelFormat::Nv12 | PixelFormat::I420 => bytes.fill(BLACK),
        PixelFormat::Grey | PixelFormat::Rgb24 | PixelFormat::Y16 => bytes.fill(0),
    }
}
