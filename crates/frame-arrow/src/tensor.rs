//! The pixel column: a fixed-size list with the canonical extension for tensors, whose values are the slot itself.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{ArrayRef, FixedSizeListArray, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};
use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{ArrowError, DataType, Field, FieldRef};
use frame_pool::{Colour, Element, Layout, MemoryOrder, Origin, Picture, ViewError};

use crate::error::SchemaError;

/// One region's column.
#[derive(Debug)]
pub(crate) struct Tensor {
    /// What the pixels must be like. The offset is not compared.
    pub(crate) layout: Layout,
    /// The list's item.
    item: FieldRef,
    /// Elements of one frame.
    pub(crate) elements: i32,
}

impl Tensor {
    /// The column for region `number`, counted from 1.
    pub(crate) fn new(layout: Layout, number: usize) -> Result<Self, SchemaError> {
        if layout.order != MemoryOrder::Linear {
            return Err(SchemaError::NotLinear { region: number, order: layout.order });
        }
        let pixels = u64::from(layout.rows) * u64::from(layout.columns);
        let elements = pixels.saturating_mul(u64::from(layout.colour.elements()));
        let fits = i32::try_from(elements).ok().filter(|elements| *elements > 0);
        let elements = fits.ok_or(SchemaError::Size { region: number, elements })?;
        let item = Arc::new(Field::new("item", data_type(layout.element), false));
        Ok(Self { layout, item, elements })
    }

    /// The field: both keys of the extension are written here, because readers refuse a name without shape and dimension names.
    pub(crate) fn field(&self, name: &str) -> Field {
        let Layout { rows, columns, colour, .. } = self.layout;
        let shape = match colour.elements() {
            1 => format!(r#"{{"shape":[{rows},{columns}],"dim_names":["y","x"]}}"#),
            n => format!(r#"{{"shape":[{rows},{columns},{n}],"dim_names":["y","x","c"]}}"#),
        };
        let metadata = [
            (EXTENSION_TYPE_NAME_KEY, "arrow.fixed_shape_tensor"),
            (EXTENSION_TYPE_METADATA_KEY, &shape),
            ("colour", colour_name(colour)),
            ("origin", if self.layout.origin == Origin::TopLeft { "top-left" } else { "bottom-left" }),
        ];
        let list = DataType::FixedSizeList(Arc::clone(&self.item), self.elements);
        Field::new(name, list, false).with_metadata(metadata)
    }

    /// Whether a frame's layout is the one that the column was made for, wherever it lies in its slot.
    pub(crate) fn fits(&self, found: &Layout) -> bool {
        let Layout { element, bit_depth, colour, rows, columns, origin, order, .. } = self.layout;
        (found.element, found.bit_depth, found.colour) == (element, bit_depth, colour)
            && (found.rows, found.columns) == (rows, columns)
            && (found.origin, found.order) == (origin, order)
    }

    /// Lends `picture` out of `slot`, which holds it.
    pub(crate) fn lend(&self, picture: &Picture<'_>, slot: &Buffer) -> Result<ArrayRef, LendError> {
        let bytes = match self.layout.element {
            Element::U8 => picture.pixels::<u8>().map(|_| ()),
            Element::U16 => picture.pixels::<u16>().map(|_| ()),
            _ => picture.pixels::<u32>().map(|_| ()),
        }
        .and_then(|()| picture.bytes())?;
        // The view was taken from these very bytes, so it begins inside them.
        let start = picture.layout().offset as usize;
        self.list(slot.slice_with_length(start, bytes.len())).map_err(LendError::Arrow)
    }

    /// The column over `values`, one or more whole frames, aligned for the element.
    pub(crate) fn list(&self, values: Buffer) -> Result<ArrayRef, ArrowError> {
        let values = match self.layout.element {
            Element::U8 => primitive::<UInt8Type>(values),
            Element::U16 => primitive::<UInt16Type>(values),
            _ => primitive::<UInt32Type>(values),
        };
        let list = FixedSizeListArray::try_new(Arc::clone(&self.item), self.elements, values, None)?;
        Ok(Arc::new(list))
    }
}

/// Why pixels could not be lent.
#[derive(Debug)]
pub(crate) enum LendError {
    View(ViewError),
    Arrow(ArrowError),
}

impl From<ViewError> for LendError {
    fn from(why: ViewError) -> Self {
        Self::View(why)
    }
}

fn primitive<T: ArrowPrimitiveType>(values: Buffer) -> ArrayRef
where
    T::Native: ArrowNativeType,
{
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), None))
}

