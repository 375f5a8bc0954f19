//! A picture from a microscope, through simulated camera and driver into each video format: every pixel is the grey value that the
//! file has, at its place in the window.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use frame_vcam::{Converter, Crop, Geometry, Level, Look, PixelFormat, Window};
use pvcam::{Lease, Plan, Region};
use pvcam_tests::{Rig, child, next, pages};

/// Columns of the file's page, and its rows.
const PAGE: (usize, usize) = (1200, 1000);
/// What is shown of it: some bright spots in the middle, so that it takes no time.
const PART: Crop = Crop { column: 500, row: 400, width: 250, height: 200 };

/// What the converter makes of a frame, as a share of the way from black to white, with the steps that a format has.
struct Shown {
    window: Window,
    steps: f64,
    shares: Vec<f64>,
}

fn shown(lease: &Lease, format: PixelFormat, level: Level) -> Shown {
    let target = Geometry::new(PART.width, PART.height, format).expect("even sides");
    let look = Look::new().level(level).crop(PART);
    let mut converter = Converter::new(lease.layout(), target, &look).expect("it fits");
    let mut out = vec![0; target.frame_bytes()];
    converter.convert(lease, &mut out).expect("a frame of this camera");
    let (luma, chroma) = out.split_at((target.row_bytes() * PART.height) as usize);
    assert!(chroma.iter().all(|&byte| byte == 128), "grey has no colour");
    let limited = |byte: u8| (f64::from(byte) - 16.0) / 219.0;
    let (steps, shares): (f64, Vec<f64>) = match format {
        PixelFormat::Yuyv => {
            assert!(luma.chunks_exact(2).all(|pixel| pixel[1] == 128), "grey has no colour");
            (219.0, luma.chunks_exact(2).map(|pixel| limited(pixel[0])).collect())
        }
        PixelFormat::Nv12 | PixelFormat::I420 => (219.0, luma.iter().map(|&byte| limited(byte)).collect()),
        PixelFormat::Rgb24 => {
            assert!(luma.chunks_exact(3).all(|pixel| pixel == [pixel[0]; 3]), "grey has no colour");
            (255.0, luma.chunks_exact(3).map(|pixel| f64::from(pixel[0]) / 255.0).collect())
        }
        PixelFormat::Y16 => {
            let value = |word: &[u8]| f64::from(u16::from_le_bytes([word[0], word[1]]));
            (65_535.0, luma.chunks_exact(2).map(|word| value(word) / 65_535.0).collect())
        }
        _ => (255.0, luma.iter().map(|&byte| f64::from(byte) / 255.0).collect()),
    };
    Shown { window: converter.window().expect("a frame was converted"), steps, shares }
}

/// The first pixel that is further from its place than the format's steps allow.
fn misplaced(part: &[u16], shown: &Shown) -> Option<usize> {
    let (black, white) = (f64::from(shown.window.black()), f64::from(shown.window.white()));
    // In 16 bits a step is what may be missing; in 8 bits half a step and a little.
    let allowed = if shown.steps > 255.0 { 1.0 } else { 0.5 + 1.0 / 128.0 };
    assert_eq!(shown.shares.len(), part.len());
    part.iter().zip(&shown.shares).position(|(&value, share)| {
        let place = ((f64::from(value) - black) / (white - black)).clamp(0.0, 1.0);
        ((share - place) * shown.steps).abs() > allowed
    })
}

fn in_every_format(lease: &Lease, part: &[u16]) {
    for format in PixelFormat::ALL {
        let by_hand = shown(lease, format, Level::Manual { black: 700, white: 3000 });
        assert_eq!((by_hand.window.black(), by_hand.window.white()), (700, 3000));
        assert_eq!(misplaced(part, &by_hand), None, "{format}");
    }
    let mut sorted = part.to_vec();
    sorted.sort_unstable();
    let whole = shown(lease, PixelFormat::Yuyv, Level::MinMax);
    assert_eq!((whole.window.black(), whole.window.white()), (sorted[0], sorted[sorted.len() - 1]));
    assert_eq!(misplaced(part, &whole), None);
    let by_rank = shown(lease, PixelFormat::Yuyv, Level::Percentile { low: 1.0, high: 99.0, smoothing: 0.0 });
    assert_eq!(misplaced(part, &by_rank), None);
    // A sample of at most 8192 pixels: its first percentile is at worst the half or one and a half of all of them.
    let value = |percent: f64| sorted[(percent / 100.0 * (sorted.len() - 1) as f64) as usize];
    assert!((value(0.5)..=value(1.5)).contains(&by_rank.window.black()), "{}", by_rank.window);
    assert!((value(98.5)..=value(99.5)).contains(&by_rank.window.white()), "{}", by_rank.window);
}

#[test]
fn in_every_format_each_pixel_is_at_its_place() {
    let file = format!("{}/data/replay-foci.toml", env!("CARGO_MANIFEST_DIR"));
    let this = "in_every_format_each_pixel_is_at_its_place";
    if let Some(ended) = child(this, &[("PVCAM_SIM_CONFIG", &file)]) {
        return ended.assert_clean();
    }
    let pages = pages("foci-gh2ax-1200x1000-u16.tif");
    let lines = pages[0].chunks_exact(PAGE.0).skip(PART.row as usize).take(PART.height as usize);
    let part: Vec<u16> =
        lines.flat_map(|line| &line[PART.column as usize..][..PART.width as usize]).copied().collect();
    let rig = Rig::from_environment();
    let plan = Plan::sequence(1).region(Region::new(848, 1048, PAGE.0 as u16, PAGE.1 as u16));
    let armed = rig.open("pvcamUSB_0").arm(plan).expect("the plan is good");
    let (session, frames) = armed.start().expect("it starts");
    rig.step(0, 1);
    let lease = next(&frames);
    in_every_format(&lease, &part);
    // The control: a picture that differs in one pixel by one part in a thousand is found out.
    let mut other = part.clone();
    let at = part.iter().position(|value| (1000..2900).contains(value)).expect("a mid grey");
    other[at] += 3;
    let by_hand = shown(&lease, PixelFormat::Y16, Level::Manual { black: 700, white: 3000 });
    assert_eq!(misplaced(&other, &by_hand), Some(at));
    drop(lease);
    assert!(session.stop().expect("it stops").books.balanced());
}
