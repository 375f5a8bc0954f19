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
    /// The value of a pixel between its extreme neighbours.
    fn correct<T: Copy + Into<u32>>(self, pixel: T, lowest: T, highest: T) -> T {
        let neighbour = if self.bright { highest } else { lowest };
        let (value, near): (u32, u32) = (pixel.into(), neighbour.into());
        let affected = if self.low { value <= self.adu } else { value >= self.adu };
        let limit = near.saturating_mul(self.threshold);
        let stands_out = if self.bright { value * 100 > limit } else { value * 100 < limit };
        if affected && stands_out { neighbour } else { pixel }
    }
}

/// Three rows of the undisturbed picture; outside the picture there is none.
pub(crate) struct Neighbourhood<'a> {
    pub(crate) above: Option<Row<'a>>,
    pub(crate) here: Row<'a>,
    pub(crate) below: Option<Row<'a>>,
}

/// The corrected middle row.
pub(crate) fn row<'o>(
    features: &[Despeckle],
    rows: &Neighbourhood<'_>,
    buffer: &'o mut Correction,
) -> Row<'o> {
    match rows.here {
        Row::U8(here) => {
            let (above, below) = (rows.above.and_then(Row::as_u8), rows.below.and_then(Row::as_u8));
            Row::U8(buffer.u8.correct(features, above, here, below))
        }
        Row::U16(here) => {
            let (above, below) = (rows.above.and_then(Row::as_u16), rows.below.and_then(Row::as_u16));
            Row::U16(buffer.u16.correct(features, above, here, below))
        }
    }
}

/// Pixels that are looked at together.
const CHUNK: usize = 32;

/// Room for correcting one row, allocated when the acquisition starts.
#[derive(Debug)]
pub(crate) struct Correction {
    u8: Work<u8>,
    u16: Work<u16>,
}

impl Correction {
    /// Room for `columns` pixels of either size.
    pub(crate) fn new(columns: u32) -> Self {
        Self { u8: Work::new(columns as usize, u8::MAX), u16: Work::new(columns as usize, u16::MAX) }
    }
}

/// Work space for one row. The loops over it are plain passes over slices, which the compiler vectorises.
#[derive(Debug)]
struct Work<T> {
    /// Stands for a row outside the picture where the highest neighbour is looked for: all zero.
    no_high: Vec<T>,
    /// The same for the lowest neighbour: all ones.
    no_low: Vec<T>,
    /// Extremes of the three pixels of a column; one more entry at either end.
    column_high: Vec<T>,
    column_low: Vec<T>,
    highest: Vec<T>,
    lowest: Vec<T>,
    out: Vec<T>,
}

impl<T: Copy + Default + Ord + Into<u32>> Work<T> {
    fn new(columns: usize, most: T) -> Self {
        let zeros = |count: usize| vec![T::default(); count];
        Self {
            no_high: zeros(columns),
            no_low: vec![most; columns],
            column_high: zeros(columns + 2),
            column_low: vec![most; columns + 2],
            highest: zeros(columns),
            lowest: zeros(columns),
            out: zeros(columns),
        }
    }

    /// Corrects `here`; `above` and `below` have its length.
    fn correct(
        &mut self,
        features: &[Despeckle],
        above: Option<&[T]>,
        here: &[T],
        below: Option<&[T]>,
    ) -> &[T] {
        let columns = here.len();
        self.out[..columns].copy_from_slice(here);
        if columns > 1 || above.is_some() || below.is_some() {
            self.find_extremes(above, here, below);
            self.apply(features, columns);
        }
        &self.out[..columns]
    }

    /// Fills `highest` and `lowest` with the extremes of each pixel's neighbours.
    fn find_extremes(&mut self, above: Option<&[T]>, here: &[T], below: Option<&[T]>) {
        let columns = here.len();
        let high = (above.unwrap_or(&self.no_high), below.unwrap_or(&self.no_high));
        extremes(Ord::max, high, here, &mut self.column_high, &mut self.highest[..columns]);
        let low = (above.unwrap_or(&self.no_low), below.unwrap_or(&self.no_low));
        extremes(Ord::min, low, here, &mut self.column_low, &mut self.lowest[..columns]);
    }

