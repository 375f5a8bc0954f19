//! Centroids: cut-outs around the bright spots of a small scene, told by metadata.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray16;

use crate::Findings;
use crate::acquisition::{FRAME_HEADER, REGION_HEADER, available, free_running, set_up};
use crate::library::Model;
use crate::processing::start_replaying;
use crate::support::{ATTR_MAX, PARAM_METADATA_ENABLED, Region, Sdk};

const ENABLED: u32 = 0x0B03_00AA;
const RADIUS: u32 = 0x0603_00AB;
const COUNT: u32 = 0x0603_00AC;
const MODE: u32 = 0x0903_00AD;
const BACKGROUND: u32 = 0x0903_00AE;
const THRESHOLD: u32 = 0x0703_00AF;
const ROTATE: u32 = 0x0902_0100;
const COLUMNS: u16 = 40;
const ROWS: u16 = 30;
/// Where the region lies on the sensor.
const PLACE: Region = Region::new(16, 8, COLUMNS, ROWS);
const INVALID: u8 = 1;

/// Bright pixels on a ground of 100: row, column, value. The last two are none to be found: one beside a brighter pixel, one not
/// above the mean.
pub(crate) const SPOTS: [(u16, u16, u16); 6] =
    [(20, 10, 1000), (5, 6, 900), (5, 20, 800), (0, 39, 700), (5, 7, 850), (25, 30, 102)];

/// The scene: the spots, then nothing but the ground.
pub(crate) fn scene() -> Vec<u16> {
    let mut pixels = vec![100; usize::from(COLUMNS * ROWS)];
    for (row, column, value) in SPOTS {
        pixels[usize::from(row * COLUMNS + column)] = value;
    }
    pixels
}

/// The two pages as a file, written once.
fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spots.tif");
        let mut encoder = TiffEncoder::new(File::create(&file).unwrap()).unwrap();
        for page in [scene(), vec![100; usize::from(COLUMNS * ROWS)]] {
            encoder.write_image::<Gray16>(COLUMNS.into(), ROWS.into(), &page).unwrap();
        }
        file
    })
}

/// The model's camera, looking at the spots.
pub(crate) fn start(model: &Model) -> (Sdk, i16) {
    start_replaying(file(), model)
}

