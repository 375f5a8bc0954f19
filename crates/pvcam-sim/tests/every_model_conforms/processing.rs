//! Post-processing on camera and host really alters pixels: a small scene, and what must become of it.
//!
//! The expected pixels are worked out here, by other means than in the simulator.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray16;

use crate::Findings;
use crate::acquisition::{available, free_running, set_up};
use crate::library::{Model, start_with};
use crate::parameters::COUNT;
use crate::support::{
    ATTR_CURRENT, ATTR_DEFAULT, FrameInfo, PARAM_METADATA_ENABLED, PARAM_PP_INDEX, PARAM_PP_PARAM,
    PARAM_PP_PARAM_INDEX, Region, Sdk,
};

const PARAM_PP_FEAT_ID: u32 = 0x0602_0225;
const ROTATE: u32 = 0x0902_0100;
const FLIP: u32 = 0x0902_0101;
const SUMMING: u32 = 0x0B02_0102;
const SUMMING_COUNT: u32 = 0x0702_0103;
const SUMMING_FORMAT: u32 = 0x0902_0104;
const SMART_ENABLED: u32 = 0x0B02_02BC;
const AVERAGING: u32 = 19;
const COLUMNS: usize = 12;
const ROWS: usize = 6;

/// A picture, row by row.
pub(crate) type Picture = Vec<Vec<u32>>;

/// A dark half and a bright half.
fn calm() -> Picture {
    vec![[[100; COLUMNS / 2], [500; COLUMNS / 2]].concat(); ROWS]
}

/// One speckle of each kind: feature, row, column, value.
const SPECKLES: [(u32, usize, usize, u32); 4] =
    [(13, 1, 2, 200), (9, 4, 2, 50), (8, 1, 9, 900), (15, 4, 9, 350)];

/// Threshold in per cent, and the limit of the counts, with which each feature removes just its own speckle.
const LIMITS: [(u32, u32, u32); 4] = [(13, 125, 300), (9, 80, 300), (8, 125, 301), (15, 75, 301)];

/// The calm picture with these speckles.
fn speckled(features: &[u32]) -> Picture {
    let mut picture = calm();
    for (_, row, column, value) in SPECKLES.iter().filter(|speckle| features.contains(&speckle.0)) {
        picture[*row][*column] = *value;
    }
    picture
}

/// Three pages: all speckles, a ramp, and one that is nearly white.
pub(crate) fn pages() -> [Picture; 3] {
    let count = |row: usize, column: usize| u32::try_from(1000 + row * 37 + column * 3).unwrap();
    let ramp = (0..ROWS).map(|row| (0..COLUMNS).map(|column| count(row, column)).collect()).collect();
    let bright =
        (0..ROWS).map(|row| (0..COLUMNS).map(|column| 65_535 - count(row, column)).collect()).collect();
    [speckled(&[13, 9, 8, 15]), ramp, bright]
}

/// The pages as a file, written once: tests run at the same time.
fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speckles.tif");
        let mut encoder = TiffEncoder::new(File::create(&file).unwrap()).unwrap();
        for page in pages() {
            let pixels: Vec<u16> = page.concat().iter().map(|&pixel| u16::try_from(pixel).unwrap()).collect();
            let (columns, rows) = (u32::try_from(COLUMNS).unwrap(), u32::try_from(ROWS).unwrap());
            encoder.write_image::<Gray16>(columns, rows, &pixels).unwrap();
        }
        file
    })
}

/// The model's camera, looking at the pages.
pub(crate) fn start(model: &Model) -> (Sdk, i16) {
    start_replaying(file(), model)
}

/// The model's camera, looking at the pages of `file`, with nothing that alters them.
pub(crate) fn start_replaying(file: &Path, model: &Model) -> (Sdk, i16) {
    let file = file.display();
    let keys = format!("model = \"{}\"\nscene = \"replay\"\nreplay = \"{file}\"\n", model.name);
    let (sdk, hcam) = start_with(&keys, model);
    switch_all_off(&sdk, hcam);
    (sdk, hcam)
}

/// Post-processing features of the camera: index and id.
fn features(sdk: &Sdk, hcam: i16) -> Vec<(i16, u32)> {
    if !available(sdk, hcam, PARAM_PP_INDEX) {
        return Vec::new();
    }
    let count = i16::try_from(sdk.get::<u32>(hcam, PARAM_PP_INDEX, COUNT)).unwrap();
    let id = |index| {
        sdk.set(hcam, PARAM_PP_INDEX, index);
        (index, sdk.get(hcam, PARAM_PP_FEAT_ID, ATTR_CURRENT))
    };
    (0..count).map(id).collect()
}

