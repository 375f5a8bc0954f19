//! Colour: Bayer mosaics in every order, orientation and cut; BT.601 by exact arithmetic; colour maps, gamma and saturation.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use frame_pool::{Colour, Element, Layout};
use frame_vcam::{
    ColourMap, ConvertError, Converter, Crop, Debayer, Geometry, Level, Look, Orientation, PixelFormat,
    Scaling, Window,
};
use proptest::prelude::*;
use support::{Grid, Memory, brightness, converted, cropped, mono, oriented};

const ORDERS: [(Colour, [usize; 4]); 4] = [
    (Colour::BayerRggb, [0, 1, 1, 2]),
    (Colour::BayerGrbg, [1, 0, 2, 1]),
    (Colour::BayerGbrg, [1, 2, 0, 1]),
    (Colour::BayerBggr, [2, 1, 1, 0]),
];

/// Grey values, or sites of a mosaic.
fn noise(seed: u32, width: usize, height: usize) -> Grid {
    let value = |x: usize, y: usize| {
        ((seed ^ (x as u32 * 7919) ^ (y as u32 * 104_729)).wrapping_mul(0x9E37_79B1) >> 15) as u16
    };
    (0..height).map(|y| (0..width).map(|x| value(x, y)).collect()).collect()
}

fn mosaic(grid: &Grid, colour: Colour) -> Memory {
    let layout = Layout::mono(Element::U16, 16, grid.len() as u32, grid[0].len() as u32);
    Memory::of(grid, Layout { colour, ..layout })
}

/// Each pixel with the colour it has.
type Sites = Vec<Vec<(u16, usize)>>;

/// Missing colours are the mean of those of the eight neighbours that have them; the picture is mirrored at its edges.
fn bilinear(sites: &Sites) -> Vec<Vec<[u16; 3]>> {
    let (width, height) = (sites[0].len() as i64, sites.len() as i64);
    let mirrored = |n: i64, size: i64| {
        (if n < 0 {
            -n
        } else if n >= size {
            2 * size - 2 - n
        } else {
            n
        }) as usize
    };
    let colour_at = |x: i64, y: i64, colour: usize| {
        let (value, own) = sites[y as usize][x as usize];
        if own == colour {
            return value;
        }
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
        let neighbours = around.map(|(dx, dy)| sites[mirrored(y + dy, height)][mirrored(x + dx, width)]);
        let of_colour: Vec<u32> =
            neighbours.filter(|site| site.1 == colour).map(|site| site.0.into()).collect();
        ((of_colour.iter().sum::<u32>() + of_colour.len() as u32 / 2) / of_colour.len() as u32) as u16
    };
    (0..height)
        .map(|y| (0..width).map(|x| [0, 1, 2].map(|colour| colour_at(x, y, colour))).collect())
        .collect()
}

/// Each four sites are one pixel.
fn superpixels(sites: &Sites) -> Vec<Vec<[u16; 3]>> {
    let pixel = |x: usize, y: usize| {
        let four = [sites[y][x], sites[y][x + 1], sites[y + 1][x], sites[y + 1][x + 1]];
        [0, 1, 2].map(|colour| {
            let of_colour: Vec<u32> =
                four.iter().filter(|site| site.1 == colour).map(|site| site.0.into()).collect();
            ((of_colour.iter().sum::<u32>() + of_colour.len() as u32 / 2) / of_colour.len() as u32) as u16
        })
    };
    let (width, height) = (sites[0].len() / 2, sites.len() / 2);
    (0..height).map(|y| (0..width).map(|x| pixel(2 * x, 2 * y)).collect()).collect()
}

