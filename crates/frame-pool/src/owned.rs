//! A frame in memory of its own, with the views of a lease.

use core::borrow::Borrow;

use crate::layout::Layout;
use crate::picture::{Picture, Sample, ViewError};
use crate::record::Record;
use crate::regions::{RegionLayout, RegionView};

/// A copy of a frame: its whole slot, its record, and the same typed views as a [`crate::Lease`].
///
/// Made by [`crate::Lease::to_owned_frame`] with one allocation. It holds no slot of the ring, and lives as long as you like.
/// The slot begins at a multiple of 8 bytes: whatever could be viewed in the camera's memory can be viewed here.
#[derive(Debug, Clone)]
pub struct OwnedFrame {
    record: Record,
    /// The slot, filled up to a whole word: words, so that the first pixel is aligned for every element type.
    words: Box<[u64]>,
    bytes: usize,
}

impl OwnedFrame {
    pub(crate) fn new(record: Record, slot: &[u8]) -> Self {
        let mut words = vec![0_u64; slot.len().div_ceil(size_of::<u64>())].into_boxed_slice();
        let target: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        // The target is as long as the slot or up to 7 bytes longer.
        if let Some(target) = target.get_mut(..slot.len()) {
            target.copy_from_slice(slot);
        }
        Self { record, words, bytes: slot.len() }
    }

    /// What is known of the frame: numbers, times, and the evidence that held when it was copied.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Shape, element type and place of the picture in the slot.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.record.layout
    }

    /// All bytes of the slot: metadata, pixels, padding.
    #[must_use]
    pub fn slot_bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words).get(..self.bytes).unwrap_or(&[])
    }

    /// The slot and the layout together: what all views are made of.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        Picture::new(self.slot_bytes(), self.record.layout)
    }

    /// As [`crate::Lease::bytes`].
    ///
    /// # Errors
    /// [`ViewError::OutOfSlot`] if the layout does not fit the slot.
    pub fn bytes(&self) -> Result<&[u8], ViewError> {
        self.picture().bytes()
    }

    /// As [`crate::Lease::pixels`].
    ///
    /// # Errors
    /// The same.
    pub fn pixels<T: Sample>(&self) -> Result<&[T], ViewError> {
        self.picture().pixels()
    }

    /// As [`crate::Lease::row`].
    ///
    /// # Errors
    /// The same.
    pub fn row<T: Sample>(&self, row: u32) -> Result<&[T], ViewError> {
        self.picture().row(row)
    }

    /// As [`crate::Lease::rows`].
    ///
    /// # Errors
    /// The same.
    pub fn rows<T: Sample>(&self) -> Result<impl ExactSizeIterator<Item = &[T]>, ViewError> {
        self.picture().rows()
    }

    /// As [`crate::Lease::regions`].
    pub fn regions<I>(&self, layouts: I) -> impl Iterator<Item = RegionView<'_>>
    where
        I: IntoIterator<Item: Borrow<RegionLayout>>,
    {
        self.picture().regions(layouts)
    }
}

impl AsRef<[u8]> for OwnedFrame {
    /// The whole slot, as [`OwnedFrame::slot_bytes`].
    fn as_ref(&self) -> &[u8] {
        self.slot_bytes()
    }
}
