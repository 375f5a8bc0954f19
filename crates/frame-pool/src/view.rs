//! Typed views of a lease: the picture where the camera wrote it.

use core::borrow::Borrow;

use crate::layout::Layout;
use crate::lease::Lease;
use crate::owned::OwnedFrame;
use crate::picture::{Picture, Sample, ViewError};
use crate::regions::{RegionLayout, RegionView};
use crate::verify::Torn;

// Whoever keeps thousands of frames keeps thousands of pointers, and nothing more.
const _: () = assert!(size_of::<Lease>() == size_of::<usize>());
const _: () = assert!(size_of::<Option<Lease>>() == size_of::<usize>());

impl Lease {
    /// Shape, element type and place of the picture in the slot.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.record().layout
    }

    /// The slot and the layout together: what all views are made of.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        Picture::new(self.slot_bytes(), *self.layout())
    }

    /// The picture's bytes, from the first pixel to the last (row padding included).
    ///
    /// # Errors
    /// [`ViewError::OutOfSlot`] if the layout does not fit the slot.
    pub fn bytes(&self) -> Result<&[u8], ViewError> {
        self.picture().bytes()
    }

    /// The picture as one slice, rows x columns, row-major, host byte order.
    ///
    /// # Errors
    /// A [`ViewError`] if the element type is another, the memory is tiled, rows are padded, or the address is misaligned.
    pub fn pixels<T: Sample>(&self) -> Result<&[T], ViewError> {
        self.picture().pixels()
    }

    /// Row `row`, counted from the first in memory.
    ///
    /// # Errors
    /// As [`Lease::pixels`], but padding between rows is fine; and [`ViewError::NoSuchRow`].
    pub fn row<T: Sample>(&self, row: u32) -> Result<&[T], ViewError> {
        self.picture().row(row)
    }

    /// All rows in the order of memory.
    ///
    /// # Errors
    /// As [`Lease::row`] of any of them.
    pub fn rows<T: Sample>(&self) -> Result<impl ExactSizeIterator<Item = &[T]>, ViewError> {
        self.picture().rows()
    }

    /// The regions of a multi-region frame, by the layouts of who knows them; see [`Picture::regions`].
    pub fn regions<I>(&self, layouts: I) -> impl Iterator<Item = RegionView<'_>>
    where
        I: IntoIterator<Item: Borrow<RegionLayout>>,
    {
        self.picture().regions(layouts)
    }

    /// Copies the whole slot and what is known of it into memory of its own, and lets the lease go when you do: for who keeps a
    /// frame longer than the pool should have to. Allocates once (the bytes) and copies once.
    ///
    /// # Errors
    /// [`Torn`] if, after the copy, the slot no longer proves to be this frame's (see [`Lease::verify`]).
    pub fn to_owned_frame(&self) -> Result<OwnedFrame, Torn> {
        let copy = OwnedFrame::new(*self.record(), self.slot_bytes());
        self.verify()?;
        Ok(copy)
    }
}
