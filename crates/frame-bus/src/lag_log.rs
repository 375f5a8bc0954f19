//! Lag in the log: told by the reader's thread, seldom.

use std::time::{Duration, Instant};

use crate::event::Lag;

/// Shortest time between two lines about one subscriber.
const SELDOM: Duration = Duration::from_secs(1);

/// What was told of one subscriber's lag, and what was not yet.
#[derive(Debug, Default)]
pub(crate) struct LagLog {
    told: Option<Instant>,
    untold: Lag,
}

impl LagLog {
    /// The subscriber is being told of `lag`; says so, unless it did a moment ago. What is left out is in the next line.
    pub(crate) fn note(&mut self, subscriber: &str, lag: Lag) {
        self.untold.add(lag.first, lag.count);
        let now = Instant::now();
        if self.told.is_some_and(|told| now.duration_since(told) < SELDOM) {
            return;
        }
        self.told = Some(now);
        let Lag { first, count } = core::mem::take(&mut self.untold);
        tracing::warn!(subscriber, first, count, "frames did not reach a subscriber that is too slow");
    }
}
