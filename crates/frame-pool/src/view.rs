//! Typed views: the picture inside a lease as `&[u8]`, `&[u16]` or `&[u32]`, whole or row by row, never converted.

use crate::layout::{Element, Layout, MemoryOrder};
use crate::lease::Lease;

/// Why a view was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The elements are of another type.
    #[error("the picture's elements are {actual:?}, asked for {asked:?}: ask for the type in the layout")]
    Element {
        /// The type in the layout.
        actual: Element,
        /// The type asked for.
        asked: Element,
    },
    /// The memory is tiled: rows do not exist in it.
    #[error("the picture is tiled ({order:?}): convert it to linear memory first")]
    NotLinear {
        /// The order in the layout.
        order: MemoryOrder,
    },
    /// Rows have padding between them, so that the picture is not one slice.
    #[error("rows lie {row_stride} bytes apart but are {row_bytes} bytes long: go row by row")]
    Padded {
        /// Bytes from row to row.
        row_stride: u32,
        /// Bytes of a row.
        row_bytes: u64,
    },
    /// The first element's address is not a multiple of its size.
    #[error("the pixels begin at an address that is not a multiple of {align}: read bytes instead")]
    Misaligned {
        /// The multiple needed.
        align: usize,
    },
    /// The layout reaches past the slot.
    #[error("the layout ends at byte {end} of a slot of {slot} bytes")]
    OutOfSlot {
        /// Where the layout ends.
        end: u64,
        /// Bytes of the slot.
        slot: usize,
    },
    /// There is no such row.
    #[error("row {row} of a picture of {rows} rows")]
    NoSuchRow {
        /// The row asked for.
        row: u32,
        /// Rows of the picture.
        rows: u32,
    },
}

/// An element type that a picture can be viewed as: `u8`, `u16`, `u32`. Values are in the host's byte order.
pub trait Sample: bytemuck::AnyBitPattern + Send + Sync + private::Sealed {
    /// The layout's name of the type.
    const ELEMENT: Element;
}

impl Sample for u8 {
    const ELEMENT: Element = Element::U8;
}
impl Sample for u16 {
    const ELEMENT: Element = Element::U16;
}
impl Sample for u32 {
    const ELEMENT: Element = Element::U32;
}

mod private {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

impl Lease {
    /// Shape, element type and place of the picture in the slot.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.record().layout
    }

    /// The picture's bytes, from the first pixel to the last (row padding included).
    ///
    /// # Errors
    /// [`ViewError::OutOfSlot`] if the layout does not fit the slot.
    pub fn bytes(&self) -> Result<&[u8], ViewError> {
        let (layout, slot) = (self.layout(), self.slot_bytes());
        let out = || ViewError::OutOfSlot { end: layout.end(), slot: slot.len() };
        let end = usize::try_from(layout.end()).map_err(|_| out())?;
        slot.get(layout.offset as usize..end).ok_or_else(out)
    }

    /// The picture as one slice, rows x columns, row-major, host byte order.
    ///
    /// # Errors
    /// A [`ViewError`] if the element type is another, the memory is tiled, rows are padded, or the address is misaligned.
    pub fn pixels<T: Sample>(&self) -> Result<&[T], ViewError> {
        let layout = self.layout();
        check::<T>(layout)?;
        if !layout.is_packed() {
            return Err(ViewError::Padded { row_stride: layout.row_stride, row_bytes: layout.row_bytes() });
        }
        cast(self.bytes()?)
    }

    /// Row `row`, counted from the first in memory.
    ///
    /// # Errors
    /// As [`Lease::pixels`], and [`ViewError::NoSuchRow`].
    pub fn row<T: Sample>(&self, row: u32) -> Result<&[T], ViewError> {
        let layout = self.layout();
        check::<T>(layout)?;
        if row >= layout.rows {
            return Err(ViewError::NoSuchRow { row, rows: layout.rows });
        }
        let bytes = self.bytes()?;
        let start = u64::from(row) * u64::from(layout.row_stride);
        let range = usize::try_from(start).ok().zip(usize::try_from(start + layout.row_bytes()).ok());
        let row = range.and_then(|(start, end)| bytes.get(start..end));
        cast(row.ok_or(ViewError::OutOfSlot { end: layout.end(), slot: self.slot_bytes().len() })?)
    }

    /// All rows in the order of memory.
    ///
    /// # Errors
    /// As [`Lease::pixels`], but padding between rows is fine.
    pub fn rows<T: Sample>(&self) -> Result<impl ExactSizeIterator<Item = &[T]>, ViewError> {
        let layout = self.layout();
        // The last row proves all: they share type, alignment and stride.
        if layout.rows > 0 {
            self.row::<T>(layout.rows - 1)?;
            self.row::<T>(0)?;
        } else {
            check::<T>(layout)?;
        }
        if layout.rows > 1 {
            self.row::<T>(1)?;
        }
        Ok((0..layout.rows).map(move |r| self.row::<T>(r).unwrap_or(&[])))
    }
}

fn check<T: Sample>(layout: &Layout) -> Result<(), ViewError> {
    if layout.order != MemoryOrder::Linear {
        return Err(ViewError::NotLinear { order: layout.order });
    }
    if layout.element != T::ELEMENT {
        return Err(ViewError::Element { actual: layout.element, asked: T::ELEMENT });
    }
    Ok(())
}

fn cast<T: Sample>(bytes: &[u8]) -> Result<&[T], ViewError> {
    bytemuck::try_cast_slice(bytes).map_err(|_| ViewError::Misaligned { align: core::mem::align_of::<T>() })
}
