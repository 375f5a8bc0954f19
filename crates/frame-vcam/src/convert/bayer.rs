//! A Bayer mosaic becomes three lines of colour.

use core::mem::take;

use frame_pool::{Colour, Picture, ViewError};
use multiversion::multiversion;

use super::look::{Crop, Debayer};
use super::view::View;

const RED: usize = 0;
const GREEN: usize = 1;
const BLUE: usize = 2;

/// The mosaic as it is shown, and the lines at hand.
#[derive(Debug)]
pub(super) struct Bayer {
    how: Debayer,
    /// Which colour a pixel has, by the lowest bit of its row and column as shown.
    colours: [[usize; 2]; 2],
    size: (u32, u32),
    /// Three lines with one mirrored pixel more at each end, line y at y % 3.
    lines: [Vec<u16>; 3],
    held: [Option<u32>; 3],
    made: [Vec<u16>; 3],
}

impl Bayer {
    /// Of a picture whose elements are a mosaic.
    pub(super) fn new(colour: Colour, how: Debayer, view: &View) -> Option<Self> {
        let mosaic = match colour {
            Colour::BayerRggb => [[RED, GREEN], [GREEN, BLUE]],
            Colour::BayerGrbg => [[GREEN, RED], [BLUE, GREEN]],
            Colour::BayerGbrg => [[GREEN, BLUE], [RED, GREEN]],
            Colour::BayerBggr => [[BLUE, GREEN], [GREEN, RED]],
            _ => return None,
        };
        let Crop { column: first_column, row: first_row, .. } = view.part();
        let colour_at = |column, row| {
            let (column, row) = view.source_of(column, row);
            mosaic[(first_row + row) as usize % 2][(first_column + column) as usize % 2]
        };
        let size = view.size();
        let width = size.0 as usize;
        Some(Self {
            how,
            colours: [[colour_at(0, 0), colour_at(1, 0)], [colour_at(0, 1), colour_at(1, 1)]],
            size,
            lines: [(); 3].map(|()| vec![0; width + 2]),
            held: [None; 3],
            made: [(); 3].map(|()| vec![0; width]),
        })
    }

    /// Columns and rows of the colour picture.
    pub(super) const fn size(&self) -> (u32, u32) {
        match self.how {
            Debayer::Bilinear => self.size,
            Debayer::Superpixel => (self.size.0 / 2, self.size.1 / 2),
        }
    }

    /// Another frame: what was made of the last one is stale.
    pub(super) fn begin(&mut self) {
        self.held = [None; 3];
    }

    /// Red, green and blue of a line.
    pub(super) fn lines(
        &mut self,
        view: &mut View,
        picture: &Picture<'_>,
        y: u32,
    ) -> Result<[&[u16]; 3], ViewError> {
        match self.how {
            Debayer::Bilinear => self.bilinear(view, picture, y)?,
            Debayer::Superpixel => self.superpixel(view, picture, y)?,
        }
        let width = self.size().0 as usize;
        let [red, green, blue] = &self.made;
        Ok([&red[..width], &green[..width], &blue[..width]])
    }

    fn bilinear(&mut self, view: &mut View, picture: &Picture<'_>, y: u32) -> Result<(), ViewError> {
        // Mirrored at the first and the last line, which keeps the order of colours.
        let above = if y == 0 { 1 } else { y - 1 };
        let below = if y + 1 == self.size.1 { y - 1 } else { y + 1 };
        for line in [above, y, below] {
            self.hold(view, picture, line)?;
        }
        let lines = [above, y, below].map(|line| &self.lines[line as usize % 3][..]);
        let colours = self.colours[y as usize % 2];
        let place = usize::from(colours[0] == GREEN);
        let own = colours[place];
        let mut made =
            [take(&mut self.made[own]), take(&mut self.made[GREEN]), take(&mut self.made[RED + BLUE - own])];
        interpolate(lines, &mut made, place);
        let [of_row, green, other] = made;
        (self.made[own], self.made[GREEN], self.made[RED + BLUE - own]) = (of_row, green, other);
        Ok(())
    }

    /// Brings a line in, with a mirrored pixel at each end.
    fn hold(&mut self, view: &mut View, picture: &Picture<'_>, y: u32) -> Result<(), ViewError> {
        let slot = y as usize % 3;
        if self.held[slot] == Some(y) {
            return Ok(());
        }
        self.held[slot] = None;
        let (line, width) = (&mut self.lines[slot], self.size.0 as usize);
        line[1..=width].copy_from_slice(view.line(picture, y)?);
        (line[0], line[width + 1]) = (line[2], line[width - 1]);
        self.held[slot] = Some(y);
        Ok(())
    }

    fn superpixel(&mut self, view: &mut View, picture: &Picture<'_>, y: u32) -> Result<(), ViewError> {
        let mut greens_are_half = [false; 3];
        for (line, colours) in self.colours.iter().enumerate() {
            let pairs = view.line(picture, 2 * y + line as u32)?.as_chunks::<2>().0;
            for (place, &colour) in colours.iter().enumerate() {
                let both = greens_are_half[colour];
                for (pair, made) in pairs.iter().zip(&mut self.made[colour]) {
                    let value = pair[place];
                    *made = if both { mean([*made, value]) } else { value };
                }
                greens_are_half[colour] = true;
            }
        }
        Ok(())
    }
}

/// The mean, halves up.
#[inline(always)]
fn mean<const N: usize>(values: [u16; N]) -> u16 {
    let sum: u32 = values.iter().map(|&value| u32::from(value)).sum();
    ((sum + N as u32 / 2) / N as u32) as u16
}

/// Makes a line's own colour (that at columns whose lowest bit is `place`), its green, and the colour of the lines above and below.
#[multiversion(targets("x86_64+avx2"))]
fn interpolate(lines: [&[u16]; 3], made: &mut [Vec<u16>; 3], place: usize) {
    let [own, green, other] = made;
    let width = own.len();
    // Said once, so that no index is checked in the loop.
    let [above, line, below] = lines.map(|line| &line[..width + 2]);
    let (own, green, other) = (&mut own[..width], &mut green[..width], &mut other[..width]);
    for x in 0..width {
        let across = mean([line[x], line[x + 2]]);
        let along = mean([above[x + 1], below[x + 1]]);
        let cross = mean([line[x], line[x + 2], above[x + 1], below[x + 1]]);
        let corners = mean([above[x], above[x + 2], below[x], below[x + 2]]);
        let here = line[x + 1];
        (own[x], green[x], other[x]) =
            if x % 2 == place { (here, cross, corners) } else { (across, here, along) };
    }
}
