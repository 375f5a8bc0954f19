//! Where times are counted while frames flow: fixed in size, no lock, no allocation.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

/// Buckets per octave, as a power of two: a bucket is at most one sixteenth of its value wide.
const FINE: u32 = 4;
const PER_OCTAVE: usize = 1 << FINE;
/// Values below `2^FINE` have a bucket each; every octave above has `PER_OCTAVE`.
const BUCKETS: usize = PER_OCTAVE * (64 - FINE as usize + 1);

/// A histogram of times, from nanoseconds to centuries, with buckets at most 6.25 % wide.
///
/// It takes 8 KiB, allocated when it is made and never again. Recording is two relaxed atomic operations and may be
/// done by any number of threads, the SDK's callback thread among them. Reading while others record is allowed: the
/// answer is that of some moment in between.
pub(super) struct Histogram {
    buckets: Box<[AtomicU64; BUCKETS]>,
    longest: AtomicU64,
}

impl Histogram {
    /// An empty histogram.
    pub(super) fn new() -> Self {
        Self { buckets: Box::new([const { AtomicU64::new(0) }; BUCKETS]), longest: AtomicU64::new(0) }
    }

    /// Counts one time in nanoseconds.
    pub(super) fn record_ns(&self, ns: u64) {
        // The counts stand for themselves, hence relaxed.
        if let Some(bucket) = self.buckets.get(bucket_of(ns)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.longest.fetch_max(ns, Ordering::Relaxed);
    }

    /// Times counted.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The longest time counted; `None` while there is none.
    pub(super) fn longest(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.longest.load(Ordering::Relaxed)))
    }

    /// The time that a share `q` (0 to 1) of all counted times does not exceed, rounded up to the end of its bucket (at
    /// most 6.25 %) but not beyond the longest time. `None` while nothing is counted.
    pub(super) fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // Between 1 and count, whatever `q` is (also NaN).
        let rank = ((count as f64 * q).ceil() as u64).clamp(1, count);
        let mut seen = 0;
        let found = self.buckets.iter().position(|bucket| {
            seen += bucket.load(Ordering::Relaxed);
            seen >= rank
        });
        let end = end_of(found.unwrap_or(BUCKETS - 1));
        Some(Duration::from_nanos(end.min(self.longest.load(Ordering::Relaxed))))
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("median", &self.quantile(0.5))
            .field("longest", &self.longest())
            .finish_non_exhaustive()
    }
}

/// The bucket that a value falls into; always below `BUCKETS`.
fn bucket_of(value: u64) -> usize {
    let octave = value.checked_ilog2().unwrap_or(0);
    if octave < FINE {
        return value as usize;
    }
    // The leading 1 and the FINE bits behind it: PER_OCTAVE up to 2 * PER_OCTAVE - 1.
    let leading = (value >> (octave - FINE)) as usize;
    (octave - FINE) as usize * PER_OCTAVE + leading
}

/// The greatest value of a bucket.
fn end_of(bucket: usize) -> u64 {
    if bucket < PER_OCTAVE {
        return bucket as u64;
    }
    let shift = bucket / PER_OCTAVE - 1;
    let leading = (bucket % PER_OCTAVE + PER_OCTAVE) as u128;
    u64::try_from(((leading + 1) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_is_narrow_enough() {
        let mut values: Vec<u64> = (0..5000).collect();
        values.extend((0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]));
        values.extend([u64::MAX, u64::MAX - 1, 123_456_789]);
        for value in values {
            let bucket = bucket_of(value);
            assert!(bucket < BUCKETS, "{value}");
            let end = end_of(bucket);
            assert!(end >= value && (end - value) as f64 <= value as f64 / 16.0, "{value} {bucket} {end}");
            assert!(bucket == 0 || end_of(bucket - 1) < value, "{value} belongs to an earlier bucket");
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let times = Histogram::new();
        assert_eq!((times.quantile(0.5), times.longest(), times.count()), (None, None, 0));
        for ns in 1..=16 {
            times.record_ns(ns);
        }
        let at = |q| times.quantile(q).map(|time| time.as_nanos());
        assert_eq!(at(0.0), Some(1));
        assert_eq!(at(0.5), Some(8));
        assert_eq!(at(0.51), Some(9));
        assert_eq!(at(1.0), Some(16));
        assert_eq!(at(7.0), Some(16));
        assert_eq!(at(f64::NAN), Some(1));
        times.record_ns(u64::MAX);
        assert_eq!(at(1.0), Some(u64::MAX.into()));
    }

    #[test]
    fn the_median_does_not_exceed_the_longest() {
        let times = Histogram::new();
        times.record_ns(1_000_001);
        assert_eq!(times.quantile(0.5), Some(Duration::from_nanos(1_000_001)));
    }
}
