//! Exposure times in the units that a camera takes.

use core::time::Duration;

/// The unit in which the SDK takes and reports exposure times (`PARAM_EXP_RES_INDEX`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ExposureUnit {
    /// Whole microseconds: up to 71.6 minutes.
    Microseconds,
    /// Whole milliseconds: up to 49.7 days.
    Milliseconds,
    /// Whole seconds.
    Seconds,
}

impl ExposureUnit {
    /// Finest first.
    pub(crate) const ALL: [Self; 3] = [Self::Microseconds, Self::Milliseconds, Self::Seconds];

    pub(crate) const fn code(self) -> i32 {
        match self {
            Self::Microseconds => pvcam_sys::EXP_RES_ONE_MICROSEC,
            Self::Milliseconds => pvcam_sys::EXP_RES_ONE_MILLISEC,
            Self::Seconds => pvcam_sys::EXP_RES_ONE_SEC,
        }
    }

    pub(crate) fn from_code(code: i128) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| i128::from(unit.code()) == code)
    }

    const fn nanoseconds(self) -> u128 {
        match self {
            Self::Microseconds => 1_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
        }
    }

    /// The nearest whole number of units, if it is not 0 and the SDK can take it (32 bits).
    ///
    /// ```
    /// use std::time::Duration;
    /// use pvcam::ExposureUnit::{Microseconds, Milliseconds};
    /// assert_eq!(Microseconds.count(Duration::from_nanos(10_400)), Some(10));
    /// assert_eq!(Milliseconds.count(Duration::from_micros(1_500)), Some(2));
    /// assert_eq!(Microseconds.count(Duration::from_secs(7_200)), None, "two hours do not fit");
    /// ```
    #[must_use]
    pub fn count(self, exposure: Duration) -> Option<u32> {
        let unit = self.nanoseconds();
        let count = (exposure.as_nanos() + unit / 2) / unit;
        u32::try_from(count).ok().filter(|&count| count > 0)
    }

    /// How long `count` units are; as long as a `Duration` can say.
    #[must_use]
    pub fn duration(self, count: u64) -> Duration {
        let unit = self.nanoseconds() as u64;
        let per_second = 1_000_000_000 / unit;
        let nanoseconds = (count % per_second) * unit;
        // Below one second by the remainder above.
        Duration::new(count / per_second, nanoseconds as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_durations_are_each_others_inverse() {
        for unit in ExposureUnit::ALL {
            for count in [1, 2, 999, 1_000, 1_001, 1_000_001, u32::MAX] {
                assert_eq!(unit.count(unit.duration(u64::from(count))), Some(count), "{unit:?}");
            }
        }
        assert_eq!(ExposureUnit::Seconds.duration(u64::MAX), Duration::from_secs(u64::MAX));
    }

    #[test]
    fn zero_is_no_exposure() {
        assert_eq!(ExposureUnit::Microseconds.count(Duration::ZERO), None);
        assert_eq!(ExposureUnit::Microseconds.count(Duration::from_nanos(499)), None);
        assert_eq!(ExposureUnit::Microseconds.count(Duration::from_nanos(500)), Some(1));
    }
}
