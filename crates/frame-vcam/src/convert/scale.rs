//! Another size: each pixel is the mean of a box of pixels.

use super::kernels;

/// The largest factor: sums of 65 x 65 pixels of 16 bits, and the division by multiplication, stay exact.
pub(super) const LARGEST_FACTOR: u32 = 64;

/// The first of a box's pixels, and how many, along one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) count: u32,
}

/// Divides `source` pixels among `target` boxes: of whole pixels, and never empty.
pub(super) fn spans(source: u32, target: u32) -> Vec<Span> {
    let edge = |n: u32| (u64::from(n) * u64::from(source) / u64::from(target)) as u32;
    let span = |n| Span { first: edge(n), count: (edge(n + 1) - edge(n)).max(1) };
    (0..target).map(span).collect()
}

/// Sums of the lines of a row of boxes, and the means that come out.
#[derive(Debug)]
pub(super) struct Sums {
    sums: Vec<u32>,
    means: Vec<u16>,
}

impl Sums {
    pub(super) fn new(source: u32, target: u32) -> Self {
        Self { sums: vec![0; source as usize], means: vec![0; target as usize] }
    }

    pub(super) fn clear(&mut self) {
        self.sums.fill(0);
    }

    pub(super) fn add(&mut self, line: &[u16]) {
        kernels::add(line, &mut self.sums);
    }

    /// The means of boxes of `lines` lines, halves up.
    pub(super) fn finish(&mut self, columns: &[Span], lines: u32) -> &[u16] {
        // The first box is the smallest, none is larger by more than one column.
        let fewest = columns.first().map_or(1, |span| span.count);
        let divisors = [fewest, fewest + 1].map(|count| Divisor::new(count * lines));
        for (span, mean) in columns.iter().zip(&mut self.means) {
            let first = span.first as usize;
            let sum = self.sums.get(first..first + span.count as usize).unwrap_or(&[]).iter().sum::<u32>();
            *mean = divisors[usize::from(span.count != fewest)].mean(sum);
        }
        &self.means
    }
}

/// A division by a multiplication: exact for sums of up to 4225 values of 16 bits.
#[derive(Debug, Clone, Copy)]
struct Divisor {
    half: u32,
    reciprocal: u64,
}

/// Bits behind the point of a reciprocal. With c values, sum x error < 2^16 c x c < 2^41, so nothing reaches the next whole number;
/// and the product is below 2^61.
const FRACTION: u32 = 44;

impl Divisor {
    const fn new(count: u32) -> Self {
        Self { half: count / 2, reciprocal: (1_u64 << FRACTION).div_ceil(count as u64) }
    }

    #[inline(always)]
    const fn mean(&self, sum: u32) -> u16 {
        (((sum + self.half) as u64 * self.reciprocal) >> FRACTION) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_take_each_pixel_once_and_are_never_empty() {
        for (source, target) in [(10, 10), (10, 5), (10, 3), (7, 2), (3, 7), (1, 4), (2048, 1080), (4160, 64)]
        {
            let spans = spans(source, target);
            assert_eq!(spans.len(), target as usize);
            assert!(spans.iter().all(|span| span.count >= 1 && span.first + span.count <= source));
            if target <= source {
                assert_eq!(spans.iter().map(|span| span.count).sum::<u32>(), source);
            }
            let more = spans.iter().map(|span| span.count - spans[0].count);
            assert!(more.max().unwrap() <= 1, "{source} into {target}");
        }
    }

    #[test]
    fn a_mean_is_the_exact_one() {
        for count in 1..=4225_u32 {
            let divisor = Divisor::new(count);
            for value in [0, 1, 2, 255, 256, 32_767, 32_768, 65_534, 65_535_u32] {
                for rest in [0, 1, count / 2, (count - 1) / 2, count - 1] {
                    let sum = (value * count + rest).min(65_535 * count);
                    assert_eq!(u32::from(divisor.mean(sum)), (sum + count / 2) / count, "{sum} / {count}");
                }
            }
        }
    }
}
