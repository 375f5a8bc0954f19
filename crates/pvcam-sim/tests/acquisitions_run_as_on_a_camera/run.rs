//! One acquisition with metadata, on a model whose headers count picoseconds.

use std::time::Duration;

use crate::support::buffer::Buffer;
use crate::support::{OVERWRITE, PARAM_METADATA_ENABLED, Region, Sdk, loaded};

pub(crate) const CAMERA: &str = "pvcamPCIE_0";
pub(crate) static REGION: Region = Region::new(0, 0, 32, 16);
/// Line time of the model's first port, and the rows that it reads at once.
pub(crate) const LINE_PS: u64 = 7_062_500;
const ROWS_PER_LINE: u64 = 2;
pub(crate) const EDGE: i16 = 2304;
pub(crate) const LEVEL: i16 = 2560;
pub(crate) const LEVEL_OVERLAP: i16 = 3328;
pub(crate) const TRIGGER_FIRST: i16 = 2048;
pub(crate) const INTERNAL: i16 = 1792;

/// A Kinetix on the stepped clock, with further lines of configuration; open, with metadata.
pub(crate) fn kinetix(lines: &str) -> (Sdk, i16) {
    let sdk = loaded::start(&format!("[[camera]]\nmodel = \"kinetix-pcie\"\nclock = \"stepped\"\n{lines}"));
    let hcam = sdk.open(CAMERA);
    sdk.switch_despeckling_off(hcam);
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    (sdk, hcam)
}

/// A running ring.
pub(crate) struct Run<'a> {
    pub(crate) sdk: &'a Sdk,
    pub(crate) hcam: i16,
    pub(crate) buffer: Buffer,
    pub(crate) bytes: usize,
}

impl<'a> Run<'a> {
    /// Starts a ring of 4 slots; the exposure is in ms.
    pub(crate) fn start(sdk: &'a Sdk, hcam: i16, mode: i16, exposure: u32) -> Self {
        let mut bytes = 0;
        // SAFETY: a region and a place for the bytes; a buffer of whole frames, stopped before it goes.
        unsafe {
            let setup = sdk.f.pl_exp_setup_cont;
            sdk.ok(setup(hcam, 1, &raw const REGION, mode, exposure, &raw mut bytes, OVERWRITE));
            let buffer = Buffer::new(4 * bytes);
            sdk.ok((sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()));
            Self { sdk, hcam, buffer, bytes: bytes as usize }
        }
    }

    /// Exposes at most `frames` frames.
    pub(crate) fn step(&self, frames: u32) -> u32 {
        self.sdk.control.step(self.hcam, frames, Duration::from_secs(30)).unwrap()
    }

    /// Exposes frames one by one, until none comes: when each began to expose, and for how long, in ns.
    pub(crate) fn frames(&self, most: u32) -> Vec<(u64, u64)> {
        let mut frames = Vec::new();
        while frames.len() < most as usize && self.step(1) == 1 {
            let at = self.sdk.latest(self.hcam).0 - self.buffer.address();
            let (end, exposed) = (self.buffer.u64(at + 19) / 1000, self.buffer.u64(at + 27) / 1000);
            frames.push((end - exposed - readout_ns(), exposed));
        }
        frames
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.sdk.abort(self.hcam);
    }
}

/// Readout of the region.
pub(crate) fn readout_ns() -> u64 {
    u64::from(REGION.p2 + 1) * LINE_PS / ROWS_PER_LINE / 1000
}

/// The exposure that the camera makes of so many ms.
pub(crate) fn whole_lines_ns(milliseconds: f64) -> u64 {
    let lines = (milliseconds * 1e9 / LINE_PS as f64).round().max(1.0) as u64;
    lines * LINE_PS / 1000
}

/// From one start to the next, each less the first.
pub(crate) fn since_first(frames: &[(u64, u64)]) -> Vec<u64> {
    frames.iter().map(|frame| frame.0 - frames[0].0).collect()
}

/// Asserts that two lists agree to within the rounding of stamps.
#[track_caller]
pub(crate) fn assert_near(found: &[u64], wanted: &[u64]) {
    let near = found.iter().zip(wanted).all(|(&found, &wanted)| found.abs_diff(wanted) < 10);
    assert!(found.len() == wanted.len() && near, "{found:?}, wanted {wanted:?}");
}
