//! Gaps: which slot a frame lies in when some were lost before it, and where the lost ones went.

use frame_pool::{LossCause, StreamMode};

use super::context::Context;
use super::delivery::{Arrival, Delivering, Progress, TooHigh};
use super::fill::Fill;
use super::slot::{Place, Stamp};

impl Delivering {
    /// Finds the slot of an announced frame. `None` if evidence disagrees, or if there is none where some is needed.
    pub(super) fn place(
        &self,
        progress: &mut Progress,
        number: u64,
        gap: u64,
        context: &Context,
    ) -> Option<Place> {
        let first = progress.last == 0;
        let expected = progress.camera + gap + 1;
        if gap == 0 && !first && !progress.ask_always {
            if !self.slots.stamped {
                return Some(Place { block: progress.next, ahead: 0, stamp: None, proven: true });
            }
            let stamp = self.slots.stamp(&self.stream, progress.next);
            if stamp.is_some_and(|stamp| stamp.number == expected) {
                return Some(Place { block: progress.next, ahead: 0, stamp, proven: true });
            }
        }
        // The SDK's own word first: it is asked on the first frame (which proves the rule for the run) and on every gap.
        if let Some(block) = self.slots.ask(context, number) {
            return self.told(progress, gap, expected, block);
        }
        if !self.slots.stamped {
            return self.by_rule(progress, gap);
        }
        let found = self.slots.find(&self.stream, progress.next, gap, progress.camera, expected);
        match found {
            Some(ahead) => self.at(progress, ahead, expected),
            // One frame, one new slot: a number that is too high means that the camera itself lost some.
            None if gap == 0 => self.at(progress, 0, expected),
            None => None,
        }
    }

    /// The SDK named a slot: believed if the stamp in it does not speak against it.
    fn told(&self, progress: &mut Progress, gap: u64, expected: u64, block: u32) -> Option<Place> {
        let ahead = self.slots.distance(progress.next, block);
        let stamp = self.slots.stamp(&self.stream, block);
        if self.slots.stamped && stamp.is_none_or(|stamp| stamp.number < expected) {
            return None;
        }
        if u64::from(ahead) <= gap {
            return Some(Place { block, ahead, stamp, proven: true });
        }
        // Further on than frames were lost: the rule of the ring does not hold here. Copies can live with that.
        progress.ask_always = true;
        let copying = self.stream.mode() == StreamMode::Copied;
        copying.then_some(Place { block, ahead: 0, stamp, proven: true })
    }

    /// No stamp and no word: every frame number has a slot, as the ring's rule says. That is a guess once numbers are missing, and
    /// in place a guess is not good enough: the slot might yet be written.
    fn by_rule(&self, progress: &Progress, gap: u64) -> Option<Place> {
        let guess = gap > 0 || progress.ask_always;
        if guess && self.mode != StreamMode::Copied {
            return None;
        }
        let block = self.slots.after(progress.next, gap);
        Some(Place { block, ahead: self.slots.distance(progress.next, block), stamp: None, proven: !guess })
    }

    fn at(&self, progress: &Progress, ahead: u32, least: u64) -> Option<Place> {
        let block = self.slots.after(progress.next, ahead.into());
        let stamp: Stamp = self.slots.stamp(&self.stream, block)?;
        let plausible = stamp.number >= least;
        plausible.then_some(Place { block, ahead, stamp: Some(stamp), proven: true })
    }

    /// Whether a slot whose number is `beyond` too high holds a later frame, written over the one that was announced; if not,
    /// the camera has lost so many.
    ///
    /// A frame is written over by one that is at least a round of the ring later, so a number that is too high by less is the
    /// camera's loss. The camera writes slots in order, so then the slot of the last good frame is written over, too: as long as
    /// it is not, nothing behind it is. Where there is no such witness, only time tells: callbacks that lag by a whole round
    /// lose notifications, so a number that stays as much too high for two rounds without a gap is a loss.
    pub(super) fn is_overwritten(&self, progress: &mut Progress, arrival: &Arrival, beyond: u64) -> bool {
        let round = u64::from(self.slots.count.max(1));
        let before = core::mem::take(&mut progress.too_high);
        if beyond < round || self.mode == StreamMode::Frozen {
            return false;
        }
        if self.stream.mode() == StreamMode::Locked {
            if self.is_loss(progress, arrival, beyond) {
                return false;
            }
            // Either the ring has broken its promise, or more than a round was lost and nothing shows it. In place only certainty
            // will do; copies find out which it was.
            self.stream.distrust();
            progress.too_high = TooHigh { by: beyond, run: 1 };
            return true;
        }
        let run = if arrival.gap == 0 && before.by == beyond { before.run + 1 } else { 1 };
        let witness = self.witness(progress);
        // Even before a witness a number that is too high by whole rounds has to be seen twice: a slot half written over has one.
        let needed = match witness {
            Some(true) if beyond.is_multiple_of(round) => 2,
            Some(true) => 1,
            _ => 2 * round,
        };
        if run >= needed {
            return false;
        }
        progress.too_high = TooHigh { by: beyond, run };
        true
    }

