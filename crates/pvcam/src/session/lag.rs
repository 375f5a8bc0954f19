//! How late callbacks are, by the driver's own time of each frame: where nothing but a clock protects a frame, it must start when the
//! frame ended, not when a callback that was held up came to tell.

use core::time::Duration;

/// Nanoseconds in a unit of the driver's times.
const TICK_NS: u64 = 100_000;

/// The smallest distance seen between the driver's clock and ours: that of the callback that came soonest.
///
/// The clocks drift, and the driver's may be set, so only the last seconds count: two windows. They are measured by when callbacks came,
/// not by how many: those that were held up come all at once, however many they are, and do not fill a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lag {
    window_ns: u64,
    /// When this window began.
    since_ns: u64,
    least: i128,
    least_before: i128,
    last_100us: i64,
}

/// Shortest window.
const WINDOW: Duration = Duration::from_secs(5);

impl Lag {
    /// For a ring that lasts `ring_time`.
    pub(super) fn new(ring_time: Duration) -> Self {
        let window_ns = u64::try_from(WINDOW.max(ring_time.saturating_mul(4)).as_nanos()).unwrap_or(u64::MAX);
        Self { window_ns, since_ns: 0, least: i128::MAX, least_before: i128::MAX, last_100us: 0 }
    }

    /// When a frame ended, on our clock, which was announced at `at_ns` and ended at `eof_100us` on the driver's clock; never later than
    /// `at_ns`. A driver's clock that does not move says nothing.
    pub(super) fn ended_ns(&mut self, eof_100us: i64, at_ns: u64) -> u64 {
        let moves = eof_100us > self.last_100us;
        self.last_100us = eof_100us;
        if !moves {
            return at_ns;
        }
        let distance = i128::from(at_ns) - i128::from(eof_100us) * i128::from(TICK_NS);
        if at_ns.saturating_sub(self.since_ns) >= self.window_ns {
            (self.least_before, self.least, self.since_ns) = (self.least, i128::MAX, at_ns);
        }
        self.least = self.least.min(distance);
        let late = distance - self.least.min(self.least_before);
        at_ns.saturating_sub(u64::try_from(late).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Frames each 4 ms, announced `late` ms after their end each; how late each is held to be.
    fn told(lag: &mut Lag, first: u64, late: &[u64]) -> Vec<u64> {
        (first..)
            .zip(late)
            .map(|(n, late)| {
                let (eof_ms, at_ms) = (4 * n, 1_000 + 4 * n + late);
                at_ms - lag.ended_ns(eof_ms as i64 * 10, at_ms * MS) / MS
            })
            .collect()
    }

    fn lag() -> Lag {
        Lag::new(Duration::from_millis(256))
    }

    #[test]
    fn a_callback_that_was_held_up_is_known_to_be_late() {
        let mut lag = lag();
        assert_eq!(told(&mut lag, 1, &[0, 0, 0, 40, 36, 32, 0, 1]), [0, 0, 0, 40, 36, 32, 0, 1]);
    }

    #[test]
    fn any_number_of_them_that_come_at_once_are() {
        let mut lag = lag();
        told(&mut lag, 1, &[0; 10]);
        // 2,500 frames that should have come in the last ten seconds.
        let late: Vec<u64> = (0..2_500).rev().map(|n| 4 * n).collect();
        assert_eq!(told(&mut lag, 11, &late), late);
    }

    #[test]
    fn a_clock_that_was_set_is_believed_again_after_two_windows() {
        let mut lag = lag();
        told(&mut lag, 1, &[0; 10]);
        // From here on the driver's clock is 100 ms behind.
        let all = told(&mut lag, 11, &[100; 3_000]);
        assert!(all[..1_000].iter().all(|&late| late == 100), "which looks late at first");
        assert!(all[2_600..].iter().all(|&late| late == 0), "ten seconds later it does not");
    }

    #[test]
    fn a_clock_that_does_not_move_says_nothing() {
        let mut lag = lag();
        assert_eq!([5, 9, 77].map(|ms| lag.ended_ns(0, ms * MS)), [5, 9, 77].map(|ms| ms * MS));
    }
}
