//! The window of grey values that is shown, and how it follows the picture.

use core::fmt;

use frame_pool::{Element, Picture, Sample, ViewError};

use super::kernels;
use super::look::{Crop, Level};

/// The grey values that are shown black and white. Black is below white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    black: u16,
    white: u16,
}

impl Window {
    /// From `black` to `white`, or, if that is nothing, to the next value.
    pub(super) fn new(black: u16, white: u16) -> Self {
        let black = black.min(u16::MAX - 1);
        Self { black, white: white.max(black + 1) }
    }

    /// The grey value that is shown black, as are those below.
    #[must_use]
    pub const fn black(self) -> u16 {
        self.black
    }

    /// The grey value that is shown white, as are those above.
    #[must_use]
    pub const fn white(self) -> u16 {
        self.white
    }

    /// White - black, at least 1.
    pub(super) const fn size(self) -> u16 {
        self.white - self.black
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.black, self.white)
    }
}

/// Pixels looked at for percentiles.
const SAMPLES: usize = 8192;
/// The step from one column that is looked at to the next. Odd, so that a mosaic's colours, or a sensor's odd and even columns, all have their say.
const COLUMN_STEP: usize = 3;

/// Finds each frame's window.
#[derive(Debug)]
pub(super) struct Leveller {
    level: Level,
    full_scale: u16,
    part: Crop,
    samples: Vec<u16>,
    smoothed: Option<(f32, f32)>,
}

impl Leveller {
    pub(super) fn new(level: Level, full_scale: u16, part: Crop) -> Self {
        let samples = if matches!(level, Level::Percentile { .. }) { SAMPLES } else { 0 };
        Self { level, full_scale, part, samples: Vec::with_capacity(samples), smoothed: None }
    }

    /// The window for this picture. `part` lies in the picture.
    pub(super) fn window(&mut self, picture: &Picture<'_>) -> Result<Window, ViewError> {
        match self.level {
            Level::Full => Ok(Window::new(0, self.full_scale)),
            Level::Manual { black, white } => Ok(Window::new(black, white)),
            Level::MinMax => {
                let (low, high) = match picture.layout().element {
                    Element::U8 => self.min_max::<u8>(picture)?,
                    _ => self.min_max::<u16>(picture)?,
                };
                Ok(Window::new(low, high))
            }
            Level::Percentile { low, high, smoothing } => {
                match picture.layout().element {
                    Element::U8 => self.sample::<u8>(picture)?,
                    _ => self.sample::<u16>(picture)?,
                }
                let (low, high) = percentiles(&self.samples, low, high);
                Ok(self.follow(f32::from(low), f32::from(high), smoothing))
            }
        }
    }

    fn follow(&mut self, low: f32, high: f32, smoothing: f32) -> Window {
        let (old_low, old_high) = self.smoothed.unwrap_or((low, high));
        let (low, high) = (low + (old_low - low) * smoothing, high + (old_high - high) * smoothing);
        self.smoothed = Some((low, high));
        // Between values of 16 bits: the casts keep them.
        Window::new(low.round() as u16, high.round() as u16)
    }

    fn min_max<T: Sample + Into<u16> + Ord>(&self, picture: &Picture<'_>) -> Result<(u16, u16), ViewError> {
        let Crop { row, height, .. } = self.part;
        let (mut low, mut high) = (u16::MAX, 0);
        for row in row..row + height {
            let (least, most) = kernels::min_max(self.part.of(picture.row::<T>(row)?));
            (low, high) = (low.min(least), high.max(most));
        }
        Ok((low, high))
    }

    fn sample<T: Sample + Into<u16>>(&mut self, picture: &Picture<'_>) -> Result<(), ViewError> {
        self.samples.clear();
        let Crop { row, width, height, .. } = self.part;
        let of_a_row = (width as usize).div_ceil(COLUMN_STEP);
        let rows = (SAMPLES / of_a_row).max(1);
        // Odd as well, and so large that the last row is within what there is room for.
        let step = (height as usize).div_ceil(rows) | 1;
        for row in (row..row + height).step_by(step) {
            let line = self.part.of(picture.row::<T>(row)?);
            let room = SAMPLES - self.samples.len();
            self.samples.extend(line.iter().step_by(COLUMN_STEP).take(room).map(|&value| value.into()));
        }
        Ok(())
    }
}

/// The values below which so many percent of the samples lie: exact, by their high bytes first and by their low ones then.
fn percentiles(samples: &[u16], low: f32, high: f32) -> (u16, u16) {
    let last = samples.len().saturating_sub(1) as f32;
    let ranks = [low, high].map(|percent| (percent / 100.0 * last).round() as u32);
    let by_high = count(samples, |sample| sample >> 8);
    let [low, high] = ranks.map(|rank| find(&by_high, rank));
    let low_bytes_below =
        |byte: u16| count(samples, |sample| if sample >> 8 == byte { sample & 0xFF } else { 256 });
    let by_low = low_bytes_below(low.0);
    let of = |(byte, rank): (u16, u32), counts: &Counts| byte << 8 | find(counts, rank).0;
    let of_high = if high.0 == low.0 { of(high, &by_low) } else { of(high, &low_bytes_below(high.0)) };
    (of(low, &by_low), of_high)
}

/// How many samples have each byte, and at 256 those that have none.
type Counts = [u32; 257];

fn count(samples: &[u16], byte_of: impl Fn(u16) -> u16) -> Counts {
    // Four of them, because neighbours are alike: an addition would wait for the last one's result.
    let mut lanes = [[0_u32; 257]; 4];
    for four in samples.chunks(4) {
        for (&sample, counts) in four.iter().zip(&mut lanes) {
            counts[usize::from(byte_of(sample).min(256))] += 1;
        }
    }
    core::array::from_fn(|byte| lanes.iter().map(|counts| counts[byte]).sum())
}

/// Which byte the `rank`-th sample (from 0) has, and its rank among those.
fn find(counts: &Counts, rank: u32) -> (u16, u32) {
    let mut rest = rank;
    for (byte, &count) in (0..256).zip(counts) {
        if rest < count {
            return (byte, rest);
        }
        rest -= count;
    }
    (255, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_samples() {
        let samples: Vec<u16> =
            (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as u16).collect();
        let mut sorted = samples.clone();
        sorted.sort_unstable();
        for (low, high) in [(0.0, 100.0), (0.1, 99.9), (25.0, 75.0), (49.9, 50.1)] {
            let at = |percent: f32| sorted[(percent / 100.0 * 19_999.0).round() as usize];
            assert_eq!(percentiles(&samples, low, high), (at(low), at(high)));
        }
        assert_eq!(percentiles(&[7; 10], 1.0, 99.0), (7, 7));
        assert_eq!(percentiles(&[300, 301], 0.0, 100.0), (300, 301));
    }

    #[test]
    fn a_window_of_nothing_is_one_value_wide() {
        let ends = |black, white| (Window::new(black, white).black(), Window::new(black, white).white());
        assert_eq!(ends(7, 7), (7, 8));
        assert_eq!(ends(u16::MAX, u16::MAX), (65_534, 65_535));
        assert_eq!(ends(9, 3), (9, 10));
    }
}
