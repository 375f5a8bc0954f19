//! What memory a process takes, to see that it does not grow.

use std::fs;
use std::path::Path;

/// Growth that is none: so many bytes a frame, and no less than this in all (what the allocator keeps varies).
const SLOPE: f64 = 16.0;
const NOISE: f64 = 256.0 * 1024.0;

/// This process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Frames up to then.
    pub frames: f64,
    /// Bytes of anonymous memory (`RssAnon`).
    pub anonymous: f64,
    /// 512-byte blocks of all memory files.
    pub blocks: u64,
    /// Maps of the process.
    pub maps: usize,
}

impl Sample {
    /// Looks at the process, which has seen so many frames.
    #[must_use]
    pub fn now(frames: u64) -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon is told");
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB");
        let maps = fs::read_to_string("/proc/self/maps").expect("Linux tells").lines().count();
        Self { frames: frames as f64, anonymous: kib * 1024.0, blocks: memory_file_blocks(), maps }
    }
}

fn memory_file_blocks() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = fs::read_dir("/proc/self/fd").expect("Linux tells").flatten().map(|entry| entry.path());
    let is_memory = |file: &Path| {
        fs::read_link(file).is_ok_and(|target| target.to_string_lossy().contains("memfd:frame-pool"))
    };
    files.filter(|file| is_memory(file)).filter_map(|file| fs::metadata(file).ok()).map(|m| m.blocks()).sum()
}

/// What grew, if anything did: anonymous memory by its slope over the frames, memory files and maps at all.
#[must_use]
pub fn growth(samples: &[Sample]) -> Vec<String> {
    let mut grown = Vec::new();
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return grown };
    let bytes = slope(samples);
    let frames = last.frames - first.frames;
    println!("{} samples over {frames} frames: RssAnon {bytes:+.2} bytes a frame", samples.len());
    if bytes > SLOPE && bytes * frames > NOISE {
        grown.push(format!("RssAnon grows by {bytes:.1} bytes a frame"));
    }
    if samples.iter().any(|sample| sample.blocks != first.blocks) {
        grown.push(format!("memory files had {} blocks and have {}", first.blocks, last.blocks));
    }
    if samples.iter().any(|sample| sample.maps.abs_diff(first.maps) > 2) {
        grown.push(format!("there were {} maps and there are {}", first.maps, last.maps));
    }
    grown
}

/// Least squares of anonymous memory over frames.
fn slope(samples: &[Sample]) -> f64 {
    let n = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|s| s.frames), mean(|s| s.anonymous));
    let covariance: f64 = samples.iter().map(|s| (s.frames - x) * (s.anonymous - y)).sum();
    let variance: f64 = samples.iter().map(|s| (s.frames - x).powi(2)).sum();
    if variance == 0.0 { 0.0 } else { covariance / variance }
}
