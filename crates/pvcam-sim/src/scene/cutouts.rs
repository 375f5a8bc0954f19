//! Centroids: the camera looks for bright spots and delivers only cut-outs around them.
//!
//! The vendor does not publish how spots are found; this rule is ours. A spot is a pixel above the mean of the picture that no
//! pixel within the radius exceeds (of equal ones the first in reading order). The brightest come first.

use super::paint::ImageSize;
use super::pixels::Row;

/// What is cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cutouts {
    /// A cut-out has so many pixels on either side of its spot; at the edges of the picture it is moved inwards.
    pub(crate) radius: u16,
    /// Cut-outs of a frame, at most.
    pub(crate) count: u16,
}

impl Cutouts {
    /// Columns and rows of a cut-out.
    pub(crate) fn side(&self) -> u16 {
        self.radius.saturating_mul(2).saturating_add(1)
    }

    /// Pixels of a cut-out.
    pub(crate) fn pixels(&self) -> u32 {
        u32::from(self.side()) * u32::from(self.side())
    }
}

/// A bright spot.
#[derive(Clone, Copy, Debug)]
struct Spot {
    value: u16,
    column: usize,
    row: usize,
}

/// Room for finding spots, allocated when the acquisition starts.
#[derive(Debug)]
pub(crate) struct SpotBuffer {
    columns: usize,
    rows: usize,
    cutouts: Cutouts,
    picture: Vec<u16>,
    /// The highest pixel within the radius along the row.
    along: Vec<u16>,
    spots: Vec<Spot>,
}

impl SpotBuffer {
    /// Room for a picture of this size.
    pub(super) fn new(image: ImageSize, cutouts: Cutouts) -> Self {
        let pixels = vec![0; image.pixels()];
        Self {
            columns: image.columns as usize,
            rows: image.rows as usize,
            cutouts,
            along: pixels.clone(),
            picture: pixels,
            spots: Vec::with_capacity(usize::from(cutouts.count) + 1),
        }
    }

    /// Takes a row of the picture.
    pub(super) fn take(&mut self, r: u32, row: Row<'_>) {
        let start = r as usize * self.columns;
        let room = self.picture[start..start + self.columns].iter_mut();
        match row {
            Row::U8(pixels) => room.zip(pixels).for_each(|(here, &pixel)| *here = pixel.into()),
            Row::U16(pixels) => room.zip(pixels).for_each(|(here, &pixel)| *here = pixel),
        }
    }

    /// Looks for spots in the rows that were taken.
    pub(super) fn find(&mut self) {
        self.spots.clear();
        let (columns, reach) = (self.columns, usize::from(self.cutouts.radius));
        for (along, row) in self.along.chunks_exact_mut(columns).zip(self.picture.chunks_exact(columns)) {
            for (column, highest) in along.iter_mut().enumerate() {
                let near = &row[column.saturating_sub(reach)..(column + reach + 1).min(columns)];
                *highest = near.iter().copied().max().unwrap_or(0);
            }
        }
        let sum: u64 = self.picture.iter().map(|&pixel| u64::from(pixel)).sum();
        let mean = sum / (self.picture.len() as u64).max(1);
        for index in 0..self.picture.len() {
            let spot = Spot { value: self.picture[index], column: index % columns, row: index / columns };
            if u64::from(spot.value) > mean && self.is_highest(&spot) {
                self.keep(spot);
            }
        }
    }

    fn is_highest(&self, spot: &Spot) -> bool {
        let reach = usize::from(self.cutouts.radius);
        let rows = spot.row.saturating_sub(reach)..(spot.row + reach + 1).min(self.rows);
        rows.into_iter().all(|row| self.along[row * self.columns + spot.column] <= spot.value)
    }

    /// Puts the spot among the brightest, unless an equal one before it is near.
    fn keep(&mut self, spot: Spot) {
        let reach = usize::from(self.cutouts.radius);
        let near = |other: &Spot| {
            other.column.abs_diff(spot.column) <= reach && other.row.abs_diff(spot.row) <= reach
        };
        let place = self.spots.partition_point(|other| other.value >= spot.value);
        if place < usize::from(self.cutouts.count) && !self.spots.iter().any(near) {
            self.spots.insert(place, spot);
            self.spots.truncate(self.cutouts.count.into());
        }
    }

    /// First column and row of the cut-out of a spot, if there are so many.
    pub(super) fn corner(&self, index: usize) -> Option<(usize, usize)> {
        let spot = self.spots.get(index)?;
        let (reach, side) = (usize::from(self.cutouts.radius), usize::from(self.cutouts.side()));
        let start = |centre: usize, size: usize| centre.saturating_sub(reach).min(size.saturating_sub(side));
        Some((start(spot.column, self.columns), start(spot.row, self.rows)))
    }

    /// The pixels of a cut-out, row by row.
    pub(super) fn pixels(&self, (column, row): (usize, usize)) -> impl Iterator<Item = u16> + '_ {
        let side = usize::from(self.cutouts.side());
        (row..row + side).flat_map(move |row| {
            let start = row * self.columns + column;
            self.picture[start..start + side].iter().copied()
        })
    }
}
