//! Each reason why a picture cannot be converted, provoked; beside it the nearest one that can be. What is said names what was asked and
//! what is allowed.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use frame_pool::{Colour, Element, Layout, Picture};
use frame_vcam::{ConvertError, Converter, Crop, Geometry, GeometryError, Level, Look, PixelFormat, Scaling};

const SOURCE: Layout = Layout::mono(Element::U16, 12, 48, 64);

fn grey(width: u32, height: u32) -> Geometry {
    Geometry::new(width, height, PixelFormat::Grey).unwrap()
}

/// Why frames of this layout cannot be shown so; nothing if they can.
fn refused(source: &Layout, look: &Look) -> Option<ConvertError> {
    Converter::new(source, grey(64, 48), look).err()
}

/// The same, for a picture that is to be refused, and says so in these words.
fn why(source: &Layout, look: &Look, says: &str) -> ConvertError {
    let why = refused(source, look).unwrap();
    assert!(why.to_string().contains(says), "{why}");
    why
}

#[test]
fn elements_that_are_no_grey_values() {
    let of = |element, bits| Layout::mono(element, bits, 48, 64);
    for (element, bits) in [(Element::U8, 1), (Element::U8, 8), (Element::U16, 1), (Element::U16, 16)] {
        assert_eq!(refused(&of(element, bits), &Look::new()), None, "{element:?} {bits}");
    }
    for (element, bits) in [(Element::U8, 0), (Element::U8, 9), (Element::U16, 17), (Element::U32, 16)] {
        let why = why(&of(element, bits), &Look::new(), "shown are 1 to 8 bits in U8 and 1 to 16 in U16");
        assert_eq!(why, ConvertError::Element { element, bits });
    }
}

#[test]
fn pictures_that_have_their_colours_already() {
    let of = |colour| Layout { colour, ..SOURCE };
    assert_eq!(refused(&of(Colour::BayerGrbg), &Look::new()), None);
    for colour in [Colour::Rgb, Colour::Bgra] {
        let why = why(&of(colour), &Look::new(), "shown are Mono and the four Bayer mosaics");
        assert_eq!(why, ConvertError::Colour { colour });
    }
}

#[test]
fn parts_that_lie_outside() {
    let cut = |column, row, width, height| Look::new().crop(Crop { column, row, width, height });
    assert_eq!(refused(&SOURCE, &cut(60, 40, 4, 8)), None);
    for (column, row, width, height) in
        [(60, 40, 5, 8), (60, 40, 4, 9), (0, 0, 0, 8), (u32::MAX, 0, 2, 8), (64, 0, 1, 1)]
    {
        let why =
            why(&SOURCE, &cut(column, row, width, height), "of 64 x 48: choose a part that lies inside");
        assert_eq!(why, ConvertError::Crop { column, row, width, height, columns: 64, rows: 48 });
    }
    // One pixel of a mosaic has one colour.
    let mosaic = Layout { colour: Colour::BayerRggb, ..SOURCE };
    assert_eq!(refused(&SOURCE, &cut(0, 0, 1, 2)), None);
    assert!(matches!(refused(&mosaic, &cut(0, 0, 1, 2)), Some(ConvertError::Crop { .. })));
}

#[test]
fn sizes_that_do_not_fit() {
    let large = Layout::mono(Element::U16, 12, 200, 300);
    let down = |factor| Look::new().scaling(Scaling::Down(factor));
    assert_eq!(refused(&large, &down(5)), None);
    let too_large =
        why(&large, &down(4), "is 75 x 50 pixels after scaling down by 4 and does not fit 64 x 48");
    let target = grey(64, 48);
    assert_eq!(too_large, ConvertError::TooLarge { width: 75, height: 50, factor: 4, target });
    for factor in [0, 65] {
        let why = why(&large, &down(factor), "take 1 to 64, and no more than its sides");
        assert_eq!(why, ConvertError::Factor { factor, width: 300, height: 200 });
    }
    let tiny = Layout::mono(Element::U16, 12, 3, 3);
    assert_eq!(refused(&tiny, &down(3)), None);
    assert!(matches!(refused(&tiny, &down(4)), Some(ConvertError::Factor { factor: 4, .. })));
}