fn data_type(element: Element) -> DataType {
    match element {
        Element::U8 => DataType::UInt8,
        Element::U16 => DataType::UInt16,
        _ => DataType::UInt32,
    }
}

fn colour_name(colour: Colour) -> &'static str {
    match colour {
        Colour::Mono => "mono",
        Colour::BayerRggb => "bayer-rggb",
        Colour::BayerGrbg => "bayer-grbg",
        Colour::BayerGbrg => "bayer-gbrg",
        Colour::BayerBggr => "bayer-bggr",
        Colour::Rgb => "rgb",
        Colour::Bgr => "bgr",
        Colour::Rgba => "rgba",
        Colour::Bgra => "bgra",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(layout: Layout) -> String {
        let field = Tensor::new(layout, 1).unwrap().field("frame");
        assert_eq!(field.extension_type_name(), Some("arrow.fixed_shape_tensor"));
        field.extension_type_metadata().unwrap().to_owned()
    }

    #[test]
    fn the_extension_tells_shape_and_names_of_the_dimensions() {
        let mono = Layout::mono(Element::U16, 12, 3, 4);
        assert_eq!(shape(mono), r#"{"shape":[3,4],"dim_names":["y","x"]}"#);
        let rgb = Layout { colour: Colour::Rgb, ..mono };
        assert_eq!(shape(rgb), r#"{"shape":[3,4,3],"dim_names":["y","x","c"]}"#);
    }

    #[test]
    fn what_no_column_can_hold_is_refused() {
        let layout = Layout::mono(Element::U8, 8, 1 << 16, 1 << 15);
        match Tensor::new(layout, 2) {
            Err(SchemaError::Size { region: 2, elements }) => assert_eq!(elements, 1 << 31),
            other => panic!("{other:?}"),
        }
        assert!(Tensor::new(Layout { rows: (1 << 16) - 1, ..layout }, 1).is_ok());
        assert!(matches!(
            Tensor::new(Layout { rows: 0, ..layout }, 1),
            Err(SchemaError::Size { elements: 0, .. })
        ));
        let tiled = Layout { order: MemoryOrder::Tiled { modifier: 1 }, rows: 1, ..layout };
        assert!(matches!(Tensor::new(tiled, 1), Err(SchemaError::NotLinear { region: 1, .. })));
    }

    #[test]
    fn another_place_in_the_slot_fits_and_another_picture_does_not() {
        let layout = Layout::mono(Element::U16, 12, 3, 4);
        let tensor = Tensor::new(layout, 1).unwrap();
        assert!(tensor.fits(&layout.at_offset(80)));
        for other in [
            Layout { rows: 4, columns: 3, ..layout },
            Layout { bit_depth: 16, ..layout },
            Layout { element: Element::U32, ..layout },
            Layout { origin: Origin::BottomLeft, ..layout },
            Layout { colour: Colour::BayerRggb, ..layout },
        ] {
            assert!(!tensor.fits(&other), "{other:?}");
        }
    }

    #[test]
    fn pixels_that_cannot_be_lent_are_refused_with_the_reason() {
        let tensor = Tensor::new(Layout::mono(Element::U16, 16, 2, 2), 1).unwrap();
        let slot = Buffer::from_vec(vec![0_u16; 16]);
        let lend = |layout: Layout| tensor.lend(&Picture::new(slot.as_slice(), layout), &slot);
        assert!(lend(tensor.layout).is_ok());
        assert!(matches!(
            lend(tensor.layout.at_offset(1)),
            Err(LendError::View(ViewError::Misaligned { .. }))
        ));
        assert!(matches!(
            lend(tensor.layout.at_offset(30)),
            Err(LendError::View(ViewError::OutOfSlot { .. }))
        ));
        let padded = Layout { row_stride: 8, ..tensor.layout };
        assert!(matches!(lend(padded), Err(LendError::View(ViewError::Padded { .. }))));
    }
}
