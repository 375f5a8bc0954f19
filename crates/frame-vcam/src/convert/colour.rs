//! Coloured lines into a row of each format: colour maps, and what was a Bayer mosaic.

use super::canvas::Canvas;
use super::kernels;
use super::look::{ColourMap, Look};
use super::tables::{self, Table};
use super::tone::{Tone8, ToneIndex};
use super::window::Window;
use super::yuv;
use crate::PixelFormat;

/// How colours are made and written, in a format that has them.
#[derive(Debug)]
pub(super) struct ColourPaint {
    format: PixelFormat,
    /// From brightness to each of red, green and blue; without, in proportion.
    table: Option<Table<[u8; 4]>>,
    /// The value from which on the sensor is saturated.
    saturated: u16,
    /// Room for a line's places in the tables.
    places: Vec<u16>,
    /// Red, green and blue of an even line and the odd one after it, which share their chroma.
    lines: [[Vec<u8>; 3]; 2],
}

impl ColourPaint {
    pub(super) fn new(format: PixelFormat, look: &Look, full_scale: u16, width: u32) -> Self {
        let width = width as usize;
        let plain = look.gamma == 1.0 && look.colours == ColourMap::Grey;
        Self {
            format,
            table: (!plain).then(|| tables::colours(look)),
            saturated: if look.colours == ColourMap::Saturation { full_scale } else { u16::MAX },
            places: vec![0; width],
            lines: [(); 2].map(|()| [(); 3].map(|()| vec![0; width])),
        }
    }

    /// Paints line `y` from its red, green and blue, or from grey three times.
    pub(super) fn row(&mut self, window: Window, y: u32, channels: [&[u16]; 3], canvas: &mut Canvas<'_>) {
        if let (PixelFormat::Rgb24, Some(table), true) = (self.format, &self.table, is_grey(channels)) {
            kernels::index(channels[0], &mut self.places, &ToneIndex::new(window, 0, 4095), self.saturated);
            for (&place, out) in self.places.iter().zip(canvas.row(y).as_chunks_mut::<3>().0) {
                let [red, green, blue, _] = table.at(place);
                *out = [red, green, blue];
            }
            return;
        }
        self.bytes(window, y, channels);
        let [above, below] = self.lines.each_ref().map(|lines| lines.each_ref().map(|line| &line[..]));
        let line = if y.is_multiple_of(2) { above } else { below };
        match self.format {
            PixelFormat::Yuyv => yuv::yuyv(line, canvas.row(y)),
            PixelFormat::Rgb24 => yuv::interleave(line, canvas.row(y)),
            _ => yuv::luma(line, canvas.row(y)),
        }
        if y.is_multiple_of(2) {
            return;
        }
        let chroma = yuv::chroma_of_squares(above, below);
        if self.format == PixelFormat::Nv12 {
            for ((u, v), out) in chroma.zip(canvas.chroma_pairs(y - 1).as_chunks_mut::<2>().0) {
                *out = [u, v];
            }
        } else if self.format == PixelFormat::I420 {
            let (us, vs) = canvas.chroma_planes(y - 1);
            for ((u, v), (out_u, out_v)) in chroma.zip(us.iter_mut().zip(vs)) {
                (*out_u, *out_v) = (u, v);
            }
        }
    }

    /// Red, green and blue of the line in bytes.
    fn bytes(&mut self, window: Window, y: u32, channels: [&[u16]; 3]) {
        let lines = &mut self.lines[y as usize % 2];
        let Some(table) = &self.table else {
            let tone = Tone8::new(window, 0, 255);
            for (line, channel) in lines.iter_mut().zip(channels) {
                kernels::luma(channel, line, &tone);
            }
            return;
        };
        let tone = ToneIndex::new(window, 0, 4095);
        if is_grey(channels) {
            kernels::index(channels[0], &mut self.places, &tone, self.saturated);
            let [reds, greens, blues] = lines;
            let pixels = reds.iter_mut().zip(greens).zip(blues);
            for (&place, ((red, green), blue)) in self.places.iter().zip(pixels) {
                [*red, *green, *blue, _] = table.at(place);
            }
            return;
        }
        for (n, (line, channel)) in lines.iter_mut().zip(channels).enumerate() {
            kernels::index(channel, &mut self.places, &tone, self.saturated);
            for (&place, out) in self.places.iter().zip(line) {
                *out = table.at(place)[n];
            }
        }
    }
}

/// Whether the three lines are one.
fn is_grey(channels: [&[u16]; 3]) -> bool {
    core::ptr::eq(channels[0], channels[2])
}
