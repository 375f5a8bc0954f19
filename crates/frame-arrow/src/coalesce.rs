//! Many frames in one batch: one copy each, and it is counted.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::MutableBuffer;
use frame_pool::{Lease, Picture, Torn, ViewError};

use crate::columns::Row;
use crate::error::BatchError;
use crate::schema::{FrameSchema, because};
use crate::tensor::LendError;

/// Several frames in one batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct Coalesced {
    /// One row for each frame. It holds no lease.
    pub batch: RecordBatch,
    /// Bytes of pixels that were copied.
    pub copied_bytes: u64,
    /// Frames that were not the camera's any more when they had been copied: their places in `batch`, whose column `torn` is set there,
    /// and why.
    pub torn: Vec<(usize, Torn)>,
}

impl FrameSchema {
    /// Copies several frames into one batch, row after row without padding: for readers that want few large batches, and for frames
    /// that cannot be lent as they lie (padded rows, odd addresses). The leases can go afterwards.
    ///
    /// # Errors
    /// [`BatchError::Empty`], [`BatchError::TooMany`], [`BatchError::Shape`], and [`BatchError::View`] for a layout that does not fit
    /// its slot.
    ///
    /// ```
    /// # use frame_arrow::{BatchError, FrameSchema};
    /// # use frame_pool::Lease;
    /// fn table(schema: &FrameSchema, leases: &[Lease]) -> Result<(), BatchError> {
    ///     let many = schema.coalesce(leases)?;
    ///     println!("{} frames, {} bytes copied", many.batch.num_rows(), many.copied_bytes);
    ///     Ok(())
    /// }
    /// ```
    pub fn coalesce(&self, leases: &[Lease]) -> Result<Coalesced, BatchError> {
        if leases.is_empty() {
            return Err(BatchError::Empty);
        }
        let mut values = Vec::with_capacity(self.tensors.len());
        for tensor in &self.tensors {
            let bytes = tensor.elements as usize * tensor.layout.element.bytes() as usize;
            let bytes = bytes.checked_mul(leases.len()).filter(|bytes| *bytes <= isize::MAX as usize / 2);
            let bytes = bytes.ok_or(BatchError::TooMany { frames: leases.len() })?;
            values.push(MutableBuffer::with_capacity(bytes));
        }
        let mut torn = Vec::new();
        for (place, lease) in leases.iter().enumerate() {
            for ((picture, _), values) in self.pictures(lease)?.zip(&mut values) {
                copy_rows(&picture, values).map_err(|why| because(lease, LendError::View(why)))?;
            }
            torn.extend(lease.verify().err().map(|why| (place, why)));
        }
        let copied_bytes = values.iter().map(|values| values.len() as u64).sum();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.arrow().fields().len());
        for (tensor, values) in self.tensors.iter().zip(values) {
            columns.push(tensor.list(values.into())?);
        }
        let rows: Vec<Row> = leases.iter().map(|lease| self.columns.row(lease)).collect();
        self.columns.many(&rows, &mut columns)?;
        // The last of all columns.
        let marks: BooleanArray =
            (0..leases.len()).map(|row| Some(torn.iter().any(|(place, _)| *place == row))).collect();
        if let Some(last) = columns.last_mut() {
            *last = Arc::new(marks);
        }
        let batch = RecordBatch::try_new(Arc::clone(self.arrow()), columns)?;
        Ok(Coalesced { batch, copied_bytes, torn })
    }
}

/// Bytes of each row, whatever lies between rows and wherever they begin.
fn copy_rows(picture: &Picture<'_>, out: &mut MutableBuffer) -> Result<(), ViewError> {
    let bytes = picture.bytes()?;
    let layout = picture.layout();
    if layout.is_packed() {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    let length = layout.row_bytes() as usize;
    if (layout.row_stride as usize) < length {
        let (row_stride, row_bytes) = (layout.row_stride, layout.row_bytes());
        return Err(ViewError::Overlapping { row_stride, row_bytes });
    }
    for row in bytes.chunks(layout.row_stride as usize) {
        out.extend_from_slice(row.get(..length).unwrap_or(row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use frame_pool::{Element, Layout};

    use super::*;

    #[test]
    fn padding_between_rows_is_left_out() {
        let slot: Vec<u8> = (0..20).collect();
        let layout = Layout { row_stride: 6, ..Layout::mono(Element::U8, 8, 3, 4) };
        let mut out = MutableBuffer::new(0);
        copy_rows(&Picture::new(&slot, layout.at_offset(1)), &mut out).unwrap();
        assert_eq!(out.as_slice(), [1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15, 16]);
        let overlapping = Layout { row_stride: 3, ..layout };
        let why = copy_rows(&Picture::new(&slot, overlapping), &mut out).unwrap_err();
        assert!(matches!(why, ViewError::Overlapping { row_stride: 3, row_bytes: 4 }));
    }
}
