//! Grey lines into a row of each format.

use super::canvas::{BLACK, NEUTRAL};
use super::kernels;
use super::look::{ColourMap, Look};
use super::tables::{self, Table};
use super::tone::{Tone8, Tone16, ToneIndex};
use super::window::Window;
use crate::PixelFormat;

/// Steps between black and white, limited range.
const LIMITED: u8 = 219;

/// How brightness is written.
#[derive(Debug)]
pub(super) struct GreyPaint {
    format: PixelFormat,
    /// Black, and the steps to white, in 8 bits.
    scale: (u8, u8),
    by: By,
}

#[derive(Debug)]
enum By {
    /// In proportion.
    Formula,
    /// Of one byte. With room for a line's places.
    Bytes(Table<u8>, Vec<u16>),
    /// Of two.
    Words(Table<u16>, Vec<u16>),
}

/// A frame's window, made ready for the kernels.
#[derive(Debug)]
pub(super) enum Brush {
    Bytes(Tone8),
    Words(Tone16),
    Table(ToneIndex),
}

impl GreyPaint {
    pub(super) fn new(format: PixelFormat, look: &Look, width: u32) -> Self {
        let scale = match format {
            PixelFormat::Yuyv | PixelFormat::Nv12 | PixelFormat::I420 => (BLACK, LIMITED),
            PixelFormat::Grey | PixelFormat::Rgb24 | PixelFormat::Y16 => (0, 255),
        };
        let places = vec![0; width as usize];
        let by = if look.gamma == 1.0 && look.colours == ColourMap::Grey {
            By::Formula
        } else if format == PixelFormat::Y16 {
            By::Words(tables::words(look), places)
        } else {
            By::Bytes(tables::bytes(look, scale.0, scale.1), places)
        };
        Self { format, scale, by }
    }

    /// What a frame of this window is painted with.
    pub(super) fn brush(&self, window: Window) -> Brush {
        match (&self.by, self.format) {
            (By::Formula, PixelFormat::Y16) => Brush::Words(Tone16::new(window)),
            (By::Formula, _) => Brush::Bytes(Tone8::new(window, self.scale.0.into(), self.scale.1.into())),
            _ => Brush::Table(ToneIndex::new(window, 0, 4095)),
        }
    }

    /// Paints a line into the picture's row of the first plane.
    pub(super) fn row(&mut self, brush: &Brush, line: &[u16], row: &mut [u8]) {
        match (brush, &mut self.by) {
            (Brush::Bytes(tone), _) => match self.format {
                PixelFormat::Yuyv => kernels::yuyv(line, row, tone),
                PixelFormat::Rgb24 => kernels::rgb24(line, row, tone),
                _ => kernels::luma(line, row, tone),
            },
            (Brush::Words(tone), _) => kernels::y16(line, row, tone),
            (Brush::Table(tone), By::Bytes(table, places)) => {
                kernels::index(line, places, tone, u16::MAX);
                let values = places.iter().map(|&place| table.at(place));
                match self.format {
                    PixelFormat::Yuyv => write(values.map(|y| [y, NEUTRAL]), row),
                    PixelFormat::Rgb24 => write(values.map(|grey| [grey; 3]), row),
                    _ => write(values.map(|grey| [grey]), row),
                }
            }
            (Brush::Table(tone), By::Words(table, places)) => {
                kernels::index(line, places, tone, u16::MAX);
                write(places.iter().map(|&place| table.at(place).to_le_bytes()), row);
            }
            // A brush with a table is only made where there is one.
            (Brush::Table(_), By::Formula) => {}
        }
    }
}

fn write<const N: usize>(pixels: impl Iterator<Item = [u8; N]>, row: &mut [u8]) {
    for (pixel, out) in pixels.zip(row.as_chunks_mut::<N>().0) {
        *out = pixel;
    }
}
