//! Despeckling as the camera's post-processing does it: a pixel that stands out from all its neighbours is
//! brought back to the nearest of them.
//!
//! The vendor does not publish the rule; this one is ours. A bright speckle exceeds the highest of its up to
//! eight neighbours by more than the threshold (in per cent of that neighbour), a dark one falls below the
//! lowest by it; LOW features touch pixels up to a count, HIGH features from a count on.

use super::pixels::Row;

/// One switched-on despeckle feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Despeckle {
    /// Removes bright speckles, else dark ones.
    pub(crate) bright: bool,
    /// Touches pixels of at most `adu`, else of at least `adu`.
    pub(crate) low: bool,
    /// Per cent of the neighbour.
    pub(crate) threshold: u32,
    pub(crate) adu: u32,
}

impl Despeckle {
    /// The value that replaces `pixel` between its extreme neighbours.
    fn correct(self, pixel: u32, lowest: u32, highest: u32) -> u32 {
        let affected = if self.low { pixel <= self.adu } else { pixel >= self.adu };
        if affected && self.bright && pixel * 100 > highest.saturating_mul(self.threshold) {
            return highest;
        }
        if affected && !self.bright && pixel * 100 < lowest.saturating_mul(self.threshold) {
            return lowest;
        }
        pixel
    }
}

/// Three rows of the undisturbed picture; outside the picture there is none.
pub(crate) struct Neighbourhood<'a> {
    pub(crate) above: Option<Row<'a>>,
    pub(crate) here: Row<'a>,
    pub(crate) below: Option<Row<'a>>,
}

/// Writes the corrected middle row to the front of `out`, which must have its length in pixels.
pub(crate) fn row<'o>(features: &[Despeckle], rows: &Neighbourhood<'_>, out: &'o mut RowBuffer) -> Row<'o> {
    match rows.here {
        Row::U8(here) => {
            let out = &mut out.u8[..here.len()];
            let other = |row: Option<Row<'_>>, at: usize| match row {
                Some(Row::U8(row)) => Some(u32::from(row[at])),
                _ => None,
            };
            for (at, pixel) in out.iter_mut().enumerate() {
                let value =
                    corrected(features, u32::from(here[at]), &Around::new(rows, at, here.len(), other));
                *pixel = u8::try_from(value).unwrap_or(u8::MAX);
            }
            Row::U8(out)
        }
        Row::U16(here) => {
            let out = &mut out.u16[..here.len()];
            let other = |row: Option<Row<'_>>, at: usize| match row {
                Some(Row::U16(row)) => Some(u32::from(row[at])),
                _ => None,
            };
            for (at, pixel) in out.iter_mut().enumerate() {
                let value =
                    corrected(features, u32::from(here[at]), &Around::new(rows, at, here.len(), other));
                *pixel = u16::try_from(value).unwrap_or(u16::MAX);
            }
            Row::U16(out)
        }
    }
}

fn corrected(features: &[Despeckle], pixel: u32, around: &Around) -> u32 {
    features.iter().fold(pixel, |pixel, feature| feature.correct(pixel, around.lowest, around.highest))
}

/// The extreme neighbours of one pixel.
struct Around {
    lowest: u32,
    highest: u32,
}

impl Around {
    fn new(
        rows: &Neighbourhood<'_>,
        at: usize,
        columns: usize,
        read: impl Fn(Option<Row<'_>>, usize) -> Option<u32>,
    ) -> Self {
        let mut around = Self { lowest: u32::MAX, highest: 0 };
        for column in at.saturating_sub(1)..(at + 2).min(columns) {
            around.take(read(rows.above, column));
            around.take(read(rows.below, column));
            if column != at {
                around.take(read(Some(rows.here), column));
            }
        }
        around
    }

    fn take(&mut self, value: Option<u32>) {
        if let Some(value) = value {
            self.lowest = self.lowest.min(value);
            self.highest = self.highest.max(value);
        }
    }
}

/// Room for one corrected row, allocated when the acquisition is set up.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    u8: Vec<u8>,
    u16: Vec<u16>,
}

impl RowBuffer {
    /// Room for `columns` pixels of either size.
    pub(crate) fn new(columns: u32) -> Self {
        Self { u8: vec![0; columns as usize], u16: vec![0; columns as usize] }
    }
}
