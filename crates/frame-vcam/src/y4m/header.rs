//! The line of text that such a stream begins with.

use crate::format::{Geometry, PixelFormat};

/// What stands before each frame.
pub(super) const FRAME: &[u8] = b"FRAME\n";

/// The first line: size, rate, progressive, square pixels, colours and their range. Nothing for a format that such a stream has no name for.
pub(super) fn header(geometry: Geometry, rate: u32) -> Option<String> {
    let Geometry { width, height, format, .. } = geometry;
    let colours = match format {
        // Chroma lies in the middle of its four pixels, which is what "jpeg" says; the range is said by itself.
        PixelFormat::I420 => "C420jpeg XCOLORRANGE=LIMITED",
        PixelFormat::Grey => "Cmono XCOLORRANGE=FULL",
        PixelFormat::Y16 => "Cmono16 XCOLORRANGE=FULL",
        _ => return None,
    };
    Some(format!("YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 {colours}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_size_rate_and_colours() {
        let of = |format| header(Geometry::new(640, 480, format).unwrap(), 25);
        let i420 = "YUV4MPEG2 W640 H480 F25:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n";
        assert_eq!(of(PixelFormat::I420).as_deref(), Some(i420));
        assert!(of(PixelFormat::Grey).is_some_and(|line| line.contains(" Cmono ")));
        assert!(of(PixelFormat::Y16).is_some_and(|line| line.contains(" Cmono16 ")));
        assert_eq!([PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb24].map(of), [None, None, None]);
    }
}
