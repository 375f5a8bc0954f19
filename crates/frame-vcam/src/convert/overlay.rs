//! What is written over the picture: frame number, time, a scale bar.

use std::io::Write;

use frame_pool::Record;

use super::canvas::Canvas;
use super::error::ConvertError;
use super::font::{CELL, dots};

/// What is written over the picture, in white on black: number and time at the top left, a scale bar at the bottom right.
///
/// ```
/// use frame_vcam::{Look, Overlay};
/// let look = Look::new().overlay(Overlay::new().number().time().scale_bar(0.108));
/// # assert!(look.overlay.is_some_and(|overlay| overlay.number && overlay.time));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Overlay {
    /// The frame's number, as the host counts.
    pub number: bool,
    /// Seconds since the converter's first frame, to a thousandth, by when frames arrived.
    pub time: bool,
    /// For a scale bar: how many micrometres of the sample one pixel of the frame is.
    pub micrometres_per_pixel: Option<f64>,
}

impl Overlay {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the frame's number. Where a picture has no record ([`crate::Converter::convert_picture`]) there is none.
    #[must_use]
    pub const fn number(mut self) -> Self {
        self.number = true;
        self
    }

    /// With the time. Where a picture has no record there is none.
    #[must_use]
    pub const fn time(mut self) -> Self {
        self.time = true;
        self
    }

    /// With a scale bar, 1, 2 or 5 times a power of ten long and no longer than a quarter of the picture. A pixel of the frame, binning
    /// included, is so many micrometres of the sample: more than 0.
    #[must_use]
    pub const fn scale_bar(mut self, micrometres_per_pixel: f64) -> Self {
        self.micrometres_per_pixel = Some(micrometres_per_pixel);
        self
    }
}

/// Draws an overlay.
#[derive(Debug)]
pub(super) struct Stamp {
    overlay: Overlay,
    bar: Option<Bar>,
    /// Side of a dot of the font, in pixels.
    dot: u32,
    begun_ns: Option<u64>,
}

/// A scale bar: its length in pixels, and what is written over it.
#[derive(Debug, PartialEq)]
struct Bar {
    pixels: u32,
    label: String,
}

impl Stamp {
    /// For a picture of this size, each pixel of which is `shrunk` pixels of the frame wide.
    pub(super) fn new(
        overlay: Overlay,
        (width, height): (u32, u32),
        shrunk: f64,
    ) -> Result<Self, ConvertError> {
        let bar = match overlay.micrometres_per_pixel {
            None => None,
            Some(size) if size.is_finite() && size > 0.0 => Bar::new(size * shrunk, width),
            Some(micrometres_per_pixel) => return Err(ConvertError::ScaleBar { micrometres_per_pixel }),
        };
        Ok(Self { overlay, bar, dot: (height / 270).max(1), begun_ns: None })
    }

    pub(super) fn draw(&mut self, record: Option<&Record>, canvas: &mut Canvas<'_>) {
        if let Some(record) = record {
            self.write_record(record, canvas);
        }
        if let Some(bar) = &self.bar {
            bar.draw(self.dot, canvas);
        }
    }

    fn write_record(&mut self, record: &Record, canvas: &mut Canvas<'_>) {
        let begun = *self.begun_ns.get_or_insert(record.arrived_ns);
        let ms = record.arrived_ns.saturating_sub(begun) / 1_000_000;
        let mut text = [0; 48];
        let mut room = &mut text[..];
        // Both numbers at their longest fit.
        let fits = (!self.overlay.number || write!(room, "#{} ", record.number).is_ok())
            && (!self.overlay.time || write!(room, "{}.{:03} s", ms / 1000, ms % 1000).is_ok());
        debug_assert!(fits, "48 characters are enough");
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        write_text(canvas, (2 * self.dot, 2 * self.dot), self.dot, text[..end].trim_ascii_end());
    }
}

impl Bar {
    /// The longest bar of a plain number that takes no more than a quarter of the width, if there is one.
    fn new(micrometres_per_pixel: f64, width: u32) -> Option<Self> {
        let longest = f64::from(width / 4) * micrometres_per_pixel;
        let power = 10_f64.powi(longest.log10().floor() as i32);
        let length =
            [5.0, 2.0, 1.0].map(|step| step * power).into_iter().find(|length| *length <= longest)?;
        let pixels = (length / micrometres_per_pixel).round() as u32;
        let label = match length {
            _ if length >= 999.5 => format!("{:.0} mm", length / 1000.0),
            _ if length >= 0.9995 => format!("{length:.0} um"),
            _ if length >= 0.000_999_5 => format!("{:.0} nm", length * 1000.0),
            _ => return None,
        };
        Some(Self { pixels, label })
    }