fn part((width, height): (u32, u32)) -> impl Strategy<Value = Crop> {
    let side = |size: u32| (0..=size - 4).prop_flat_map(move |first| (Just(first), 4..=size - first));
    (side(width), side(height)).prop_map(|((column, width), (row, height))| Crop {
        column,
        row,
        width,
        height,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_mosaic_has_its_colours_in_any_order_and_orientation(
        (size, part) in (4..50_u32, 4..45_u32).prop_flat_map(|size| (Just(size), part(size))),
        order in proptest::sample::select(ORDERS.to_vec()),
        orientation in proptest::sample::select(Orientation::ALL.to_vec()),
        seed in any::<u32>(),
    ) {
        let grid = noise(seed, size.0 as usize, size.1 as usize);
        let sites: Sites = grid.iter().enumerate().map(|(y, row)| {
            row.iter().enumerate().map(|(x, &value)| (value, order.1[y % 2 * 2 + x % 2])).collect()
        }).collect();
        // The plain model turns the colours with the pixels.
        let places: Grid = (0..size.1).map(|y| (0..size.0).map(|x| (y * size.0 + x) as u16).collect()).collect();
        let sites: Sites = oriented(&cropped(&places, Some(part)), orientation).iter().map(|row| {
            row.iter().map(|&place| sites[usize::from(place) / size.0 as usize][usize::from(place) % size.0 as usize]).collect()
        }).collect();
        let memory = mosaic(&grid, order.0);
        for debayer in [Debayer::Bilinear, Debayer::Superpixel] {
            let expected = if debayer == Debayer::Bilinear { bilinear(&sites) } else { superpixels(&sites) };
            let look = Look::new().level(Level::Manual { black: 500, white: 60_000 }).debayer(debayer);
            let look = look.orientation(orientation).crop(part).scaling(Scaling::Down(1));
            let target = look.geometry(&memory.layout, PixelFormat::Rgb24).unwrap();
            prop_assert_eq!((target.width as usize, target.height as usize), (expected[0].len(), expected.len()));
            let (out, window) = converted(&memory, target, &look);
            let bytes: Vec<u8> = expected.iter().flatten().flatten().map(|&value| brightness(value, window, 0, 255)).collect();
            prop_assert!(out == bytes, "{debayer:?}");
            // In 16 bits grey, with the window that changes nothing.
            let target = look.geometry(&memory.layout, PixelFormat::Y16).unwrap();
            let (out, _) = converted(&memory, target, &look.level(Level::Full));
            for (word, [red, green, blue]) in out.chunks_exact(2).zip(expected.iter().flatten()) {
                let luma = 0.299 * f64::from(*red) + 0.587 * f64::from(*green) + 0.114 * f64::from(*blue);
                prop_assert!((f64::from(u16::from_le_bytes([word[0], word[1]])) - luma).abs() < 1.0);
            }
        }
    }
}

/// Y, U and V of the mean of some pixels, by BT.601 in limited range, not rounded.
fn bt601(pixels: &[&[u8]]) -> [f64; 3] {
    let mean = |channel: usize| {
        pixels.iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / pixels.len() as f64 / 255.0
    };
    let (red, green, blue) = (mean(0), mean(1), mean(2));
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    [16.0 + 219.0 * luma, 128.0 + 224.0 * (blue - luma) / 1.772, 128.0 + 224.0 * (red - luma) / 1.402]
}

fn is(out: u8, truth: f64) -> bool {
    (f64::from(out) - truth).abs() < 0.51
}

/// Each byte of the frames in YUYV, NV12 and I420 follows from the frame in RGB24.
fn agree(rgb: &[u8], frame: impl Fn(PixelFormat) -> Vec<u8>, width: usize, height: usize) {
    let pixel = |x: usize, y: usize| &rgb[3 * (y * width + x)..][..3];
    let (yuyv, nv12, i420) = (frame(PixelFormat::Yuyv), frame(PixelFormat::Nv12), frame(PixelFormat::I420));
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let luma = bt601(&[pixel(x, y)])[0];
        let at = y * width + x;
        assert!(is(yuyv[2 * at], luma) && is(nv12[at], luma) && is(i420[at], luma), "Y at {x}, {y}");
        let pair = bt601(&[pixel(x & !1, y), pixel(x | 1, y)]);
        assert!(is(yuyv[2 * at + 1], pair[1 + x % 2]), "chroma of a pair at {x}, {y}");
        let (left, top) = (x & !1, y & !1);
        let square =
            bt601(&[pixel(left, top), pixel(left + 1, top), pixel(left, top + 1), pixel(left + 1, top + 1)]);
        let (planes, place) = (width * height, y / 2 * (width / 2) + x / 2);
        assert!(is(nv12[planes + 2 * place + x % 2], square[1 + x % 2]), "chroma of a square at {x}, {y}");
        assert!(is(i420[planes + place], square[1]) && is(i420[planes * 5 / 4 + place], square[2]));
    }
}

#[test]
fn yuv_is_the_rounded_truth_of_bt601() {
    let (width, height) = (70, 22);
    let target = |format| Geometry::new(width as u32, height as u32, format).unwrap();
    let grid = noise(5, width, height);
    let looks =
        [ColourMap::Fire, ColourMap::Viridis, ColourMap::Saturation].map(|map| Look::new().colours(map));
    for look in looks.map(|look| look.level(Level::Full)) {
        let frame = |format| converted(&mono(&grid, 16), target(format), &look).0;
        agree(&frame(PixelFormat::Rgb24), frame, width, height);
    }
    for (colour, _) in ORDERS {
        let frame =
            |format| converted(&mosaic(&grid, colour), target(format), &Look::new().level(Level::Full)).0;
        agree(&frame(PixelFormat::Rgb24), frame, width, height);
    }
}

#[test]
#[should_panic(expected = "Y at")]
fn a_colour_that_is_a_little_wrong_is_found_out() {
    let frame = |format| {
        let look = Look::new().level(Level::Full).colours(ColourMap::Fire);
        converted(&mono(&noise(5, 8, 8), 16), Geometry::new(8, 8, format).unwrap(), &look).0
    };
    let mut rgb = frame(PixelFormat::Rgb24);
    rgb.iter_mut().for_each(|byte| *byte = byte.saturating_sub(2));
    agree(&rgb, frame, 8, 8);
}

/// The values of a 12-bit camera in 64 rows, as bytes of GREY or of one channel.
fn shown(look: &Look, format: PixelFormat) -> (Vec<u8>, Window) {
    let grid: Grid = (0..64).map(|y| (0..64).map(|x| y * 64 + x).collect()).collect();
    converted(&mono(&grid, 12), Geometry::new(64, 64, format).unwrap(), look)
}

#[test]
fn gamma_and_inversion_are_right_to_a_4096th_of_the_window() {
    let curve = |share: f64, gamma: f64| 255.0 * share.clamp(0.0, 1.0).powf(1.0 / gamma);
    for gamma in [0.1_f32, 0.5, 1.0, 2.2, 10.0] {
        for colours in [ColourMap::Grey, ColourMap::Inverted] {
            let look =
                Look::new().level(Level::Manual { black: 100, white: 4000 }).gamma(gamma).colours(colours);
            let (out, _) = shown(&look, PixelFormat::Grey);
            let (rgb, _) = shown(&look, PixelFormat::Rgb24);
            assert!(rgb.chunks_exact(3).zip(&out).all(|(pixel, grey)| pixel == [*grey; 3]));
            for (value, &out) in out.iter().enumerate() {
                let share = (value as f64 - 100.0) / 3900.0;
                let out = f64::from(if colours == ColourMap::Inverted { 255 - out } else { out });
                let ends = [-1.0, 1.0].map(|side| curve(share + side / 4096.0, gamma.into()) + side * 0.51);
                assert!(ends[0] <= out && out <= ends[1], "gamma {gamma}, value {value}: {out}");
            }
        }
    }
}

#[test]
fn saturated_pixels_are_red_and_no_others_whatever_the_window() {
    for (black, white) in [(0, 4095), (0, 1000), (4000, 4095), (0, 60_000)] {
        let look = Look::new().level(Level::Manual { black, white }).colours(ColourMap::Saturation);
        let (out, window) = shown(&look, PixelFormat::Rgb24);
        for (value, pixel) in (0_u16..).zip(out.chunks_exact(3)) {
            if value == 4095 {
                assert_eq!(pixel, [255, 0, 0]);
            } else {
                let grey = brightness(value, window, 0, 255);
                assert!(pixel == [pixel[0]; 3] && pixel[0].abs_diff(grey) <= 1, "{value}: {pixel:?}, {grey}");
            }
        }
    }
}

#[test]
fn false_colours_are_refused_where_there_is_no_place_for_them() {
    let refused = |memory: &Memory, format| {
        let target = Geometry::new(8, 8, format).unwrap();
        let look = Look::new().colours(ColourMap::Fire);
        let why = Converter::new(&memory.layout, target, &look).unwrap_err();
        assert!(matches!(why, ConvertError::NoColours { .. }), "{why}");
        why.to_string()
    };
    let grid = noise(1, 8, 8);
    assert!(refused(&mono(&grid, 16), PixelFormat::Grey).contains("or YUYV, NV12"));
    assert!(refused(&mono(&grid, 16), PixelFormat::Y16).contains("ColourMap::Inverted"));
    assert!(refused(&mosaic(&grid, Colour::BayerRggb), PixelFormat::Yuyv).contains("BayerRggb"));
}
