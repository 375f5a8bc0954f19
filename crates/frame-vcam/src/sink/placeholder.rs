//! The picture that is shown while there is no frame: a dark chequerboard, so that a viewer sees that the line stands.

use crate::format::{Geometry, PixelFormat};

/// Side of a square, in pixels.
const SQUARE: u32 = 32;

/// Paints it into `out`, a frame of this geometry.
pub(super) fn paint(geometry: Geometry, out: &mut [u8]) {
    let Geometry { width, format, .. } = geometry;
    let luma_bytes = match format {
        PixelFormat::Nv12 | PixelFormat::I420 => geometry.width as usize * geometry.height as usize,
        _ => geometry.frame_bytes(),
    };
    let (luma, chroma) = out.split_at_mut(luma_bytes.min(out.len()));
    chroma.fill(128);
    let row_bytes = (geometry.row_bytes() as usize).max(1);
    let pixel_bytes = row_bytes / width as usize;
    for (row, line) in (0_u32..).zip(luma.chunks_mut(row_bytes)) {
        for (column, pixel) in (0_u32..).zip(line.chunks_mut(pixel_bytes.max(1))) {
            let light = (row / SQUARE + column / SQUARE) % 2 == 1;
            match (format, pixel) {
                (PixelFormat::Yuyv, [y, uv]) => (*y, *uv) = (limited(light), 128),
                (PixelFormat::Nv12 | PixelFormat::I420, [y]) => *y = limited(light),
                (PixelFormat::Y16, [low, high]) => (*low, *high) = (0, full(light)),
                (_, samples) => samples.fill(full(light)),
            }
        }
    }
}

/// Y of dark and a little less dark, in limited range.
const fn limited(light: bool) -> u8 {
    if light { 48 } else { 32 }
}

/// The same in full range.
const fn full(light: bool) -> u8 {
    if light { 37 } else { 19 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(format: PixelFormat) -> Vec<u8> {
        let geometry = Geometry::new(64, 34, format).unwrap();
        let mut out = vec![255; geometry.frame_bytes()];
        paint(geometry, &mut out);
        out
    }

    #[test]
    fn each_format_shows_dark_squares_without_colour() {
        for (format, dark, light) in [
            (PixelFormat::Yuyv, &[32, 128][..], &[48, 128][..]),
            (PixelFormat::Nv12, &[32], &[48]),
            (PixelFormat::I420, &[32], &[48]),
            (PixelFormat::Grey, &[19], &[37]),
            (PixelFormat::Rgb24, &[19, 19, 19], &[37, 37, 37]),
            (PixelFormat::Y16, &[0, 19], &[0, 37]),
        ] {
            let out = painted(format);
            let (row, half) = (format.row_bytes(64) as usize, format.row_bytes(32) as usize);
            assert!(out[..half].chunks(dark.len()).all(|pixel| pixel == dark), "{format}: top left");
            assert!(out[half..row].chunks(dark.len()).all(|pixel| pixel == light), "{format}: top right");
            let second = &out[32 * row..33 * row];
            assert!(second[..half].chunks(dark.len()).all(|pixel| pixel == light), "{format}: next square");
            assert!(out[34 * row..].iter().all(|byte| *byte == 128), "{format}: colour");
        }
    }
}