/// Sets the parameters of a feature; false if the camera does not have it.
fn set(sdk: &Sdk, hcam: i16, feature: u32, values: &[u32]) -> bool {
    let Some((index, _)) = features(sdk, hcam).into_iter().find(|entry| entry.1 == feature) else {
        return false;
    };
    sdk.set(hcam, PARAM_PP_INDEX, index);
    for (parameter, &value) in (0_i16..).zip(values) {
        sdk.set(hcam, PARAM_PP_PARAM_INDEX, parameter);
        sdk.set(hcam, PARAM_PP_PARAM, value);
    }
    true
}

pub(crate) fn switch_all_off(sdk: &Sdk, hcam: i16) {
    for (_, feature) in features(sdk, hcam) {
        set(sdk, hcam, feature, &[0]);
    }
}

/// Takes so many frames of the whole page; their pixels as rows, and when they came.
fn take(sdk: &Sdk, hcam: i16, frames: u16, turned: bool) -> (Vec<Picture>, Vec<FrameInfo>) {
    let (columns, rows) = if turned { (ROWS, COLUMNS) } else { (COLUMNS, ROWS) };
    let region = Region::new(0, 0, u16::try_from(columns).unwrap(), u16::try_from(rows).unwrap());
    let bytes = set_up(sdk, hcam, frames, region, free_running(sdk, hcam), 1).unwrap() as usize;
    let mut buffer = vec![0_u8; bytes];
    // SAFETY: the buffer has the bytes that the setup told, and outlives the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) });
    let mut infos = Vec::new();
    for _ in 0..frames {
        sdk.step(1);
        infos.push(sdk.latest(hcam).1);
    }
    sdk.abort(hcam);
    let wide = bytes / usize::from(frames) / (COLUMNS * ROWS);
    let pixel = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
    let picture = |frame: &[u8]| -> Picture {
        let pixels: Vec<u32> = frame.chunks_exact(wide).take(COLUMNS * ROWS).map(pixel).collect();
        pixels.chunks(columns).map(<[u32]>::to_vec).collect()
    };
    (buffer.chunks_exact(bytes / usize::from(frames)).map(picture).collect(), infos)
}

/// The first frame.
fn first(sdk: &Sdk, hcam: i16) -> Picture {
    take(sdk, hcam, 1, false).0.remove(0)
}

/// Despeckling: each feature removes its own speckle, and only while it is on and its limits say so.
pub(crate) fn despeckling(sdk: &Sdk, hcam: i16, scene: &[Picture; 3], findings: &mut Findings) {
    let all: Vec<u32> = SPECKLES.map(|speckle| speckle.0).to_vec();
    let left = |removed: u32| speckled(&all.iter().copied().filter(|&id| id != removed).collect::<Vec<_>>());
    findings.same(first(sdk, hcam), scene[0].clone(), "all off");
    for (feature, threshold, limit) in LIMITS {
        if !set(sdk, hcam, feature, &[1, threshold, limit]) {
            continue;
        }
        findings.same(first(sdk, hcam), left(feature), &format!("feature {feature} alone"));
        let beyond = if matches!(feature, 13 | 9) { 0 } else { 65_535 };
        set(sdk, hcam, feature, &[1, threshold, beyond]);
        findings.same(first(sdk, hcam), scene[0].clone(), &format!("feature {feature}, other counts"));
        let blind = if matches!(feature, 13 | 8) { 500 } else { 0 };
        set(sdk, hcam, feature, &[1, blind, limit]);
        findings.same(first(sdk, hcam), scene[0].clone(), &format!("feature {feature}, other threshold"));
        set(sdk, hcam, feature, &[0]);
    }
    if features(sdk, hcam).is_empty() {
        return;
    }
    // SAFETY: a plain number.
    sdk.ok(unsafe { (sdk.f.pl_pp_reset)(hcam) });
    for (index, feature) in features(sdk, hcam) {
        sdk.set(hcam, PARAM_PP_INDEX, index);
        for parameter in 0..i16::try_from(sdk.get::<u32>(hcam, PARAM_PP_PARAM_INDEX, COUNT)).unwrap() {
            sdk.set(hcam, PARAM_PP_PARAM_INDEX, parameter);
            let [now, then]: [u32; 2] =
                [ATTR_CURRENT, ATTR_DEFAULT].map(|attribute| sdk.get(hcam, PARAM_PP_PARAM, attribute));
            findings.same(now, then, &format!("parameter {parameter} of {feature} after a reset"));
        }
    }
    findings.same(first(sdk, hcam), calm(), "all speckles are gone after a reset");
    switch_all_off(sdk, hcam);
}

