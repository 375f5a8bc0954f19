//! Pulses on the trigger input: those of the script, and those that a test or a program sends.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::Train;

/// Different kinds of sent pulses that wait at most; the rest is refused.
const MOST_WAITING: usize = 65_536;

/// A pulse of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pulse {
    /// Camera time of the rising edge, since the start of the acquisition.
    pub(super) rise_ns: u64,
    pub(super) high_ns: u64,
}

/// What the trigger input has in store.
#[derive(Debug)]
pub(super) struct Pulses {
    script: Arc<[Train]>,
    /// Next pulse of each train.
    next: Vec<u64>,
    /// Sent pulses that no exposure has used: how many, and how long each is high.
    waiting: VecDeque<(u32, u64)>,
}

impl Pulses {
    /// An input with a script, of which nothing has been played yet.
    pub(super) fn new(script: Arc<[Train]>) -> Self {
        Self { next: vec![0; script.len()], script, waiting: VecDeque::with_capacity(16) }
    }

    /// Plays `script` from its beginning; nothing waits any more.
    pub(super) fn rewind(&mut self, script: &Arc<[Train]>) {
        self.script = Arc::clone(script);
        self.next.clear();
        self.next.resize(script.len(), 0);
        self.waiting.clear();
    }

    /// Takes `count` pulses that begin as soon as the camera listens; false when too many wait.
    pub(super) fn send(&mut self, count: u32, high_ns: u64) -> bool {
        let full = self.waiting.len() >= MOST_WAITING;
        match self.waiting.back_mut() {
            Some((waiting, high)) if *high == high_ns => *waiting = waiting.saturating_add(count),
            _ if full => return false,
            _ if count > 0 => self.waiting.push_back((count, high_ns)),
            _ => {}
        }
        true
    }

    /// True if a sent pulse waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next sent pulse: how long it is high.
    pub(super) fn take_sent(&mut self) -> Option<u64> {
        let (count, high_ns) = self.waiting.front_mut()?;
        let high_ns = *high_ns;
        *count -= 1;
        if *count == 0 {
            self.waiting.pop_front();
        }
        Some(high_ns)
    }

    /// The script's next pulse.
    pub(super) fn peek(&self) -> Option<Pulse> {
        self.first().map(|(_, pulse)| pulse)
    }

    /// Passes over the script's next pulse.
    pub(super) fn advance(&mut self) {
        if let Some((train, _)) = self.first() {
            self.next[train] += 1;
        }
    }

    /// The earliest pulse of all trains, and its train.
    fn first(&self) -> Option<(usize, Pulse)> {
        let pulses = self.script.iter().zip(&self.next).enumerate();
        pulses
            .filter_map(|(index, (train, &next))| {
                Some((index, Pulse { rise_ns: train.rise_ns(next)?, high_ns: train.high_ns }))
            })
            .min_by_key(|(_, pulse)| pulse.rise_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(toml: &str) -> Pulses {
        #[derive(serde::Deserialize)]
        struct File {
            trigger: Vec<Train>,
        }
        Pulses::new(toml::from_str::<File>(toml).unwrap().trigger.into())
    }

    fn rises(mut pulses: Pulses, count: usize) -> Vec<u64> {
        std::iter::from_fn(|| {
            let pulse = pulses.peek();
            pulses.advance();
            pulse.map(|pulse| pulse.rise_ns)
        })
        .take(count)
        .collect()
    }

    #[test]
    fn trains_play_together_in_the_order_of_time() {
        let bursts = "[[trigger]]\nat_ms = [0.0, 1.0]\nevery_ms = 10\nrounds = 2\n";
        let steady = "[[trigger]]\nat_ms = 0.5\nrate_hz = 200.0\n";
        let played = rises(script(&format!("{bursts}{steady}")), 8);
        assert_eq!(
            played,
            [0, 500_000, 1_000_000, 5_500_000, 10_000_000, 10_500_000, 11_000_000, 15_500_000]
        );
        assert_eq!(rises(script(bursts), 9).len(), 4, "two rounds and no more");
    }

    #[test]
    fn sent_pulses_keep_their_order_and_length() {
        let mut pulses = Pulses::new(Arc::default());
        assert!(pulses.send(2, 0) && pulses.send(1, 7) && pulses.send(0, 9));
        let taken: Vec<_> = std::iter::from_fn(|| pulses.take_sent()).collect();
        assert_eq!(taken, [0, 0, 7]);
        assert!(!pulses.is_waiting());
    }
}
