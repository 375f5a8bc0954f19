//! How long the callback takes: a histogram that can be filled without a lock and read at any time.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

/// Buckets per doubling: times are told to within an eighth.
const STEPS: u64 = 8;
/// Doublings from 1 ns on; 2^40 ns are 18 minutes.
const DOUBLINGS: u64 = 40;

/// Counts of durations.
pub(crate) struct Times {
    buckets: Box<[AtomicU32]>,
    longest: AtomicU64,
}

/// How long callbacks took, from entering ours to leaving it, wake of a reader included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallbackTimes {
    /// Callbacks measured.
    pub count: u64,
    /// Half of them were no longer than this (to within an eighth).
    pub p50: Duration,
    /// 99 of 100 were no longer than this (to within an eighth).
    pub p99: Duration,
    /// The longest one.
    pub longest: Duration,
}

impl Times {
    pub(crate) fn new() -> Self {
        let buckets = (0..STEPS * DOUBLINGS).map(|_| AtomicU32::new(0)).collect();
        Self { buckets, longest: AtomicU64::new(0) }
    }

    pub(crate) fn note(&self, ns: u64) {
        if let Some(bucket) = self.buckets.get(bucket_of(ns)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.longest.fetch_max(ns, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> CallbackTimes {
        let counts: Vec<u64> = self.buckets.iter().map(|b| b.load(Ordering::Relaxed).into()).collect();
        let count = counts.iter().sum();
        let longest = self.longest.load(Ordering::Relaxed);
        // The end of the bucket in which so many of a hundred are reached.
        let reached = |percent: u64| {
            let mut seen = 0;
            let index = counts.iter().position(|n| {
                seen += n;
                seen > 0 && seen * 100 >= count * percent
            });
            Duration::from_nanos(index.map_or(0, end_of).min(longest))
        };
        CallbackTimes { count, p50: reached(50), p99: reached(99), longest: Duration::from_nanos(longest) }
    }
}

fn bucket_of(ns: u64) -> usize {
    let ns = ns.max(1);
    let doubling = u64::from(ns.ilog2());
    // The three bits behind the leading one.
    let step = if doubling >= 3 {
        (ns >> (doubling - 3)) & (STEPS - 1)
    } else {
        (ns << (3 - doubling)) & (STEPS - 1)
    };
    (doubling * STEPS + step).min(STEPS * DOUBLINGS - 1) as usize
}

fn end_of(bucket: usize) -> u64 {
    let (doubling, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    ((STEPS + step + 1) << doubling) / STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_a_bucket_that_ends_within_an_eighth_above_it() {
        for ns in [1, 2, 3, 7, 8, 9, 100, 1_000, 12_345, 1 << 30, (1 << 35) + 17] {
            let end = end_of(bucket_of(ns));
            assert!(end >= ns && end <= ns + ns / 8 + 2, "{ns} {end}");
        }
        assert_eq!(bucket_of(u64::MAX), (STEPS * DOUBLINGS - 1) as usize);
    }

    #[test]
    fn percentiles_are_those_of_what_was_noted() {
        let times = Times::new();
        (0..98).for_each(|_| times.note(1_000));
        times.note(50_000);
        times.note(1_000_000);
        let read = times.read();
        assert_eq!(read.count, 100);
        assert!(
            read.p50 >= Duration::from_nanos(1_000) && read.p50 <= Duration::from_nanos(1_126),
            "{read:?}"
        );
        assert!(read.p99 >= Duration::from_micros(50) && read.p99 < Duration::from_micros(60), "{read:?}");
        assert_eq!(read.longest, Duration::from_millis(1));
        assert_eq!(Times::new().read(), CallbackTimes::default());
    }
}