/// The pixelwise sum of so many exposures, cut at the largest pixel and divided.
fn together(scene: &[Picture; 3], first: usize, count: usize, most: u32, divisor: u32) -> Picture {
    let sum = |row: usize, column: usize| {
        (first..first + count).map(|page| scene[page % 3][row][column]).sum::<u32>()
    };
    let cell = |row, column| (sum(row, column) / divisor).min(most);
    (0..ROWS).map(|row| (0..COLUMNS).map(|column| cell(row, column)).collect()).collect()
}

/// Averaging on the camera, which takes as many exposures longer.
pub(crate) fn averaging(sdk: &Sdk, hcam: i16, scene: &[Picture; 3], findings: &mut Findings) {
    if !set(sdk, hcam, AVERAGING, &[1, 2]) {
        return;
    }
    let period = |infos: &[FrameInfo]| infos[2].time_stamp - infos[1].time_stamp;
    let (pictures, slow) = take(sdk, hcam, 3, false);
    for (frame, picture) in pictures.into_iter().enumerate() {
        findings.same(picture, together(scene, 2 * frame, 2, u32::MAX, 2), &format!("mean {frame} of two"));
    }
    set(sdk, hcam, AVERAGING, &[0, 2]);
    let (pictures, fast) = take(sdk, hcam, 3, false);
    findings.same(pictures, scene.to_vec(), "averaging off");
    // Times are told in 0.1 ms.
    let twice = 2 * period(&fast) - 2..=2 * period(&fast) + 2;
    findings.check(twice.contains(&period(&slow)), || format!("{} is not in {twice:?}", period(&slow)));
    set(sdk, hcam, AVERAGING, &[1, 1]);
    findings.same(first(sdk, hcam), scene[0].clone(), "a mean of one");
    set(sdk, hcam, AVERAGING, &[0, 1]);
}

/// Summing on the host, in each format.
pub(crate) fn summing(sdk: &Sdk, hcam: i16, scene: &[Picture; 3], findings: &mut Findings) {
    if !available(sdk, hcam, SUMMING) {
        return;
    }
    sdk.set(hcam, SUMMING_COUNT, 4_u32);
    for (format, most) in [(0_i32, 65_535), (1, 0xFF_FFFF), (2, u32::MAX)] {
        sdk.set(hcam, SUMMING_FORMAT, format);
        sdk.set(hcam, SUMMING, 1_u16);
        let (pictures, infos) = take(sdk, hcam, 2, false);
        for (frame, picture) in pictures.into_iter().enumerate() {
            let wanted = together(scene, 4 * frame, 4, most, 1);
            findings.same(picture, wanted, &format!("sum {frame} of four in format {format}"));
        }
        findings.same(
            infos.iter().map(|info| info.frame_nr).collect::<Vec<_>>(),
            vec![1, 2],
            "frame numbers",
        );
        sdk.set(hcam, SUMMING, 0_u16);
        findings.same(first(sdk, hcam), scene[0].clone(), "summing off");
    }
    sdk.set(hcam, SUMMING_COUNT, 1_u32);
    sdk.set(hcam, SUMMING_FORMAT, 0_i32);
    refusals(sdk, hcam, findings);
}

/// Sums of frames that want a trigger each, or that are exposed differently, are refused.
fn refusals(sdk: &Sdk, hcam: i16, findings: &mut Findings) {
    const EDGE: i16 = 2304;
    let region = Region::new(0, 0, 12, 6);
    let setup = |mode| set_up(sdk, hcam, 1, region, mode, 1).err();
    sdk.set(hcam, SUMMING, 1_u16);
    findings.same(setup(EDGE), None, "a sum of one with an edge per frame");
    sdk.set(hcam, SUMMING_COUNT, 2_u32);
    findings.same(setup(EDGE), Some(185), "a sum of two with an edge per frame");
    if available(sdk, hcam, SMART_ENABLED) {
        sdk.set(hcam, SMART_ENABLED, 1_u16);
        findings.same(setup(free_running(sdk, hcam)), Some(185), "a sum of two with SMART streaming");
        sdk.set(hcam, SMART_ENABLED, 0_u16);
    }
    findings.same(setup(free_running(sdk, hcam)), None, "a sum of two");
    sdk.set(hcam, SUMMING, 0_u16);
    sdk.set(hcam, SUMMING_COUNT, 1_u32);
}

