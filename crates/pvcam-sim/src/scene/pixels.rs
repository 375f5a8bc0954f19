//! Pixels of one or two bytes.

/// A run of pixels in the camera's element type.
#[derive(Debug)]
pub(crate) enum Pixels {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// Some consecutive pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
}

impl Pixels {
    /// The ramp `0, 1, 2 ...` modulo 2^`bit_depth`, long enough for a window of `columns` at any start.
    #[expect(clippy::cast_possible_truncation, reason = "masked to the bits of the element")]
    pub(crate) fn ramp(bit_depth: u8, columns: u32) -> Self {
        let mask = mask(bit_depth);
        let length = mask.saturating_add(columns).saturating_add(1);
        if bit_depth <= 8 {
            Self::U8((0..length).map(|i| (i & mask) as u8).collect())
        } else {
            Self::U16((0..length).map(|i| (i & mask) as u16).collect())
        }
    }

    /// `count` pixels from `start`, or an empty row when there are not as many.
    pub(crate) fn row(&self, start: usize, count: usize) -> Row<'_> {
        match self {
            Self::U8(all) => Row::U8(all.get(start..start + count).unwrap_or_default()),
            Self::U16(all) => Row::U16(all.get(start..start + count).unwrap_or_default()),
        }
    }

    /// Bytes per pixel.
    pub(crate) fn element_bytes(&self) -> u32 {
        match self {
            Self::U8(_) => 1,
            Self::U16(_) => 2,
        }
    }
}

impl<'a> Row<'a> {
    /// The pixels, if they are of one byte.
    pub(crate) fn as_u8(self) -> Option<&'a [u8]> {
        if let Row::U8(pixels) = self { Some(pixels) } else { None }
    }

    /// The pixels, if they are of two bytes.
    pub(crate) fn as_u16(self) -> Option<&'a [u16]> {
        if let Row::U16(pixels) = self { Some(pixels) } else { None }
    }

    /// The pixels as bytes in the host's order.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Row::U8(pixels) => pixels,
            // SAFETY: the slice covers exactly the bytes of `pixels`, `u8` has no alignment or invalid values,
            // and the lifetime is that of the borrow.
            Row::U16(pixels) => unsafe {
                std::slice::from_raw_parts(pixels.as_ptr().cast::<u8>(), size_of_val(*pixels))
            },
        }
    }
}

/// The largest pixel value of `bit_depth` bits, 1 to 16.
pub(crate) fn mask(bit_depth: u8) -> u32 {
    (1 << u32::from(bit_depth.clamp(1, 16))) - 1
}
