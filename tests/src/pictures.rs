//! What the simulated cameras show: the counter scene by its formula, and the pages of a TIFF file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pvcam::{Layout, Lease};
use tiff::decoder::{Decoder, DecodingResult};

/// The pixel that the counter scene has at a row and column of camera frame `number`.
#[must_use]
pub fn counter(number: u64, row: u32, column: u32, bits: u8) -> u16 {
    let value = (number as u32).wrapping_mul(31).wrapping_add(row * 7 + column);
    (value & ((1_u32 << bits) - 1)) as u16
}

/// The whole picture of camera frame `number` in the counter scene.
#[must_use]
pub fn scene_of(number: u64, layout: &Layout) -> Vec<u16> {
    let rows = (0..layout.rows).flat_map(|row| (0..layout.columns).map(move |column| (row, column)));
    rows.map(|(row, column)| counter(number, row, column, layout.bit_depth)).collect()
}

/// Every pixel is that of the camera's frame whose number the record tells.
pub fn assert_counter_scene(lease: &Lease) {
    let number = lease.record().camera_number.expect("the camera numbers its frames");
    let pixels = lease.pixels::<u16>().expect("16 bits a pixel");
    assert!(pixels == scene_of(number, lease.layout()), "the pixels are not those of camera frame {number}");
}

/// The pages of a 16-bit grey TIFF file in `tests/data`.
///
/// The files hold their pixels uncompressed, row after row, so each page must lie in the file as it was decoded: the decoder,
/// which the simulator uses as well, is not taken at its word.
#[must_use]
pub fn pages(name: &str) -> Vec<Vec<u16>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    let bytes = std::fs::read(&file).expect("the picture is there");
    let big_endian = bytes.starts_with(b"MM");
    let mut decoder = Decoder::new(BufReader::new(File::open(&file).expect("it opens"))).expect("a TIFF");
    let mut pages = Vec::new();
    loop {
        let DecodingResult::U16(page) = decoder.read_image().expect("a picture") else {
            unreachable!("16-bit pixels")
        };
        let order = if big_endian { u16::to_be_bytes } else { u16::to_le_bytes };
        let raw: Vec<u8> = page.iter().copied().flat_map(order).collect();
        assert!(contains(&bytes, &raw), "page {} of {name} was decoded to something else", pages.len() + 1);
        pages.push(page);
        if !decoder.more_images() {
            return pages;
        }
        decoder.next_image().expect("the next page");
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let head = &part[..part.len().min(64)];
    let starts = bytes.windows(head.len()).enumerate().filter(|(_, window)| *window == head);
    starts.map(|(at, _)| &bytes[at..]).any(|rest| rest.starts_with(part))
}
