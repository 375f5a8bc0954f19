//! When the next picture is due: as many a second as were asked for, whatever the camera does.

/// Times in nanoseconds of the monotonic clock.
#[derive(Debug)]
pub(super) struct Pace {
    interval: u64,
    due: u64,
}

/// What is to be done at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing before this time, whatever comes.
    NotBefore(u64),
    /// A frame, as soon as there is one; at this time at the latest what was shown before.
    Frame {
        /// When a frame that did not come is missed.
        repeat_at: u64,
    },
    /// No frame came in time: what was shown before, or the newest if it came just now.
    Repeat,
}

impl Pace {
    /// So many pictures a second, the first at once.
    pub(super) fn new(rate: u32) -> Self {
        Self { interval: 1_000_000_000 / u64::from(rate.max(1)), due: 0 }
    }

    pub(super) fn turn(&self, now: u64) -> Turn {
        // A camera that is as fast as we are comes a little early or late: its frames are waited for, half a turn at most.
        let repeat_at = self.due.saturating_add(self.interval / 2);
        if now < self.due {
            Turn::NotBefore(self.due)
        } else if now < repeat_at {
            Turn::Frame { repeat_at }
        } else {
            Turn::Repeat
        }
    }

    /// A picture was shown. Turns that were missed are not made up for.
    pub(super) fn shown(&mut self, now: u64) {
        let next = self.due.saturating_add(self.interval);
        self.due = if next <= now { now.saturating_add(self.interval) } else { next };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Plays a camera with a frame each `period`, and answers which frames are shown in the first second (0: one that was shown before).
    fn play(rate: u32, period: u64) -> Vec<u64> {
        let (mut pace, mut shown, mut now) = (Pace::new(rate), Vec::new(), 5_000 * MS);
        let (begin, mut last) = (now, 0);
        while now < begin + 1_000 * MS {
            let newest = (now - begin) / period;
            let fresh = newest > last;
            match pace.turn(now) {
                Turn::NotBefore(until) => {
                    now = until;
                    continue;
                }
                Turn::Frame { repeat_at } if !fresh => {
                    now = repeat_at.min(begin + (newest + 1) * period);
                    continue;
                }
                Turn::Frame { .. } | Turn::Repeat => shown.push(if fresh { newest } else { 0 }),
            }
            last = newest;
            pace.shown(now);
        }
        shown
    }

    #[test]
    fn a_faster_camera_is_thinned_out_and_the_newest_is_shown() {
        let shown = play(4, 33 * MS);
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(shown[1..].windows(2).all(|pair| (7..=8).contains(&(pair[1] - pair[0]))), "{shown:?}");
    }

    #[test]
    fn a_slower_camera_is_filled_up() {
        let shown = play(30, 250 * MS);
        assert!((29..=31).contains(&shown.len()), "{}", shown.len());
        let fresh: Vec<_> = shown.into_iter().filter(|number| *number > 0).collect();
        assert_eq!(fresh, [1, 2, 3], "each is shown once, and as soon as it is there");
    }

    #[test]
    fn a_camera_of_the_same_rate_is_shown_frame_by_frame() {
        let shown = play(50, 20 * MS);
        let fresh: Vec<_> = shown.iter().copied().filter(|number| *number > 0).collect();
        assert!(fresh.windows(2).all(|pair| pair[1] == pair[0] + 1), "{shown:?}");
        assert!(shown.iter().filter(|number| **number == 0).count() <= 2, "{shown:?}");
    }

    #[test]
    fn turns_that_were_missed_are_not_made_up_for() {
        let mut pace = Pace::new(10);
        pace.shown(1_000 * MS);
        assert_eq!(pace.turn(1_001 * MS), Turn::NotBefore(1_100 * MS));
        assert_eq!(pace.turn(1_100 * MS), Turn::Frame { repeat_at: 1_150 * MS });
        assert_eq!(pace.turn(9_000 * MS), Turn::Repeat);
        pace.shown(9_000 * MS);
        assert_eq!(pace.turn(9_001 * MS), Turn::NotBefore(9_100 * MS));
    }
}
