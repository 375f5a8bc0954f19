//! What a reader of the virtual camera is promised: pixel format, width and height.

use core::fmt;

/// The largest width or height: what v4l2loopback takes without clamping it silently.
const LARGEST: u32 = 8192;

/// How pixels are coded for the programs that read the virtual camera. Rows follow each other without padding, top row first.
///
/// Y, U and V are BT.601 in limited range (Y 16 to 235, U and V 16 to 240 around 128): what readers assume of a webcam that says
/// nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PixelFormat {
    /// `YUYV`: 4:2:2, packed, two pixels in four bytes Y0 U Y1 V. Every program and browser takes it.
    #[default]
    Yuyv,
    /// `NV12`: 4:2:0, all Y, then rows of U and V in turn, one pair for 2 x 2 pixels.
    Nv12,
    /// `YU12`, also called I420: 4:2:0, all Y, then all U, then all V.
    I420,
    /// `GREY`: one byte a pixel, full range 0 to 255. Browsers do not take it.
    Grey,
    /// `RGB3`: three bytes a pixel, red first, full range 0 to 255.
    Rgb24,
    /// `Y16 `: two bytes a pixel, little-endian, full range 0 to 65535. For programs that measure; browsers do not take it.
    Y16,
}

impl PixelFormat {
    /// All of them, the most widely understood first.
    pub const ALL: [Self; 6] = [Self::Yuyv, Self::I420, Self::Nv12, Self::Rgb24, Self::Grey, Self::Y16];

    /// The four characters that the kernel knows it by.
    ///
    /// ```
    /// use frame_vcam::PixelFormat;
    /// assert_eq!(PixelFormat::I420.fourcc(), *b"YU12");
    /// ```
    #[must_use]
    pub const fn fourcc(self) -> [u8; 4] {
        match self {
            Self::Yuyv => *b"YUYV",
            Self::Nv12 => *b"NV12",
            Self::I420 => *b"YU12",
            Self::Grey => *b"GREY",
            Self::Rgb24 => *b"RGB3",
            Self::Y16 => *b"Y16 ",
        }
    }

    /// What width and height must be multiples of: colour is stored once for so many columns and rows.
    #[must_use]
    pub const fn multiples(self) -> (u32, u32) {
        match self {
            Self::Yuyv => (2, 1),
            Self::Nv12 | Self::I420 => (2, 2),
            Self::Grey | Self::Rgb24 | Self::Y16 => (1, 1),
        }
    }

    /// Bytes of a frame of this many pixels, exactly: what is sent, and what a reader gets. Rounded down where the size is not a
    /// multiple that the format needs, which [`Geometry::new`] refuses.
    ///
    /// ```
    /// use frame_vcam::PixelFormat;
    /// assert_eq!(PixelFormat::Yuyv.frame_bytes(320, 240), 153_600);
    /// assert_eq!(PixelFormat::Nv12.frame_bytes(320, 240), 115_200);
    /// ```
    #[must_use]
    pub const fn frame_bytes(self, width: u32, height: u32) -> usize {
        let pixels = width as usize * height as usize;
        match self {
            Self::Grey => pixels,
            Self::Nv12 | Self::I420 => pixels / 2 * 3,
            Self::Yuyv | Self::Y16 => pixels * 2,
            Self::Rgb24 => pixels * 3,
        }
    }

    /// Bytes from one row to the next, of the first plane where there are several.
    #[must_use]
    pub const fn row_bytes(self, width: u32) -> u32 {
        match self {
            Self::Grey | Self::Nv12 | Self::I420 => width,
            Self::Yuyv | Self::Y16 => width * 2,
            Self::Rgb24 => width * 3,
        }
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
            Self::I420 => "I420",
            Self::Grey => "GREY",
            Self::Rgb24 => "RGB24",
            Self::Y16 => "Y16",
        })
    }
}

