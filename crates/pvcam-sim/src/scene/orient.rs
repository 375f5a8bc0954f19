//! Turned and mirrored pictures, and the pixel sizes of delivered frames.

use crate::abi::constants::*;

/// How the delivered picture lies against that of the sensor: turned first, then mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Clockwise, 0 to 3.
    pub(crate) quarter_turns: u8,
    /// Left becomes right.
    pub(crate) mirror_columns: bool,
    /// Top becomes bottom.
    pub(crate) mirror_rows: bool,
}

impl Orientation {
    /// True if columns become rows.
    pub(crate) fn swaps_axes(self) -> bool {
        self.quarter_turns % 2 == 1
    }

    /// Where on a source of `columns` x `rows` pixels the pixel of a delivered column and row comes from.
    pub(crate) fn source(self, (columns, rows): (u32, u32), column: u32, row: u32) -> (u32, u32) {
        let (width, height) = if self.swaps_axes() { (rows, columns) } else { (columns, rows) };
        let column = if self.mirror_columns { width - 1 - column } else { column };
        let row = if self.mirror_rows { height - 1 - row } else { row };
        match self.quarter_turns % 4 {
            0 => (column, row),
            1 => (row, rows - 1 - column),
            2 => (columns - 1 - column, rows - 1 - row),
            _ => (columns - 1 - row, column),
        }
    }
}

/// How a pixel is stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    U8,
    U16,
    U24,
    U32,
}

impl Element {
    /// What a camera stores pixels of so many bits in.
    pub(crate) fn of_bits(bit_depth: u8) -> Self {
        if bit_depth <= 8 { Self::U8 } else { Self::U16 }
    }

    /// Bits per pixel.
    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::U8 => 8,
            Self::U16 => 16,
            Self::U24 => 24,
            Self::U32 => 32,
        }
    }

    /// Bytes per pixel.
    pub(crate) fn bytes(self) -> u32 {
        u32::from(self.bits()) / 8
    }

    /// The largest value.
    pub(crate) fn most(self) -> u32 {
        u32::MAX >> (32 - u32::from(self.bits()))
    }

    /// `PL_IMAGE_FORMATS` value and its name.
    pub(crate) fn format(self) -> (i32, &'static str) {
        match self {
            Self::U8 => (PL_IMAGE_FORMAT_MONO8, "MONO8"),
            Self::U16 => (PL_IMAGE_FORMAT_MONO16, "MONO16"),
            Self::U24 => (PL_IMAGE_FORMAT_MONO24, "MONO24"),
            Self::U32 => (PL_IMAGE_FORMAT_MONO32, "MONO32"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of 3 x 2: `a b c / d e f`, delivered.
    fn delivered(quarter_turns: u8, mirror_columns: bool, mirror_rows: bool) -> String {
        let orientation = Orientation { quarter_turns, mirror_columns, mirror_rows };
        let (columns, rows) = if orientation.swaps_axes() { (2, 3) } else { (3, 2) };
        let pixel = |row, column| {
            let (from_column, from_row) = orientation.source((3, 2), column, row);
            char::from(b"abcdef"[(from_row * 3 + from_column) as usize])
        };
        let row = |row| (0..columns).map(|column| pixel(row, column)).collect::<String>();
        (0..rows).map(row).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn pictures_turn_clockwise_and_are_mirrored_after_that() {
        assert_eq!(delivered(0, false, false), "abc/def");
        assert_eq!(delivered(1, false, false), "da/eb/fc");
        assert_eq!(delivered(2, false, false), "fed/cba");
        assert_eq!(delivered(3, false, false), "cf/be/ad");
        assert_eq!(delivered(0, true, false), "cba/fed");
        assert_eq!(delivered(0, false, true), "def/abc");
        assert_eq!(delivered(1, true, false), "ad/be/cf");
    }
}
