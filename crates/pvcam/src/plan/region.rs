//! Where on the sensor to look, and how many sensor pixels make one picture pixel.

use core::fmt;

use crate::camera::Sensor;

/// A rectangle on the sensor, in unbinned sensor pixels. Column 0, row 0 is the sensor's first pixel.
///
/// ```
/// use pvcam::Region;
/// let region = Region::new(100, 200, 640, 480);
/// assert_eq!((region.last_column(), region.last_row()), (739, 679));
/// assert_eq!(region.to_string(), "columns 100..740, rows 200..680");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// First column, from 0.
    pub column: u16,
    /// First row, from 0.
    pub row: u16,
    /// Width in sensor pixels, at least 1.
    pub columns: u16,
    /// Height in sensor pixels, at least 1.
    pub rows: u16,
}

impl Region {
    /// A rectangle of `columns` x `rows` sensor pixels whose first pixel is (`column`, `row`). Checked when a camera is
    /// armed, because only then the sensor is known.
    #[must_use]
    pub const fn new(column: u16, row: u16, columns: u16, rows: u16) -> Self {
        Self { column, row, columns, rows }
    }

    /// The whole sensor.
    #[must_use]
    pub const fn full(sensor: Sensor) -> Self {
        Self::new(0, 0, sensor.columns, sensor.rows)
    }

    /// A rectangle of this size in the middle of the sensor; no larger than the sensor.
    #[must_use]
    pub fn centred(sensor: Sensor, columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.min(sensor.columns), rows.min(sensor.rows));
        Self::new((sensor.columns - columns) / 2, (sensor.rows - rows) / 2, columns, rows)
    }

    /// The last column that belongs to it. An empty region has none and answers its first.
    #[must_use]
    pub const fn last_column(self) -> u32 {
        self.column as u32 + (self.columns as u32).saturating_sub(1)
    }

    /// The last row that belongs to it. An empty region has none and answers its first.
    #[must_use]
    pub const fn last_row(self) -> u32 {
        self.row as u32 + (self.rows as u32).saturating_sub(1)
    }

    /// Whether a sensor pixel belongs to both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.column as u32 <= other.last_column()
            && other.column as u32 <= self.last_column()
            && self.row as u32 <= other.last_row()
            && other.row as u32 <= self.last_row()
    }

    /// Whether it is not empty and lies wholly on the sensor.
    #[must_use]
    pub const fn lies_on(self, sensor: Sensor) -> bool {
        self.columns > 0
            && self.rows > 0
            && self.last_column() < sensor.columns as u32
            && self.last_row() < sensor.rows as u32
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (right, bottom) =
            (u32::from(self.column) + u32::from(self.columns), u32::from(self.row) + u32::from(self.rows));
        write!(f, "columns {}..{right}, rows {}..{bottom}", self.column, self.row)
    }
}

/// How many sensor pixels are summed into one picture pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binning {
    /// Sensor columns per picture column, at least 1.
    pub columns: u16,
    /// Sensor rows per picture row, at least 1.
    pub rows: u16,
}

impl Binning {
    /// No binning.
    pub const NONE: Self = Self::new(1, 1);

    /// Sums `columns` x `rows` sensor pixels. Checked against what the camera offers when it is armed.
    #[must_use]
    pub const fn new(columns: u16, rows: u16) -> Self {
        Self { columns, rows }
    }

    /// Columns and rows of a picture of `region`; sensor pixels that do not fill a bin are dropped.
    ///
    /// ```
    /// use pvcam::{Binning, Region};
    /// assert_eq!(Binning::new(2, 4).picture(Region::new(0, 0, 101, 100)), (50, 25));
    /// ```
    #[must_use]
    pub fn picture(self, region: Region) -> (u16, u16) {
        (region.columns / self.columns.max(1), region.rows / self.rows.max(1))
    }
}

impl fmt::Display for Binning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSOR: Sensor = Sensor { columns: 2048, rows: 1024, pixel_width_nm: 6500, pixel_height_nm: 6500 };

    #[test]
    fn a_region_lies_on_the_sensor_to_its_very_last_pixel() {
        assert!(Region::full(SENSOR).lies_on(SENSOR));
        assert!(Region::new(2047, 1023, 1, 1).lies_on(SENSOR));
        assert!(!Region::new(2047, 1023, 2, 1).lies_on(SENSOR));
        assert!(!Region::new(0, 1, 1, 1024).lies_on(SENSOR));
        assert!(!Region::new(65535, 0, 65535, 1).lies_on(SENSOR), "the sum does not wrap");
        assert!(!Region::new(0, 0, 0, 1).lies_on(SENSOR), "an empty region lies nowhere");
    }

    #[test]
    fn regions_overlap_if_they_share_a_pixel_and_not_if_they_touch() {
        let middle = Region::new(10, 10, 5, 5);
        for other in [Region::new(14, 14, 9, 9), Region::new(0, 0, 11, 11), Region::new(11, 11, 1, 1), middle]
        {
            assert!(middle.overlaps(other) && other.overlaps(middle), "{other}");
        }
        for other in [Region::new(15, 10, 5, 5), Region::new(10, 15, 5, 5), Region::new(0, 0, 10, 20)] {
            assert!(!middle.overlaps(other) && !other.overlaps(middle), "{other}");
        }
    }

    #[test]
    fn a_centred_region_is_cut_to_the_sensor() {
        assert_eq!(Region::centred(SENSOR, 64, 32), Region::new(992, 496, 64, 32));
        assert_eq!(Region::centred(SENSOR, u16::MAX, 32), Region::new(0, 496, 2048, 32));
    }
}
