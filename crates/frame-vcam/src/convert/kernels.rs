//! The loops over pixels: a line of 16-bit grey values in, a row of a video format out.
//!
//! Plain Rust that the compiler turns into vector instructions, compiled twice: for every x86-64, and for processors with AVX2, of
//! which the right one is chosen when the program runs. Each loop takes `LANES` pixels at a time, and what is left by the same
//! formula one by one; so the results do not depend on the processor.

use core::hint::black_box;

use multiversion::multiversion;

use super::tone::{Tone8, Tone16, ToneIndex};

/// Pixels worked on together: 32 bytes of 16 bits.
pub(super) const LANES: usize = 16;

/// U and V of grey, in the upper byte beside a Y.
const NEUTRAL: u16 = 0x8000;

/// Goes through `line` and `out` at once: `LANES` values and `LANES` elements of `out`, with the gains to be used, and the rest.
///
/// The gains come through a `black_box`: as a constant of the loop they would be widened to 32 bits before it, and then the
/// compiler does not see that a product's high half is one instruction of 16 bits. It costs two moves for `LANES` pixels.
macro_rules! for_each_lane {
    ($line:expr, $out:expr, $gain:expr, |$value:ident, $gain_of_lane:ident| $result:expr) => {
        let (lines, rest) = $line.as_chunks::<LANES>();
        let (outs, rest_out) = $out.split_at_mut((lines.len() * LANES).min($out.len()));
        for (values, out) in lines.iter().zip(outs.as_chunks_mut::<LANES>().0) {
            let gains = black_box($gain);
            for lane in 0..LANES {
                let ($value, $gain_of_lane) = (values[lane], gains[lane]);
                out[lane] = $result;
            }
        }
        let $gain_of_lane = $gain[0];
        for (&$value, out) in rest.iter().zip(rest_out) {
            *out = $result;
        }
    };
}

/// One byte a pixel.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn luma(line: &[u16], out: &mut [u8], tone: &Tone8) {
    for_each_lane!(line, out, &tone.gain, |value, gain| tone.at(gain, value) as u8);
}

/// Two bytes a pixel: Y, and a U or V of grey.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn yuyv(line: &[u16], out: &mut [u8], tone: &Tone8) {
    let (out, _) = out.as_chunks_mut::<2>();
    for_each_lane!(line, out, &tone.gain, |value, gain| (tone.at(gain, value) | NEUTRAL).to_le_bytes());
}

/// Two bytes a pixel, little-endian.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn y16(line: &[u16], out: &mut [u8], tone: &Tone16) {
    let (out, _) = out.as_chunks_mut::<2>();
    for_each_lane!(line, out, &tone.gain, |value, gain| tone.at(gain, value).to_le_bytes());
}

/// Three equal bytes a pixel.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn rgb24(line: &[u16], out: &mut [u8], tone: &Tone8) {
    let (out, _) = out.as_chunks_mut::<3>();
    let (lines, rest) = line.as_chunks::<LANES>();
    let (outs, rest_out) = out.split_at_mut((lines.len() * LANES).min(out.len()));
    for (values, out) in lines.iter().zip(outs.as_chunks_mut::<LANES>().0) {
        let gains = black_box(&tone.gain);
        let mut grey = [0_u8; LANES];
        for lane in 0..LANES {
            grey[lane] = tone.at(gains[lane], values[lane]) as u8;
        }
        // In pieces of one vector each: that is what becomes a shuffle.
        let (bytes, _) = out.as_flattened_mut().as_chunks_mut::<LANES>();
        for (third, bytes) in bytes.iter_mut().enumerate() {
            *bytes = core::array::from_fn(|at| grey[(third * LANES + at) / 3]);
        }
    }
    for (&value, out) in rest.iter().zip(rest_out) {
        *out = [tone.at(tone.gain[0], value) as u8; 3];
    }
}

/// Places in a table of 4096 entries, or 4096 for a value of `saturated` or above.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn index(line: &[u16], out: &mut [u16], tone: &ToneIndex, saturated: u16) {
    for_each_lane!(line, out, &tone.gain, |value, gain| {
        let place = tone.at(gain, value);
        if value >= saturated { 4096 } else { place }
    });
}

/// Bytes as 16-bit values.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn widen(bytes: &[u8], out: &mut [u16]) {
    for (&byte, out) in bytes.iter().zip(out) {
        *out = u16::from(byte);
    }
}

/// Adds a line to sums.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn add(line: &[u16], sums: &mut [u32]) {
    for (&value, sum) in line.iter().zip(sums) {
        *sum += u32::from(value);
    }
}

/// The smallest and the largest value.
#[inline]
pub(super) fn min_max<T: Copy + Into<u16>>(line: &[T]) -> (u16, u16) {
    line.iter().fold((u16::MAX, 0), |(low, high), &value| {
        let value = value.into();
        (low.min(value), high.max(value))
    })
}