/// A quarter turn clockwise: the last row becomes the first column.
fn turn(picture: &Picture) -> Picture {
    let columns = picture[0].len();
    (0..columns).map(|column| picture.iter().rev().map(|row| row[column]).collect()).collect()
}

/// Rotation and mirroring on the host, all sixteen, alone and on top of a sum.
pub(crate) fn orientations(sdk: &Sdk, hcam: i16, scene: &[Picture; 3], findings: &mut Findings) {
    if !available(sdk, hcam, ROTATE) {
        return;
    }
    for (rotation, flip) in (0..4_i32).flat_map(|rotation| (0..4_i32).map(move |flip| (rotation, flip))) {
        sdk.set(hcam, ROTATE, rotation);
        sdk.set(hcam, FLIP, flip);
        let as_seen = |source: &Picture| {
            let mut picture = (0..rotation).fold(source.clone(), |picture, _| turn(&picture));
            if flip & 1 != 0 {
                picture.iter_mut().for_each(|row| row.reverse());
            }
            if flip & 2 != 0 {
                picture.reverse();
            }
            picture
        };
        let turned = rotation % 2 == 1;
        let what = format!("rotation {rotation}, mirroring {flip}");
        let pictures = take(sdk, hcam, 3, turned).0;
        findings.same(pictures, scene.iter().map(as_seen).collect(), &what);
        sdk.set(hcam, SUMMING, 1_u16);
        sdk.set(hcam, SUMMING_COUNT, 3_u32);
        sdk.set(hcam, SUMMING_FORMAT, 2_i32);
        let sum = as_seen(&together(scene, 0, 3, u32::MAX, 1));
        findings.same(take(sdk, hcam, 1, turned).0.remove(0), sum, &format!("{what}, of a sum"));
        sdk.set(hcam, SUMMING, 0_u16);
        sdk.set(hcam, SUMMING_COUNT, 1_u32);
        sdk.set(hcam, SUMMING_FORMAT, 0_i32);
    }
    sdk.set(hcam, ROTATE, 0_i32);
    sdk.set(hcam, FLIP, 0_i32);
    findings.same(first(sdk, hcam), scene[0].clone(), "neither turned nor mirrored");
}

/// Headers describe the picture as it is delivered.
pub(crate) fn headers(sdk: &Sdk, hcam: i16, findings: &mut Findings) {
    if !available(sdk, hcam, ROTATE) || !available(sdk, hcam, PARAM_METADATA_ENABLED) {
        return;
    }
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    sdk.set(hcam, ROTATE, 1_i32);
    sdk.set(hcam, SUMMING, 1_u16);
    sdk.set(hcam, SUMMING_FORMAT, 2_i32);
    let region = Region::new(3, 5, 6, 12);
    let bytes = set_up(sdk, hcam, 1, region, free_running(sdk, hcam), 1).unwrap() as usize;
    findings.check(bytes >= 48 + 32 + 6 * 12 * 4, || format!("{bytes} bytes"));
    let mut frame = vec![0_u8; bytes];
    // SAFETY: the buffer has the bytes that the setup told, and outlives the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, frame.as_mut_ptr().cast()) });
    sdk.step(1);
    sdk.abort(hcam);
    findings.same((frame[35], frame[40]), (32, 9), "bits and format");
    let at = |place: usize| u16::from_le_bytes([frame[48 + place], frame[48 + place + 1]]);
    findings.same([10, 12, 14, 16, 18, 20].map(at), [3, 8, 1, 5, 16, 1], "the region as it was given");
    let data = u32::from_le_bytes([frame[73], frame[74], frame[75], frame[76]]);
    findings.same(data, 6 * 12 * 4, "bytes of the region");
    sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
    sdk.set(hcam, ROTATE, 0_i32);
    sdk.set(hcam, SUMMING, 0_u16);
    sdk.set(hcam, SUMMING_FORMAT, 0_i32);
}
