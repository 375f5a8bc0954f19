//! The part of the picture that is shown, turned as it is shown, line by line as 16-bit values.

use frame_pool::{Element, Layout, Origin, Picture, Sample, ViewError};

use super::kernels;
use super::look::{Crop, Orientation};

/// Lines made at once of a picture that is turned by 90 degrees: 64 bytes of each row, as the cache has them.
const BLOCK: u32 = 32;
/// What lies between two lines of a block, so that they do not fall onto the same place in the cache: 64 bytes.
const GAP: usize = 32;

/// Where the lines come from, and room for those that do not lie in memory as they are.
#[derive(Debug)]
pub(super) struct View {
    part: Crop,
    element: Element,
    turned: bool,
    columns_reversed: bool,
    rows_reversed: bool,
    room: Vec<u16>,
    /// The first line of the block in `room`, of the frame at hand.
    block: Option<u32>,
}

impl View {
    /// `part` is in the rows of memory.
    pub(super) fn new(layout: &Layout, part: Crop, orientation: Orientation) -> Self {
        let turned = orientation.is_turned();
        let room = if turned { (part.height as usize + GAP) * BLOCK as usize } else { part.width as usize };
        Self {
            part,
            element: layout.element,
            turned,
            columns_reversed: orientation.reverses_columns(),
            rows_reversed: orientation.reverses_rows() != (layout.origin == Origin::BottomLeft),
            room: vec![0; room],
            block: None,
        }
    }

    /// Columns and rows of what is shown.
    pub(super) const fn size(&self) -> (u32, u32) {
        if self.turned { (self.part.height, self.part.width) } else { (self.part.width, self.part.height) }
    }

    /// Where in the part, in memory, the pixel lies that is shown at a column and row.
    pub(super) const fn source_of(&self, column: u32, row: u32) -> (u32, u32) {
        let (column, row) = if self.turned { (row, column) } else { (column, row) };
        (
            if self.columns_reversed { self.part.width - 1 - column } else { column },
            if self.rows_reversed { self.part.height - 1 - row } else { row },
        )
    }

    /// The part, in memory.
    pub(super) const fn part(&self) -> Crop {
        self.part
    }

    /// Another frame: what was made of the last one is stale.
    pub(super) fn begin(&mut self) {
        self.block = None;
    }

    /// A line of what is shown: where it lies, or made.
    pub(super) fn line<'a>(&'a mut self, picture: &Picture<'a>, y: u32) -> Result<&'a [u16], ViewError> {
        if self.turned {
            return self.turned_line(picture, y);
        }
        let (_, row) = self.source_of(0, y);
        let row = self.part.row + row;
        if self.element == Element::U8 {
            kernels::widen(self.part.of(picture.row::<u8>(row)?), &mut self.room);
            if self.columns_reversed {
                self.room.reverse();
            }
            return Ok(&self.room);
        }
        let line = self.part.of(picture.row::<u16>(row)?);
        if !self.columns_reversed {
            return Ok(line);
        }
        for (&value, out) in line.iter().rev().zip(&mut self.room) {
            *out = value;
        }
        Ok(&self.room)
    }

    fn turned_line<'a>(&'a mut self, picture: &Picture<'a>, y: u32) -> Result<&'a [u16], ViewError> {
        let first = y / BLOCK * BLOCK;
        if self.block != Some(first) {
            self.block = None;
            match self.element {
                Element::U8 => self.fill_block::<u8>(picture, first)?,
                _ => self.fill_block::<u16>(picture, first)?,
            }
            self.block = Some(first);
        }
        let width = self.part.height as usize;
        let start = (y - first) as usize * (width + GAP);
        Ok(&self.room[start..start + width])
    }

    fn fill_block<T: Sample + Into<u16>>(
        &mut self,
        picture: &Picture<'_>,
        first: u32,
    ) -> Result<(), ViewError> {
        let (width, height) = self.size();
        let lines = BLOCK.min(height - first);
        for column in 0..width {
            // Of a row in memory come so many pixels one behind the other, forwards or backwards.
            let (from, row) = self.source_of(column, first);
            let (to, _) = self.source_of(column, first + lines - 1);
            let row = self.part.of(picture.row::<T>(self.part.row + row)?);
            let run = row.get(from.min(to) as usize..=from.max(to) as usize).unwrap_or(&[]);
            let places = self.room[column as usize..].iter_mut().step_by(width as usize + GAP);
            if self.columns_reversed {
                places.zip(run.iter().rev()).for_each(|(place, &value)| *place = value.into());
            } else {
                places.zip(run).for_each(|(place, &value)| *place = value.into());
            }
        }
        Ok(())
    }
}