    /// Applies all features to the pixels that stand out at all. Most chunks of most pictures have none, which
    /// one vector comparison tells.
    fn apply(&mut self, features: &[Despeckle], columns: usize) {
        let chunks = self.out[..columns].chunks_mut(CHUNK).zip(self.highest.chunks(CHUNK));
        for ((pixels, highest), lowest) in chunks.zip(self.lowest.chunks(CHUNK)) {
            let around = || highest.iter().zip(lowest);
            let stands_out = pixels
                .iter()
                .zip(around())
                .fold(false, |any, (pixel, (high, low))| any | (pixel > high) | (pixel < low));
            if stands_out {
                for (pixel, (&high, &low)) in pixels.iter_mut().zip(around()) {
                    if *pixel > high || *pixel < low {
                        *pixel =
                            features.iter().fold(*pixel, |pixel, feature| feature.correct(pixel, low, high));
                    }
                }
            }
        }
    }
}

/// The extremes, by `pick`, of the up to eight neighbours of each pixel of `here`. The first entry of `column`
/// is the neutral one and stays.
fn extremes<T: Copy>(
    pick: impl Fn(T, T) -> T,
    (above, below): (&[T], &[T]),
    here: &[T],
    column: &mut [T],
    out: &mut [T],
) {
    let columns = here.len();
    column[columns + 1] = column[0];
    let rows = above.iter().zip(below).zip(here);
    for ((((&above, &below), &here), column), out) in rows.zip(&mut column[1..=columns]).zip(&mut *out) {
        *out = pick(above, below);
        *column = pick(*out, here);
    }
    for ((&left, &right), out) in column[..columns].iter().zip(&column[2..]).zip(out) {
        *out = pick(*out, pick(left, right));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIGHT: Despeckle = Despeckle { bright: true, low: false, threshold: 125, adu: 300 };
    const DARK: Despeckle = Despeckle { bright: false, low: true, threshold: 80, adu: 300 };

    fn corrected(features: &[Despeckle], above: &[u16], here: &[u16], below: &[u16]) -> Vec<u16> {
        let mut buffer = Correction::new(here.len() as u32);
        let rows = Neighbourhood {
            above: Some(Row::U16(above)),
            here: Row::U16(here),
            below: (!below.is_empty()).then_some(Row::U16(below)),
        };
        let Row::U16(out) = row(features, &rows, &mut buffer) else { panic!("another element") };
        out.to_vec()
    }

    #[test]
    fn a_pixel_that_stands_out_falls_to_its_highest_neighbour() {
        let above = [400, 410, 400, 400];
        assert_eq!(corrected(&[BRIGHT], &above, &[400, 900, 400, 420], &[400; 4]), [400, 410, 400, 420]);
        assert_eq!(corrected(&[BRIGHT], &above, &[900, 400, 400, 900], &[]), [410, 400, 400, 400]);
    }

    #[test]
    fn a_pixel_that_a_neighbour_nearly_reaches_stays() {
        assert_eq!(corrected(&[BRIGHT], &[400, 400, 800], &[400, 900, 400], &[400; 3]), [400, 900, 400]);
    }

    #[test]
    fn features_touch_only_their_range() {
        assert_eq!(corrected(&[BRIGHT], &[10; 3], &[10, 290, 10], &[10; 3]), [10, 290, 10]);
        assert_eq!(corrected(&[DARK], &[100; 3], &[100, 5, 100], &[90; 3]), [100, 90, 100]);
        assert_eq!(corrected(&[DARK], &[900; 3], &[900, 301, 900], &[900; 3]), [900, 301, 900]);
    }
}
