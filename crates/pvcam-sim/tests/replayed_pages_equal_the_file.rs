//! The replay scene delivers the pages of the TIFF file, pixel by pixel and over and over.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test helper that fails is a failed test")]

mod support;

use std::fs::File;
use std::io::BufReader;

use support::buffer::Buffer;
use support::{INTERNAL, NO_OVERWRITE, PARAM_METADATA_ENABLED, Region, Sdk};
use tiff::decoder::{Decoder, DecodingResult};

fn path(file: &str) -> String {
    format!("{}/../../tests/data/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// The pages of a file, read apart from the simulator.
fn pages(file: &str) -> (u16, u16, Vec<Vec<u16>>) {
    let mut decoder = Decoder::new(BufReader::new(File::open(path(file)).unwrap())).unwrap();
    let (columns, rows) = decoder.dimensions().unwrap();
    let mut pages = Vec::new();
    loop {
        match decoder.read_image().unwrap() {
            DecodingResult::U16(pixels) => pages.push(pixels),
            other => panic!("not 16 bits: {other:?}"),
        }
        if !decoder.more_images() {
            return (columns.try_into().unwrap(), rows.try_into().unwrap(), pages);
        }
        decoder.next_image().unwrap();
    }
}

fn start(file: &str) -> Sdk {
    Sdk::stepped(&format!("scene = \"replay\"\nreplay = \"{}\"\n", path(file)))
}

/// Delivers `frames` frames into a ring and compares each with its page.
fn replays(file: &str, frames: u32, metadata: bool) {
    let (columns, rows, pages) = pages(file);
    let sdk = start(file);
    let hcam = sdk.open_first();
    sdk.switch_despeckling_off(hcam);
    sdk.set(hcam, PARAM_METADATA_ENABLED, u16::from(metadata));
    let bytes = sdk.setup_cont(hcam, Region::new(16, 32, columns, rows), NO_OVERWRITE);
    let buffer = Buffer::new(2 * bytes);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    for frame in 0..frames {
        sdk.step(1);
        let at = sdk.latest(hcam).0 - buffer.address() + if metadata { 80 } else { 0 };
        let page = &pages[frame as usize % pages.len()];
        assert!((0..page.len()).all(|pixel| buffer.u16(at + 2 * pixel) == page[pixel]), "frame {frame}");
        sdk.unlock(hcam);
    }
    sdk.abort(hcam);
}

#[test]
fn one_page() {
    replays("foci-gh2ax-1200x1000-u16.tif", 2, false);
}

#[test]
fn three_pages() {
    replays("worms-3page-696x520-u16.tif", 5, true);
}

#[test]
fn a_region_of_another_size_is_refused_with_file_and_sizes() {
    let sdk = start("worms-3page-696x520-u16.tif");
    let hcam = sdk.open_first();
    let region = Region::new(0, 0, 695, 520);
    let mut bytes = 0;
    // SAFETY: a region and a place for the bytes.
    let result =
        unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const region, INTERNAL, 1, &raw mut bytes) };
    sdk.fails(181, result);
    let text = sdk.message(181);
    assert!(text.contains("worms-3page-696x520-u16.tif replays 696 x 520"), "{text}");
    assert!(text.contains("the region is 695 x 520"), "{text}");
    sdk.unlock(hcam);
    assert!(!sdk.message(181).contains("worms"), "the detail lasts until the next call");
}

#[test]
fn despeckling_changes_a_real_picture() {
    // The third page has pixels that stand out by more than the power-up threshold.
    let file = "worms-3page-696x520-u16.tif";
    let (columns, rows, pages) = pages(file);
    let sdk = start(file);
    let hcam = sdk.open_first();
    let buffer = Buffer::new(sdk.setup_seq(hcam, 3, Region::new(0, 0, columns, rows)));
    // SAFETY: a buffer of the asked size, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()) });
    sdk.step(3);
    sdk.abort(hcam);
    let page = &pages[2];
    let start = 2 * 2 * page.len();
    let changed: Vec<_> = (0..page.len())
        .map(|pixel| (page[pixel], buffer.u16(start + 2 * pixel)))
        .filter(|(before, after)| before != after)
        .collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(changed.iter().all(|(before, after)| after < before), "bright speckles: {changed:?}");
}
