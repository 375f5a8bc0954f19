//! What a table of 4096 entries does better than a formula: gamma, and colours that are none of grey's.

use core::array::from_fn;

use super::look::{ColourMap, Look};

/// Entries by brightness, one for a saturated sensor, and room up to the power of two that needs no check of bounds.
const ENTRIES: usize = 8192;
/// The brightest entry.
const LAST: usize = 4095;

/// A table by what [`super::kernels::index`] gives.
#[derive(Debug, Clone)]
pub(super) struct Table<T>(Box<[T; ENTRIES]>);

impl<T: Copy + Default> Table<T> {
    /// From what is shown for a share of brightness, 0 to 1, and what is shown for a saturated sensor.
    fn new(shown: impl Fn(f64) -> T, saturated: T) -> Self {
        let mut table = Box::new([T::default(); ENTRIES]);
        for (place, entry) in table.iter_mut().enumerate() {
            *entry = if place <= LAST { shown(place as f64 / LAST as f64) } else { saturated };
        }
        Self(table)
    }

    #[inline(always)]
    pub(super) fn at(&self, place: u16) -> T {
        self.0[usize::from(place) % ENTRIES]
    }
}

/// What gamma and inversion make of a share of brightness.
fn curve(look: &Look) -> impl Fn(f64) -> f64 + use<> {
    let (exponent, inverted) = (1.0 / f64::from(look.gamma), look.colours == ColourMap::Inverted);
    move |share: f64| {
        let share = share.powf(exponent);
        if inverted { 1.0 - share } else { share }
    }
}

/// Brightness in bytes from `offset` on, `span` steps.
pub(super) fn bytes(look: &Look, offset: u8, span: u8) -> Table<u8> {
    let curve = curve(look);
    let shown = move |share: f64| (f64::from(offset) + curve(share) * f64::from(span)).round() as u8;
    let brightest = shown(1.0);
    Table::new(shown, brightest)
}

/// Brightness in 16 bits.
pub(super) fn words(look: &Look) -> Table<u16> {
    let curve = curve(look);
    let shown = move |share: f64| (curve(share) * 65_535.0).round() as u16;
    let brightest = shown(1.0);
    Table::new(shown, brightest)
}

/// Red, green and blue, full range, and a byte that makes them one word.
pub(super) fn colours(look: &Look) -> Table<[u8; 4]> {
    let stops: &[[f64; 3]] = match look.colours {
        ColourMap::Fire => &FIRE,
        ColourMap::Viridis => &VIRIDIS,
        ColourMap::Grey | ColourMap::Inverted | ColourMap::Saturation => &[[0.0; 3], [255.0; 3]],
    };
    let curve = curve(look);
    let shown = move |share: f64| {
        let [red, green, blue] = between(stops, curve(share)).map(|channel| channel.round() as u8);
        [red, green, blue, 0]
    };
    let saturated = if look.colours == ColourMap::Saturation { [255, 0, 0, 0] } else { shown(1.0) };
    Table::new(shown, saturated)
}

/// The colour at a share of the way along evenly spaced stops.
fn between(stops: &[[f64; 3]], share: f64) -> [f64; 3] {
    let along = share * (stops.len() - 1) as f64;
    let before = (along as usize).min(stops.len() - 2);
    let rest = along - before as f64;
    from_fn(|channel| stops[before][channel] * (1.0 - rest) + stops[before + 1][channel] * rest)
}

/// Black body, made brighter in the dark.
const FIRE: [[f64; 3]; 6] = [
    [0.0, 0.0, 0.0],
    [40.0, 0.0, 130.0],
    [170.0, 0.0, 100.0],
    [245.0, 100.0, 0.0],
    [255.0, 205.0, 40.0],
    [255.0, 255.0, 255.0],
];

/// Eleven points of viridis (matplotlib, CC0), evenly spaced.
const VIRIDIS: [[f64; 3]; 11] = [
    [68.0, 1.0, 84.0],
    [72.0, 36.0, 117.0],
    [65.0, 68.0, 135.0],
    [53.0, 95.0, 141.0],
    [42.0, 120.0, 142.0],
    [33.0, 145.0, 140.0],
    [34.0, 168.0, 132.0],
    [68.0, 191.0, 112.0],
    [122.0, 209.0, 81.0],
    [189.0, 223.0, 38.0],
    [253.0, 231.0, 37.0],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_map_goes_from_its_darkest_to_its_brightest() {
        let ends = |map| {
            let table = colours(&Look::new().colours(map));
            [0, LAST as u16, 4096]
                .map(|place| table.at(place))
                .map(|[red, green, blue, _]| [red, green, blue])
        };
        assert_eq!(ends(ColourMap::Fire), [[0, 0, 0], [255, 255, 255], [255, 255, 255]]);
        assert_eq!(ends(ColourMap::Viridis), [[68, 1, 84], [253, 231, 37], [253, 231, 37]]);
        assert_eq!(ends(ColourMap::Saturation), [[0, 0, 0], [255, 255, 255], [255, 0, 0]]);
        assert_eq!(ends(ColourMap::Inverted), [[255, 255, 255], [0, 0, 0], [0, 0, 0]]);
    }

    #[test]
    fn fire_and_viridis_never_get_darker() {
        for map in [ColourMap::Fire, ColourMap::Viridis] {
            let table = colours(&Look::new().colours(map));
            let weight = [299_u32, 587, 114];
            let luma = |place: u16| (0..3).map(|c| weight[c] * u32::from(table.at(place)[c])).sum::<u32>();
            // The rounding of three channels may take one step of the smallest weight or two.
            assert!((1..=4095).all(|place| luma(place) + 700 >= luma(place - 1)), "{map:?}");
            assert!(luma(4095) > 2 * luma(1000));
        }
    }

    #[test]
    fn gamma_lifts_the_dark_and_leaves_the_ends() {
        let table = words(&Look::new().gamma(2.0));
        assert_eq!((table.at(0), table.at(4095)), (0, 65_535));
        assert_eq!(table.at(1024), (65_535.0 * (1024.0_f64 / 4095.0).sqrt()).round() as u16);
    }
}
