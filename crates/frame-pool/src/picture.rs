//! A picture in somebody's bytes: a layout and the slot it lies in, viewed as `&[u8]`, `&[u16]` or `&[u32]`, never converted.

use crate::layout::{Element, Layout, MemoryOrder};
use crate::regions::{RegionLayout, RegionView};

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
    /// Rows are longer than they lie apart: the layout contradicts itself.
    #[error("rows are {row_bytes} bytes long but lie only {row_stride} bytes apart: the layout is wrong")]
    Overlapping {
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

/// A slot's bytes and where in them the picture lies. Borrowed from a [`crate::Lease`], a [`crate::OwnedFrame`], or any bytes.
///
/// Nothing is checked when it is made; each view checks what it needs, and a layout that does not fit its slot is a
/// [`ViewError`], never a panic.
///
/// ```
/// use frame_pool::{Element, Layout, Picture, ViewError};
/// let slot = [0_u8, 9, 1, 2, 3, 4, 5, 6];
/// let picture = Picture::new(&slot, Layout::mono(Element::U8, 8, 2, 3).at_offset(2));
/// assert_eq!(picture.row::<u8>(1)?, [4, 5, 6]);
/// assert!(matches!(picture.pixels::<u16>(), Err(ViewError::Element { .. })));
/// # Ok::<(), ViewError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    slot: &'a [u8],
    layout: Layout,
}

impl<'a> Picture<'a> {
    /// The picture that `layout` describes in `slot`.
    #[must_use]
    pub const fn new(slot: &'a [u8], layout: Layout) -> Self {
        Self { slot, layout }
    }

    /// Shape, element type and place of the picture in the slot.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All bytes of the slot.
    #[must_use]
    pub const fn slot_bytes(&self) -> &'a [u8] {
        self.slot
    }

    /// The picture's bytes, from the first pixel to the last (row padding included).
    ///
    /// # Errors
    /// [`ViewError::OutOfSlot`] if the layout does not fit the slot.
    pub fn bytes(&self) -> Result<&'a [u8], ViewError> {
        let range = usize::try_from(self.layout.offset).ok().zip(usize::try_from(self.layout.end()).ok());
        range.and_then(|(start, end)| self.slot.get(start..end)).ok_or_else(|| self.out_of_slot())
    }

    /// The picture as one slice, rows x columns, row-major, host byte order.
    ///
    /// # Errors
    /// A [`ViewError`] if the element type is another, the memory is tiled, rows are padded, or the address is misaligned.
    pub fn pixels<T: Sample>(&self) -> Result<&'a [T], ViewError> {
        let layout = &self.layout;
        self.check::<T>()?;
        if !layout.is_packed() {
            return Err(ViewError::Padded { row_stride: layout.row_stride, row_bytes: layout.row_bytes() });
        }
        cast(self.bytes()?)
    }

    /// Row `row`, counted from the first in memory.
    ///
    /// # Errors
    /// As [`Picture::pixels`], but padding between rows is fine; and [`ViewError::NoSuchRow`].
    pub fn row<T: Sample>(&self, row: u32) -> Result<&'a [T], ViewError> {
        self.check::<T>()?;
        if row >= self.layout.rows {
            return Err(ViewError::NoSuchRow { row, rows: self.layout.rows });
        }
        let bytes = self.bytes()?;
        // No sum here can overflow: the layout's end fits a slot in memory, or `bytes` had said no.
        let start = u64::from(row) * u64::from(self.layout.row_stride);
        let range = usize::try_from(start).ok().zip(usize::try_from(start + self.layout.row_bytes()).ok());
        let row = range.and_then(|(start, end)| bytes.get(start..end));
        cast(row.ok_or_else(|| self.out_of_slot())?)
    }

    /// All rows in the order of memory.
    ///
    /// # Errors
    /// As [`Picture::row`] of any of them.
    pub fn rows<T: Sample>(&self) -> Result<impl ExactSizeIterator<Item = &'a [T]> + use<'a, T>, ViewError> {
        self.check::<T>()?;
        // The first two and the last prove all: they share type, length and stride.
        for row in [0, 1, self.layout.rows.saturating_sub(1)] {
            if row < self.layout.rows {
                self.row::<T>(row)?;
            }
        }
        let picture = *self;
        Ok((0..self.layout.rows).map(move |r| picture.row::<T>(r).unwrap_or(&[])))
    }

    /// The same slot seen through other layouts: the regions of a multi-region frame.
    ///
    /// The layouts come from who knows them: a table that holds for a whole run (`&[RegionLayout]`), or a parser of the headers
    /// in the slot itself. Nothing is allocated.
    ///
    /// ```
    /// use frame_pool::{Element, Layout, Picture, RegionLayout};
    /// let slot = [1_u8, 2, 3, 4, 50, 60];
    /// let all = Picture::new(&slot, Layout::mono(Element::U8, 8, 1, 6));
    /// let table = [
    ///     RegionLayout::new(Layout::mono(Element::U8, 8, 2, 2), 100, 7),
    ///     RegionLayout::new(Layout::mono(Element::U8, 8, 1, 2).at_offset(4), 0, 40).binned(2, 2),
    /// ];
    /// let sums: Vec<u32> =
    ///     all.regions(&table).map(|r| r.pixels::<u8>().unwrap().iter().map(|&p| u32::from(p)).sum()).collect();
    /// assert_eq!(sums, [10, 110]);
    /// ```
    pub fn regions<I>(&self, layouts: I) -> impl Iterator<Item = RegionView<'a>> + use<'a, I>
    where
        I: IntoIterator<Item: core::borrow::Borrow<RegionLayout>>,
    {
        let slot = self.slot;
        layouts.into_iter().map(move |region| RegionView::new(slot, *core::borrow::Borrow::borrow(&region)))
    }

    fn out_of_slot(&self) -> ViewError {
        ViewError::OutOfSlot { end: self.layout.end(), slot: self.slot.len() }
    }

    fn check<T: Sample>(&self) -> Result<(), ViewError> {
        let layout = &self.layout;
        if layout.order != MemoryOrder::Linear {
            return Err(ViewError::NotLinear { order: layout.order });
        }
        if layout.element != T::ELEMENT {
            return Err(ViewError::Element { actual: layout.element, asked: T::ELEMENT });
        }
        let (row_stride, row_bytes) = (layout.row_stride, layout.row_bytes());
        if layout.rows > 1 && u64::from(row_stride) < row_bytes {
            return Err(ViewError::Overlapping { row_stride, row_bytes });
        }
        Ok(())
    }
}

fn cast<T: Sample>(bytes: &[u8]) -> Result<&[T], ViewError> {
    bytemuck::try_cast_slice(bytes).map_err(|_| ViewError::Misaligned { align: core::mem::align_of::<T>() })
}
