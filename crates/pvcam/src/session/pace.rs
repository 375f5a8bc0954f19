//! How fast the camera is at its fastest, by its own numbers and the driver's times: what tells whether there was time for a loss.

/// Frames in a row, without a loss, that are timed together: the driver's times are in steps of 100 us, and jitter.
const ROW: u64 = 4;

/// The shortest time seen for some frames in a row.
///
/// A mean would not do: it counts the time in which the camera was starved or had no slot, and then makes a real loss look
/// too quick to be one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// Number and time of the frame that the present row begins with.
    begun: Option<(u64, i64)>,
    /// The newest number of the row.
    newest: u64,
    /// Time, in units of 100 us, and number of frames of the fastest row.
    fastest: Option<(u64, u64)>,
}

impl Pace {
    /// Frame `number` ended at `eof_100us`.
    pub(super) fn note(&mut self, number: u64, eof_100us: i64) {
        let goes_on = self.begun.filter(|_| number == self.newest + 1);
        self.newest = number;
        let Some((first, begun)) = goes_on else {
            self.begun = Some((number, eof_100us));
            return;
        };
        // A clock that does not move is no pace at all.
        let row = (eof_100us.saturating_sub(begun).max(1).unsigned_abs(), number - first);
        if row.1 < ROW {
            return;
        }
        self.begun = Some((number, eof_100us));
        let faster = |(time, frames): (u64, u64)| {
            u128::from(row.0) * u128::from(frames) < u128::from(time) * u128::from(row.1)
        };
        if self.fastest.is_none_or(faster) {
            self.fastest = Some(row);
        }
    }

    /// Whether `frames` frames fit into `passed` units of 100 us; `None` as long as nothing is known. Half of the time that they should
    /// take will do, because the driver's times are rough.
    pub(super) fn fits(&self, frames: u64, passed: u64) -> Option<bool> {
        let (time, row) = self.fastest?;
        Some(u128::from(passed) * 2 * u128::from(row) >= u128::from(time) * u128::from(frames))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames from `first` on, each 10 units after the one before.
    fn row(pace: &mut Pace, first: u64, begun: i64, frames: u64) {
        (0..frames).for_each(|n| pace.note(first + n, begun + 10 * n.cast_signed()));
    }

    #[test]
    fn nothing_is_known_before_a_row_is_over() {
        let mut pace = Pace::default();
        row(&mut pace, 1, 0, ROW);
        assert_eq!(pace.fits(1, 1_000), None);
        row(&mut pace, 1 + ROW, 10 * ROW.cast_signed(), 1);
        assert_eq!((pace.fits(100, 500), pace.fits(100, 499)), (Some(true), Some(false)));
    }

    #[test]
    fn rows_with_a_loss_and_slow_ones_do_not_count() {
        let mut pace = Pace::default();
        row(&mut pace, 1, 0, ROW + 1);
        // The camera stood still, then lost frames: neither makes it slower, or faster.
        row(&mut pace, 2 + ROW, 90_000, 2);
        row(&mut pace, 1_000, 90_021, 3);
        assert_eq!((pace.fits(100, 500), pace.fits(100, 499)), (Some(true), Some(false)));
    }

    #[test]
    fn a_clock_that_does_not_move_proves_nothing() {
        let mut pace = Pace::default();
        (1..=20).for_each(|number| pace.note(number, 7));
        assert_eq!(pace.fits(9, 0), Some(false));
    }
}