/// Size and pixel format of what is shown.
///
/// ```
/// use frame_vcam::{Geometry, PixelFormat};
/// let geometry = Geometry::new(1280, 720, PixelFormat::Yuyv)?;
/// assert_eq!(geometry.frame_bytes(), 1_843_200);
/// assert!(Geometry::new(641, 480, PixelFormat::Yuyv).is_err(), "two columns share their colour");
/// # Ok::<(), frame_vcam::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Geometry {
    /// Columns, in pixels: 1 to 8192.
    pub width: u32,
    /// Rows, in pixels: 1 to 8192.
    pub height: u32,
    /// How pixels are coded.
    pub format: PixelFormat,
}

/// A size that cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// Nothing, or more than the kernel module takes.
    #[error(
        "a picture of {width} x {height} cannot be shown: each side must be 1 to {LARGEST} pixels; scale or crop it"
    )]
    Size {
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// The format stores colour once for several pixels, and the size has a rest.
    #[error(
        "{format} needs a width that is a multiple of {} and a height that is a multiple of {}, asked for {width} x \
         {height}: take {} x {}, or GREY, RGB24 or Y16",
        format.multiples().0, format.multiples().1, nearest(*width, format.multiples().0), nearest(*height, format.multiples().1)
    )]
    Rest {
        /// The format asked for.
        format: PixelFormat,
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
}

/// The largest multiple that is not above, but at least one.
fn nearest(size: u32, multiple: u32) -> u32 {
    (size / multiple * multiple).max(multiple)
}

impl Geometry {
    /// Size and format, if they go together.
    ///
    /// # Errors
    /// [`GeometryError`] says which sizes the format takes.
    pub const fn new(width: u32, height: u32, format: PixelFormat) -> Result<Self, GeometryError> {
        if width == 0 || height == 0 || width > LARGEST || height > LARGEST {
            return Err(GeometryError::Size { width, height });
        }
        let (columns, rows) = format.multiples();
        if !width.is_multiple_of(columns) || !height.is_multiple_of(rows) {
            return Err(GeometryError::Rest { format, width, height });
        }
        Ok(Self { width, height, format })
    }

    /// Bytes of one frame, exactly.
    #[must_use]
    pub const fn frame_bytes(&self) -> usize {
        self.format.frame_bytes(self.width, self.height)
    }

    /// Bytes from one row to the next, of the first plane where there are several.
    #[must_use]
    pub const fn row_bytes(&self) -> u32 {
        self.format.row_bytes(self.width)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} {}", self.width, self.height, self.format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_many_bytes_as_its_planes() {
        let bytes = |format| Geometry::new(6, 4, format).map(|g| (g.frame_bytes(), g.row_bytes()));
        assert_eq!(bytes(PixelFormat::Yuyv), Ok((48, 12)));
        assert_eq!(bytes(PixelFormat::Nv12), Ok((24 + 12, 6)));
        assert_eq!(bytes(PixelFormat::I420), Ok((24 + 6 + 6, 6)));
        assert_eq!(bytes(PixelFormat::Grey), Ok((24, 6)));
        assert_eq!(bytes(PixelFormat::Rgb24), Ok((72, 18)));
        assert_eq!(bytes(PixelFormat::Y16), Ok((48, 12)));
    }

    #[test]
    fn odd_sizes_are_refused_where_pixels_share_their_colour() {
        assert!(Geometry::new(5, 3, PixelFormat::Grey).is_ok());
        assert!(Geometry::new(6, 3, PixelFormat::Yuyv).is_ok());
        let refused = Geometry::new(6, 3, PixelFormat::Nv12).unwrap_err().to_string();
        assert!(refused.contains("asked for 6 x 3: take 6 x 2"), "{refused}");
        assert!(Geometry::new(1, 1, PixelFormat::I420).unwrap_err().to_string().contains("take 2 x 2"));
    }

    #[test]
    fn sizes_that_the_module_would_clamp_are_refused() {
        assert!(Geometry::new(8192, 8192, PixelFormat::Rgb24).is_ok());
        for (width, height) in [(0, 2), (2, 0), (8194, 2), (2, 8194)] {
            let refused = Geometry::new(width, height, PixelFormat::Grey).unwrap_err();
            assert!(refused.to_string().contains("1 to 8192"), "{refused}");
        }
    }
}
