//! Red, green and blue into luma and chroma: BT.601 in fixed point of 16 bits, each result the true value rounded.

use multiversion::multiversion;

/// Luma in limited range, 16 to 235, of full-range red, green and blue. Together 219 / 255.
const LIMITED: Weights = Weights { of: [16829, 33039, 6416], bias: (16 << 16) + (1 << 15) };
/// Luma in full range. Together 1.
const FULL: Weights = Weights { of: [19595, 38470, 7471], bias: 1 << 15 };
/// U and V, 16 to 240 around 128. Of grey exactly 128.
const U: [i32; 3] = [-9714, -19070, 28784];
const V: [i32; 3] = [28784, -24103, -4681];

struct Weights {
    of: [u32; 3],
    bias: u32,
}

impl Weights {
    #[inline(always)]
    const fn at(&self, [red, green, blue]: [u32; 3]) -> u32 {
        (self.of[0] * red + self.of[1] * green + self.of[2] * blue + self.bias) >> 16
    }
}

/// Chroma of 2^`shift` pixels whose reds, greens and blues were added.
#[inline(always)]
const fn chroma(weights: [i32; 3], [red, green, blue]: [i32; 3], shift: u32) -> u8 {
    let sum = weights[0] * red + weights[1] * green + weights[2] * blue;
    ((sum + (128 << (16 + shift)) + (1 << (15 + shift))) >> (16 + shift)) as u8
}

/// Lines of red, green and blue, of the same length.
pub(super) type Rgb<'a, T = u8> = [&'a [T]; 3];

#[inline(always)]
fn cut<T>(rgb: Rgb<'_, T>, length: usize) -> (Rgb<'_, T>, usize) {
    let length = rgb.iter().map(|line| line.len()).fold(length, usize::min);
    (rgb.map(|line| &line[..length]), length)
}

/// Y of each pixel.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn luma(rgb: Rgb<'_>, out: &mut [u8]) {
    let ([red, green, blue], length) = cut(rgb, out.len());
    for (x, out) in out[..length].iter_mut().enumerate() {
        *out = LIMITED.at([red[x].into(), green[x].into(), blue[x].into()]) as u8;
    }
}

/// Grey of each pixel. The largest product sum is 2^32 - 2^16 + 2^15.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn grey(rgb: Rgb<'_, u16>, out: &mut [u16]) {
    let ([red, green, blue], length) = cut(rgb, out.len());
    for (x, out) in out[..length].iter_mut().enumerate() {
        *out = FULL.at([red[x].into(), green[x].into(), blue[x].into()]) as u16;
    }
}

/// Two pixels in four bytes: Y0 U Y1 V.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn yuyv(rgb: Rgb<'_>, out: &mut [u8]) {
    let [red, green, blue] = rgb.map(|line| line.as_chunks::<2>().0);
    let pixels = red.iter().zip(green).zip(blue).zip(out.as_chunks_mut::<4>().0);
    for (((red, green), blue), out) in pixels {
        let y = |n: usize| LIMITED.at([red[n].into(), green[n].into(), blue[n].into()]) as u8;
        let sums = [red, green, blue].map(|pair| i32::from(pair[0]) + i32::from(pair[1]));
        *out = [y(0), chroma(U, sums, 1), y(1), chroma(V, sums, 1)];
    }
}

/// U and V of each 2 x 2 pixels of two rows.
#[inline(always)]
pub(super) fn chroma_of_squares<'a>(
    above: Rgb<'a>,
    below: Rgb<'a>,
) -> impl Iterator<Item = (u8, u8)> + use<'a> {
    let pairs = |rgb: Rgb<'a>| rgb.map(|line| line.as_chunks::<2>().0.iter());
    let ([r0, g0, b0], [r1, g1, b1]) = (pairs(above), pairs(below));
    let sum =
        |(above, below): (&[u8; 2], &[u8; 2])| above.iter().chain(below).map(|&value| i32::from(value)).sum();
    let sums = r0.zip(r1).map(sum).zip(g0.zip(g1).map(sum)).zip(b0.zip(b1).map(sum));
    sums.map(|((red, green), blue): ((i32, i32), i32)| {
        let sums = [red, green, blue];
        (chroma(U, sums, 2), chroma(V, sums, 2))
    })
}

/// Three bytes a pixel, red first.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn interleave(rgb: Rgb<'_>, out: &mut [u8]) {
    let [red, green, blue] = rgb;
    for (((&red, &green), &blue), out) in red.iter().zip(green).zip(blue).zip(out.as_chunks_mut::<3>().0) {
        *out = [red, green, blue];
    }
}