    /// Whether the slot of the last good frame still holds it; `None` if there was none.
    fn witness(&self, progress: &Progress) -> Option<bool> {
        let (block, number) = progress.good?;
        let stamp = self.slots.stamp(&self.stream, block);
        Some(stamp.is_some_and(|stamp| stamp.number == number))
    }

    /// Locked ring: whether a loss explains that `beyond` frames are missing which the host has not numbered. Of three things two have
    /// to say so: the ring is known to have been full; the slot before is untouched (who writes over a slot by going round has
    /// written over that one first); and, with one of them, there was time for so many since the last frame, at the fastest
    /// pace of this run (one that was written over is announced with its own time, not with that of the frame in its slot, so a
    /// whole round too soon).
    fn is_loss(&self, progress: &Progress, arrival: &Arrival, beyond: u64) -> bool {
        match (progress.fill.full_after == Some(progress.camera), self.witness(progress) == Some(true)) {
            (false, false) => return false,
            // Both leave no doubt; and a camera that was starved before has a pace that says too little.
            (true, true) => return true,
            _ => {}
        }
        let passed = arrival.info.TimeStamp.saturating_sub(progress.eof_100us).max(0).unsigned_abs();
        // A camera that has not yet sent a few frames in a row is believed to be as fast as its own figures.
        let figures = || {
            let needed = self.settings.frame_time.saturating_mul(u32::try_from(beyond).unwrap_or(u32::MAX));
            u128::from(passed) * 2 * 100 >= needed.as_micros()
        };
        progress.pace.fits(beyond, passed).unwrap_or_else(figures)
    }

    /// Enters the frames between the last one and number `camera` (exclusive) as lost, each for its cause: those whose
    /// slots were written lost their notification; of the others, as many as the host's numbers skip were lost before the ring,
    /// and the rest inside the camera; either to a full ring, if they follow on the frame that filled it ([`super::fill`]).
    pub(super) fn enter_losses(&self, progress: &mut Progress, arrival: &Arrival, place: Place, camera: u64) {
        let mut at = progress.camera + 1;
        if at >= camera {
            return;
        }
        let written = if place.proven { place.ahead } else { 0 };
        let mut host = arrival.gap.saturating_sub(written.into());
        for ahead in 0..written {
            let block = self.slots.after(progress.next, ahead.into());
            let stamp = self.slots.stamp(&self.stream, block);
            // Room is left for the slots behind it.
            let last = camera - u64::from(written - ahead);
            let number = stamp.map_or(at, |stamp| stamp.number).clamp(at, last.max(at));
            host -= self.enter_missing(progress.fill, at, number, host);
            self.stream.lost(LossCause::Notification, number, 1);
            if self.mode == StreamMode::Locked {
                progress.fill.wrote(self.slots.count, 1, number);
            }
            at = number + 1;
        }
        self.enter_missing(progress.fill, at, camera, host);
    }

    /// Enters the numbers from `from` on, below `to`, which have no slot; up to `host` of them the host's own numbers skip. Tells how
    /// many of these.
    fn enter_missing(&self, fill: Fill, from: u64, to: u64, host: u64) -> u64 {
        let all = to.saturating_sub(from);
        let host = all.min(host);
        if fill.full_after == Some(from - 1) {
            self.stream.lost(LossCause::RingFull, from, all);
        } else {
            self.stream.lost(LossCause::BeforeHost, from, host);
            self.stream.lost(LossCause::InCamera, from + host, all - host);
        }
        host
    }
}