/// Two frames one behind the other.
fn frames(sdk: &Sdk, hcam: i16, findings: &mut Findings, bytes: usize) -> Vec<u8> {
    let told = set_up(sdk, hcam, 2, PLACE, free_running(sdk, hcam), 1);
    findings.same(told, Ok(2 * u32::try_from(bytes).unwrap()), "bytes of two frames");
    let mut buffer = vec![0_u8; told.unwrap() as usize];
    // SAFETY: the buffer has the bytes that the setup told, and outlives the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) });
    sdk.step(2);
    sdk.abort(hcam);
    buffer
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Everything about a camera that has centroids; whether it has them is what the file says.
pub(crate) fn look(sdk: &Sdk, hcam: i16, model: &Model, scene: &[u16], findings: &mut Findings) {
    let has = model.table.contains_key("centroids");
    let there = [ENABLED, RADIUS, COUNT, MODE].map(|id| available(sdk, hcam, id));
    findings.same(there, [has; 4], "centroids are there");
    // Only tracking wants these, and that is not simulated.
    let tracking = [BACKGROUND, THRESHOLD].map(|id| available(sdk, hcam, id));
    findings.same(tracking, [false; 2], "tracking is there");
    if !has {
        return;
    }
    let most: [u16; 2] = [COUNT, RADIUS].map(|id| sdk.get(hcam, id, ATTR_MAX));
    let told = ["max_count", "max_radius"].map(|key| u16::try_from(model.number("centroids", key)).unwrap());
    findings.same(most, told, "largest count and radius");
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    sdk.set(hcam, ENABLED, 1_u16);
    for (radius, count) in [(2, 3), (2, 6), (1, 4)] {
        sdk.set(hcam, RADIUS, radius);
        sdk.set(hcam, COUNT, count);
        cutouts(sdk, hcam, scene, (radius, count), findings);
    }
    refusals(sdk, hcam, findings);
    sdk.set(hcam, ENABLED, 0_u16);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
    let whole = frames(sdk, hcam, findings, 2 * scene.len());
    let pixels: Vec<u16> = whole.chunks_exact(2).map(|pixel| short(pixel, 0)).take(scene.len()).collect();
    findings.check(pixels == scene, || "off: the whole picture".to_owned());
}

/// The cut-outs of the first frame, and none of the second.
fn cutouts(sdk: &Sdk, hcam: i16, scene: &[u16], (radius, count): (u16, u16), findings: &mut Findings) {
    let side = 2 * radius + 1;
    let part = REGION_HEADER + 2 * usize::from(side * side);
    let bytes = FRAME_HEADER + usize::from(count) * part;
    let both = frames(sdk, hcam, findings, bytes);
    let what = format!("radius {radius}, {count} at most");
    findings.same([short(&both, 9), short(&both, bytes + 9)], [count; 2], &format!("{what}: regions"));
    for (index, part) in both[FRAME_HEADER..bytes].chunks_exact(part).enumerate() {
        findings.same(usize::from(short(part, 0)), index + 1, &format!("{what}: number of region {index}"));
        let Some((row, column, _)) = SPOTS[..4].get(index) else {
            findings.same(part[22], INVALID, &format!("{what}: region {index} holds nothing"));
            continue;
        };
        // Moved inwards at the edges.
        let first = |centre: u16, size: u16| centre.saturating_sub(radius).min(size - side);
        let (left, top) = (first(*column, COLUMNS), first(*row, ROWS));
        let (s1, p1) = (PLACE.s1 + left, PLACE.p1 + top);
        let told = [10, 12, 14, 16, 18, 20].map(|at| short(part, at));
        let region = [s1, s1 + side - 1, 1, p1, p1 + side - 1, 1];
        findings.same((told, part[22]), (region, 0), &format!("{what}: region {index}"));
        findings.same(u32::from(short(part, 25)), u32::from(2 * side * side), &format!("{what}: its bytes"));
        let wanted = (top..top + side).flat_map(|row| (left..left + side).map(move |column| (row, column)));
        let wanted: Vec<u16> =
            wanted.map(|(row, column)| scene[usize::from(row * COLUMNS + column)]).collect();
        let found: Vec<u16> = part[REGION_HEADER..].chunks_exact(2).map(|pixel| short(pixel, 0)).collect();
        findings.same(found, wanted, &format!("{what}: pixels of region {index}"));
    }
    let nothing = both[bytes + FRAME_HEADER..].chunks_exact(part).all(|part| part[22] == INVALID);
    findings.check(nothing, || format!("{what}: no region on the empty ground"));
}

/// What centroids do not go with.
fn refusals(sdk: &Sdk, hcam: i16, findings: &mut Findings) {
    let mode = free_running(sdk, hcam);
    sdk.set(hcam, RADIUS, 2_u16);
    let setup = |region| set_up(sdk, hcam, 1, region, mode, 1).err();
    findings.same(setup(PLACE), None, "the control: a good setup");
    let binned = Region { sbin: 2, pbin: 2, ..PLACE };
    findings.same(setup(binned), Some(182), "a binned region");
    findings.same(setup(Region::new(0, 0, 4, 30)), Some(181), "a region smaller than a cut-out");
    let (two, mut bytes) = ([PLACE, Region::new(0, 100, COLUMNS, ROWS)], 0);
    // SAFETY: two regions and a place for the bytes.
    let result = unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, 2, two.as_ptr(), mode, 1, &raw mut bytes) };
    findings.same((result, sdk.code()), (0, 181), "two regions");
    sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
    findings.same(setup(PLACE), Some(185), "without metadata");
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    sdk.set(hcam, ROTATE, 2_i32);
    findings.same(setup(PLACE), Some(185), "a picture that the host turns");
    sdk.set(hcam, ROTATE, 0_i32);
}