    fn draw(&self, dot: u32, canvas: &mut Canvas<'_>) {
        let (width, height) = canvas.size();
        let (left, top) = (width.checked_sub(self.pixels + 4 * dot), height.checked_sub(6 * dot));
        // A picture without room for it has none.
        let (Some(left), Some(top)) = (left, top) else { return };
        let edge = (left.saturating_sub(dot), top.saturating_sub(dot));
        canvas.fill(edge, (self.pixels + 2 * dot, 4 * dot), false);
        canvas.fill((left, top), (self.pixels, 2 * dot), true);
        if let Some(above) = top.checked_sub((CELL.1 + 2) * dot) {
            write_text(canvas, (left, above), dot, self.label.as_bytes());
        }
    }
}

/// Writes white on black, from the top left corner `(column, row)` on.
fn write_text(canvas: &mut Canvas<'_>, (column, row): (u32, u32), dot: u32, text: &[u8]) {
    for (place, &character) in (0_u32..).zip(text) {
        let left = column + place * CELL.0 * dot;
        for (y, line) in (0_u32..).zip(dots(character)) {
            for x in 0..CELL.0 {
                // The sixth column is empty.
                let lit = (line << 1) >> (CELL.0 - 1 - x) & 1 == 1;
                canvas.fill((left + x * dot, row + y * dot), (dot, dot), lit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use frame_pool::{Element, Evidence, Layout};

    use super::super::canvas::Place;
    use super::*;
    use crate::{Geometry, PixelFormat};

    /// Reads a line of text back from a GREY picture.
    fn read(out: &[u8], width: usize, (column, row): (usize, usize), dot: usize) -> String {
        let lit = |x: usize, y: usize| out[(row + y * dot) * width + column + x * dot] == 255;
        let cell = |place: usize| -> [u8; 7] {
            core::array::from_fn(|y| (0..5).fold(0, |line, x| line << 1 | u8::from(lit(place * 6 + x, y))))
        };
        let known = b"0123456789#.sumn ";
        let cells = (0..(width - column) / (6 * dot)).map(cell);
        let characters = cells.map(|cell| known.iter().find(|&&character| dots(character) == cell));
        characters.map_while(|character| character.map(|&character| char::from(character))).collect()
    }

    fn drawn(overlay: Overlay, numbers: &[(u64, u64)], size: (u32, u32)) -> Vec<u8> {
        let target = Geometry::new(size.0, size.1, PixelFormat::Grey).unwrap();
        let mut out = vec![90; target.frame_bytes()];
        let mut stamp = Stamp::new(overlay, size, 1.0).unwrap();
        for &(number, arrived_ns) in numbers {
            let mut record = Record::new(number, Layout::mono(Element::U8, 8, 1, 1), Evidence::Unproven);
            record.arrived_ns = arrived_ns;
            stamp.draw(Some(&record), &mut Canvas::new(target, Place::centred(size, target), &mut out));
        }
        out
    }

    #[test]
    fn number_and_time_can_be_read() {
        let frames = [(7, 5_000_000_000), (1_234_567_890, 17_089_999_999)];
        let out = drawn(Overlay::new().number().time(), &frames, (200, 40));
        assert_eq!(read(&out, 200, (2, 2), 1).trim_end(), "#1234567890 12.089 s");
        let out = drawn(Overlay::new().number(), &frames, (1000, 600));
        assert_eq!(read(&out, 1000, (4, 4), 2).trim_end(), "#1234567890");
        let longest = drawn(Overlay::new().number().time(), &[(1, 0), (u64::MAX, u64::MAX)], (300, 40));
        assert_eq!(read(&longest, 300, (2, 2), 1).trim_end(), "#18446744073709551615 18446744073.709 s");
    }

    #[test]
    fn a_bar_is_as_long_as_it_says() {
        let bar = |size, width| Bar::new(size, width).map(|bar| (bar.pixels, bar.label));
        assert_eq!(bar(0.108, 1920), Some((463, "50 um".to_owned())));
        assert_eq!(bar(0.1, 400), Some((100, "10 um".to_owned())));
        assert_eq!(bar(0.001, 1000), Some((200, "200 nm".to_owned())));
        assert_eq!(bar(10.0, 1000), Some((200, "2 mm".to_owned())));
        assert_eq!(bar(1e-9, 100), None);
        assert_eq!(bar(1.0, 3), None);
        let out = drawn(Overlay::new().scale_bar(0.1), &[(1, 0)], (400, 60));
        let row = &out[54 * 400..55 * 400];
        assert_eq!(row.iter().filter(|&&pixel| pixel == 255).count(), 100);
        assert_eq!(read(&out, 400, (296, 45), 1).trim_end(), "10 um");
    }

    #[test]
    fn what_does_not_fit_is_cut_off_and_a_size_of_nothing_is_refused() {
        for size in [(1, 1), (7, 3), (30, 8), (9, 300)] {
            drawn(Overlay::new().number().time().scale_bar(0.5), &[(1, 0)], size);
        }
        for size in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let why = Stamp::new(Overlay::new().scale_bar(size), (10, 10), 1.0).unwrap_err();
            assert!(why.to_string().contains("micrometres"), "{why}");
        }
    }
}