#[test]
fn levels_and_gammas_that_show_nothing() {
    let manual = |black, white| Look::new().level(Level::Manual { black, white });
    assert_eq!(refused(&SOURCE, &manual(100, 101)), None);
    for (black, white) in [(100, 100), (101, 100)] {
        let why = why(&SOURCE, &manual(black, white), "the window needs at least one grey value between");
        assert_eq!(why, ConvertError::Window { black, white });
    }
    let of = |low, high, smoothing| Look::new().level(Level::Percentile { low, high, smoothing });
    assert_eq!(refused(&SOURCE, &of(0.0, 100.0, 0.0)), None);
    for (low, high, smoothing) in
        [(-0.1, 99.0, 0.5), (1.0, 100.1, 0.5), (50.0, 50.0, 0.5), (1.0, 99.0, 1.0), (1.0, 99.0, -0.1)]
    {
        let why = why(&SOURCE, &of(low, high, smoothing), "percentiles must rise within 0 to 100");
        assert_eq!(why, ConvertError::Percentile { low, high, smoothing });
    }
    let unordered = refused(&SOURCE, &of(f32::NAN, 99.0, 0.5));
    assert!(matches!(unordered, Some(ConvertError::Percentile { .. })), "{unordered:?}");
    for gamma in [0.1, 1.0, 10.0] {
        assert_eq!(refused(&SOURCE, &Look::new().gamma(gamma)), None);
    }
    for gamma in [0.0, 0.09, 10.1, f32::INFINITY] {
        let why = why(&SOURCE, &Look::new().gamma(gamma), "is outside 0.1 to 10");
        assert_eq!(why, ConvertError::Gamma { gamma });
    }
    assert!(matches!(refused(&SOURCE, &Look::new().gamma(f32::NAN)), Some(ConvertError::Gamma { .. })));
}

#[test]
fn sizes_that_no_virtual_camera_shows() {
    let look = Look::new();
    let of = |columns| look.geometry(&Layout::mono(Element::U8, 8, 2, columns), PixelFormat::Grey);
    assert_eq!(of(8192).map(|geometry| geometry.width), Ok(8192));
    let why = of(100_000).unwrap_err();
    assert!(matches!(why, ConvertError::Geometry(GeometryError::Size { .. })), "{why}");
}

#[test]
fn frames_and_buffers_of_another_shape_and_then_it_goes_on() {
    let target = grey(64, 48);
    let mut converter = Converter::new(&SOURCE, target, &Look::new()).unwrap();
    let memory = vec![0_u8; 2 * 64 * 48 + 2];
    let mut convert = |layout: Layout, bytes: usize, room: usize| {
        converter.convert_picture(&Picture::new(&memory[..bytes], layout), &mut vec![0; room])
    };
    let (bytes, room) = (2 * 64 * 48, 64 * 48);
    assert_eq!(convert(SOURCE, bytes, room), Ok(()));
    // Where it lies may differ, nothing else.
    assert_eq!(convert(SOURCE.at_offset(2), bytes + 2, room), Ok(()));
    let taller = Layout::mono(Element::U16, 12, 49, 64);
    let why = convert(taller, bytes, room).unwrap_err();
    assert_eq!(why, ConvertError::Layout { expected: SOURCE, actual: taller });
    assert!(
        why.to_string().contains("the frame is 64 x 49 of Mono U16, the converter was made for 64 x 48"),
        "{why}"
    );
    for actual in [room - 1, room + 1, 0] {
        let why = convert(SOURCE, bytes, actual).unwrap_err();
        assert_eq!(why, ConvertError::Buffer { target, actual });
        assert!(why.to_string().contains("has exactly 3072"), "{why}");
    }
    let why = convert(SOURCE, bytes - 1, room).unwrap_err();
    assert!(matches!(why, ConvertError::View(_)), "{why}");
    assert_eq!(convert(SOURCE, bytes, room), Ok(()), "and it goes on");
}
