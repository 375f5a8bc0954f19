//! From grey values to brightness, in 16-bit integers.
//!
//! A window is brought to full 16 bits by a power of two, and multiplied by a number of which only the high half of the product
//! is kept: both are single instructions on many pixels at once. Exactly, for black b, white w, a grey value v, and a scale of
//! `span` steps above `offset`:
//!
//! ```text
//! t = min(v, w) - min(v, w, b)           how far v lies in the window
//! s = the power of two with 32768 <= (w - b) x s <= 65535
//! m = ceil(span x 128 x 65536 / ((w - b) x s))
//! y = offset + (floor(t x s x m / 65536) + 64) / 128, rounded down
//! ```
//!
//! Black gives `offset` and white `offset + span`, exactly; between them y is less than 1/2 + 1/128 away from the true value.

use super::kernels::LANES;
use super::window::Window;

/// A window as the kernels want it: `min(v, white) - black`, never below zero, times `step`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span16 {
    /// 65535 - white: adding it with saturation cuts what is above white.
    pub(super) above: u16,
    /// 65535 - white + black: subtracting it with saturation cuts what is below black.
    pub(super) below: u16,
    /// The power of two that brings white - black to 32768 or more.
    pub(super) step: u16,
    /// (white - black) x step.
    range: u16,
}

impl Span16 {
    pub(super) fn of(window: Window) -> Self {
        let (above, size) = (u16::MAX - window.white(), window.size());
        let step = 1 << size.leading_zeros();
        Self { above, below: above + window.black(), step, range: size * step }
    }

    #[inline(always)]
    pub(super) fn at(&self, value: u16) -> u16 {
        value.saturating_add(self.above).saturating_sub(self.below).wrapping_mul(self.step)
    }
}

/// Brightness of so many steps, with `FRACTION` bits behind the point until the last moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tone<const FRACTION: u32> {
    pub(super) span: Span16,
    /// The multiplier, once for each pixel that is worked on together.
    pub(super) gain: [u16; LANES],
    /// What is added before the fraction is cut off: the offset, and a half.
    pub(super) bias: u16,
}

/// Brightness in 8 bits.
pub(super) type Tone8 = Tone<7>;
/// Place in a table of 4096 entries.
pub(super) type ToneIndex = Tone<3>;

impl<const FRACTION: u32> Tone<FRACTION> {
    /// `steps` x 2^FRACTION is below 32768, so that the gain has 16 bits.
    pub(super) fn new(window: Window, offset: u16, steps: u16) -> Self {
        let span = Span16::of(window);
        let gain = ((u32::from(steps) << FRACTION) << 16).div_ceil(u32::from(span.range));
        // At most steps x 2^FRACTION x 65536 / 32768.
        let gain = [u16::try_from(gain).unwrap_or(u16::MAX); LANES];
        Self { span, gain, bias: (offset << FRACTION) + (1 << (FRACTION - 1)) }
    }

    #[inline(always)]
    pub(super) fn at(&self, gain: u16, value: u16) -> u16 {
        high(self.span.at(value), gain).wrapping_add(self.bias) >> FRACTION
    }
}

/// Brightness in 16 bits: the window stretched to 0 to 65535. White is exactly 65535, and no value is more than 1 away from the
/// true one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tone16 {
    pub(super) span: Span16,
    /// What is missing to 65535, as a fraction of the value.
    pub(super) gain: [u16; LANES],
}

impl Tone16 {
    pub(super) fn new(window: Window) -> Self {
        let span = Span16::of(window);
        let gain = (u32::from(u16::MAX - span.range) << 16).div_ceil(u32::from(span.range));
        // At most 32767 x 65536 / 32768.
        Self { span, gain: [u16::try_from(gain).unwrap_or(u16::MAX); LANES] }
    }

    #[inline(always)]
    pub(super) fn at(&self, gain: u16, value: u16) -> u16 {
        let value = self.span.at(value);
        value.wrapping_add(high(value, gain))
    }
}

/// The high half of a product.
#[inline(always)]
fn high(a: u16, b: u16) -> u16 {
    ((u32::from(a) * u32::from(b)) >> 16) as u16
}
