//! The pixels of several regions in each scene; `every_model_conforms` looks at the counter scene on every model.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tiff::decoder::{Decoder, DecodingResult};

use crate::run::{CAMERA, INTERNAL};
use crate::support::buffer::Buffer;
use crate::support::{OVERWRITE, PARAM_METADATA_ENABLED, PARAM_READOUT_PORT, Region, Sdk, loaded};

/// Not in the order of the sensor, and with different sizes.
const REGIONS: [Region; 3] =
    [Region::new(600, 400, 90, 100), Region::new(3, 5, 40, 16), Region::new(43, 5, 17, 31)];
const SLOTS: u32 = 2;
/// The port of a Kinetix that takes several regions, of 16 bits.
const DYNAMIC_RANGE: i32 = 2;

/// A camera with metadata, on that port.
fn open(lines: &str) -> (Sdk, i16) {
    let sdk = loaded::start(&format!("[[camera]]\nclock = \"stepped\"\n{lines}"));
    let hcam = sdk.open(CAMERA);
    sdk.switch_despeckling_off(hcam);
    sdk.set(hcam, PARAM_READOUT_PORT, DYNAMIC_RANGE);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    (sdk, hcam)
}

/// Starts a ring; the buffer and the bytes of a frame, or the error code.
fn start(sdk: &Sdk, hcam: i16, regions: &[Region]) -> Result<(Buffer, u32), i16> {
    let (mut bytes, count) = (0, u16::try_from(regions.len()).unwrap());
    // SAFETY: as many regions as are announced, and a place for the bytes; a buffer of whole frames, stopped before it goes.
    unsafe {
        let setup = sdk.f.pl_exp_setup_cont;
        if setup(hcam, count, regions.as_ptr(), INTERNAL, 1, &raw mut bytes, OVERWRITE) == 0 {
            return Err(sdk.code());
        }
        let buffer = Buffer::new(SLOTS * bytes);
        sdk.ok((sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()));
        Ok((buffer, bytes))
    }
}

/// Where the pixels of each region begin, behind its header; as told by the headers, and checked against the regions.
fn places(buffer: &Buffer, slot: usize) -> Vec<usize> {
    let mut at = slot + 48;
    let place = |region: &Region| {
        let told: Vec<u16> = (0..6).map(|word| buffer.u16(at + 10 + 2 * word)).collect();
        assert_eq!(told, [region.s1, region.s2, 1, region.p1, region.p2, 1]);
        let pixels = at + 32;
        at = pixels + buffer.u32(at + 25) as usize;
        pixels
    };
    REGIONS.iter().map(place).collect()
}

fn size(region: &Region) -> (usize, usize) {
    (usize::from(region.s2 - region.s1 + 1), usize::from(region.p2 - region.p1 + 1))
}

#[test]
fn stamped_frames_have_all_headers_and_leave_the_pixels_alone() {
    let (sdk, hcam) = open("model = \"kinetix-pcie\"\nscene = \"stamp\"\nseed = 9\n");
    let (buffer, bytes) = start(&sdk, hcam, &REGIONS).unwrap();
    let before = buffer.bytes(0, bytes as usize);
    sdk.step(3);
    assert_eq!(buffer.u32(5), 3, "the ring went round");
    let after = buffer.bytes(0, bytes as usize);
    let mut changed = vec![false; bytes as usize];
    changed[..48].fill(true);
    for (place, region) in places(&buffer, 0).into_iter().zip(&REGIONS) {
        changed[place - 32..place].fill(true);
        let (columns, rows) = size(region);
        let pixels = place..place + 2 * columns * rows;
        assert_eq!(before[pixels.clone()], after[pixels], "{region:?}");
    }
    let untouched = (0..bytes as usize).filter(|&at| !changed[at]);
    assert!(untouched.clone().all(|at| before[at] == after[at]), "nothing but headers is written");
    assert_ne!(before[..48], after[..48], "the control: headers are");
    sdk.abort(hcam);
}

/// The pages of a file, read apart from the simulator.
fn pages(file: &Path) -> (usize, Vec<Vec<u16>>) {
    let mut decoder = Decoder::new(BufReader::new(File::open(file).unwrap())).unwrap();
    let columns = decoder.dimensions().unwrap().0 as usize;
    let mut pages = Vec::new();
    loop {
        if let DecodingResult::U16(pixels) = decoder.read_image().unwrap() {
            pages.push(pixels);
        }
        if !decoder.more_images() {
            return (columns, pages);
        }
        decoder.next_image().unwrap();
    }
}

/// A model file whose sensor has the size of the pages; written once, as one test may read it while another one begins.
fn small_model() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let kinetix = std::fs::read_to_string(models.join("kinetix-pcie.toml")).unwrap();
        let small =
            kinetix.replace("columns = 3200", "columns = 696").replace("\nrows = 3200", "\nrows = 520");
        assert_eq!(small.matches("= 696").count() + small.matches("rows = 520").count(), 2);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kinetix-of-696-columns.toml");
        std::fs::write(&file, small).unwrap();
        file
    })
}

/// A camera whose sensor has the size of the pages, and the pages.
fn replaying() -> (Sdk, i16, usize, Vec<Vec<u16>>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stack = root.join("../../tests/data/worms-3page-696x520-u16.tif");
    let (columns, pages) = pages(&stack);
    let lines = format!(
        "model_file = \"{}\"\nscene = \"replay\"\nreplay = \"{}\"\n",
        small_model().display(),
        stack.display()
    );
    let (sdk, hcam) = open(&lines);
    (sdk, hcam, columns, pages)
}

#[test]
fn regions_are_cut_out_of_pages_of_the_sensors_size() {
    let (sdk, hcam, wide, pages) = replaying();
    let (buffer, bytes) = start(&sdk, hcam, &REGIONS).unwrap();
    let differs = |slot: usize, page: &[u16], down: usize| {
        places(&buffer, slot).into_iter().zip(&REGIONS).any(|(place, region)| {
            let (columns, rows) = size(region);
            let (left, top) = (usize::from(region.s1), usize::from(region.p1) + down);
            (0..columns * rows).any(|index| {
                let (row, column) = (index / columns, index % columns);
                buffer.u16(place + 2 * index) != page[(top + row) * wide + left + column]
            })
        })
    };
    for frame in 0..5 {
        sdk.step(1);
        let slot = (frame % SLOTS * bytes) as usize;
        let page = &pages[frame as usize % pages.len()];
        assert!(!differs(slot, page, 0), "frame {frame}");
        assert!(differs(slot, page, 1), "the control: a row further down it is another picture");
    }
    sdk.abort(hcam);
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let (sdk, hcam, ..) = replaying();
    let binned = Region { sbin: 2, pbin: 2, ..REGIONS[0] };
    assert_eq!(start(&sdk, hcam, &[binned]).err(), Some(181), "pages are not binned");
    assert!(start(&sdk, hcam, &REGIONS[..1]).is_ok(), "the control");
    sdk.abort(hcam);
    drop(sdk);
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/worms-3page-696x520-u16.tif");
    let lines = format!("model = \"kinetix-pcie\"\nscene = \"replay\"\nreplay = \"{}\"\n", stack.display());
    let (sdk, hcam) = open(&lines);
    assert_eq!(start(&sdk, hcam, &REGIONS).err(), Some(181), "pages of another size than the sensor's");
    let told = sdk.message(181);
    assert!(told.contains("696 x 520") && told.contains("90 x 100 and 40 x 16 and 17 x 31"), "{told}");
}
