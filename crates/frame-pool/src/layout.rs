//! What a picture is: element type, size, stride, colour and memory order travel with every lease.
//!
//! Who reads memory must be told how it is laid out. A tiled display buffer read as rows, or a byte order guessed
//! from habit, gives garbage that looks like a picture; so nothing here has a default that hides a choice, and only
//! [`MemoryOrder::Linear`] lends rows.

/// The type of one element (one grey value, or one colour sample) as it lies in memory, in the host's byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element {
    /// One byte, 0 to 255.
    U8,
    /// Two bytes, host byte order. Cameras of 9 to 16 bit use it; unused high bits are zero.
    U16,
    /// Four bytes, host byte order (frame summing in 24 or 32 bit).
    U32,
}

impl Element {
    /// Bytes of one element: 1, 2 or 4.
    ///
    /// ```
    /// assert_eq!(frame_pool::Element::U16.bytes(), 2);
    /// ```
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }
}

/// What the elements of a picture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colour {
    /// Grey: one element a pixel.
    Mono,
    /// A Bayer mosaic, one element a pixel; named by the colours of the first row's first two and the second row's
    /// first two pixels.
    BayerRggb,
    /// Bayer, first row green red.
    BayerGrbg,
    /// Bayer, first row green blue.
    BayerGbrg,
    /// Bayer, first row blue green.
    BayerBggr,
    /// Three elements a pixel, in this order at rising addresses: red, green, blue.
    Rgb,
    /// Three elements a pixel, at rising addresses: blue, green, red.
    Bgr,
    /// Four elements a pixel, at rising addresses: red, green, blue, alpha.
    Rgba,
    /// Four elements a pixel, at rising addresses: blue, green, red, alpha.
    Bgra,
}

impl Colour {
    /// Elements of one pixel: 1, 3 or 4.
    #[must_use]
    pub const fn elements(self) -> u32 {
        match self {
            Self::Mono | Self::BayerRggb | Self::BayerGrbg | Self::BayerGbrg | Self::BayerBggr => 1,
            Self::Rgb | Self::Bgr => 3,
            Self::Rgba | Self::Bgra => 4,
        }
    }
}

/// Which row of the scene lies first in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The first row in memory is the top one (cameras, files).
    TopLeft,
    /// The first row in memory is the bottom one (OpenGL read-back).
    BottomLeft,
}

/// How pixels are ordered in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemoryOrder {
    /// Row after row, `row_stride` bytes apart. The only order that lends rows.
    Linear,
    /// A tiling that only its maker can read, named by its DRM format modifier. Must be converted before use.
    Tiled {
        /// The DRM format modifier.
        modifier: u64,
    },
}

/// Shape, element type and place of the pixels inside a slot.
///
/// ```
/// use frame_pool::{Element, Layout};
/// let layout = Layout::mono(Element::U16, 12, 1024, 2048).at_offset(80);
/// assert_eq!(layout.row_stride, 4096);
/// assert_eq!(layout.pixel_bytes(), 1024 * 4096);
/// assert_eq!(layout.end(), 80 + 1024 * 4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Type of one element.
    pub element: Element,
    /// Significant bits of an element, 1 to 8 x [`Element::bytes`]; values are right-aligned.
    pub bit_depth: u8,
    /// What the elements mean.
    pub colour: Colour,
    /// Rows of the picture.
    pub rows: u32,
    /// Columns of the picture, in pixels.
    pub columns: u32,
    /// Bytes from the start of one row to the start of the next.
    pub row_stride: u32,
    /// Bytes from the start of the slot to the first pixel (headers lie before it).
    pub offset: u32,
    /// Which row lies first.
    pub origin: Origin,
    /// How pixels are ordered.
    pub order: MemoryOrder,
}

impl Layout {
    /// A grey, linear, top-left picture whose rows follow each other without padding, at offset 0.
    #[must_use]
    pub const fn mono(element: Element, bit_depth: u8, rows: u32, columns: u32) -> Self {
        Self {
            element,
            bit_depth,
            colour: Colour::Mono,
            rows,
            columns,
            row_stride: columns.saturating_mul(element.bytes()),
            offset: 0,
            origin: Origin::TopLeft,
            order: MemoryOrder::Linear,
        }
    }

    /// The same picture, `offset` bytes into the slot.
    #[must_use]
    pub const fn at_offset(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// Bytes of one row's pixels, padding not counted.
    #[must_use]
    pub const fn row_bytes(&self) -> u64 {
        self.columns as u64 * self.colour.elements() as u64 * self.element.bytes() as u64
    }

    /// Bytes from the first pixel to the end of the last one, padding between rows counted. Saturates: no slot holds so much.
    #[must_use]
    pub const fn pixel_bytes(&self) -> u64 {
        if self.rows == 0 {
            return 0;
        }
        ((self.rows as u64 - 1) * self.row_stride as u64).saturating_add(self.row_bytes())
    }

    /// Bytes from the start of the slot to the end of the last pixel. Saturates as [`Layout::pixel_bytes`].
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.pixel_bytes().saturating_add(self.offset as u64)
    }

    /// Whether rows follow each other without padding, so that the whole picture is one slice.
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        self.row_stride as u64 == self.row_bytes() || self.rows <= 1
    }
}
