//! What became of a recording.

use std::fmt;

/// Losses and torn frames that are named, each; those beyond are counted.
const NAMED: usize = 1024;

/// What was written, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recording {
    /// Frames written whole, the torn ones among them.
    pub frames: u64,
    /// Frames that were written over while they were written: their rows have `torn` set.
    pub torn: u64,
    /// Their numbers, as the host counts; at most 1024.
    pub torn_numbers: Vec<u64>,
    /// Frames that the source said it lost.
    pub lost: u64,
    /// Those losses: the first number, and how many; at most 1024.
    pub losses: Vec<(u64, u64)>,
    /// Bytes written.
    pub bytes: u64,
    /// Bytes of pixels that had to be copied before, because they could not be lent as they lie (padded rows, odd addresses).
    pub copied_bytes: u64,
    /// Why no frame came any more.
    pub ended: String,
}

impl Recording {
    pub(super) fn add_torn(&mut self, number: u64) {
        self.torn += 1;
        if self.torn_numbers.len() < NAMED {
            self.torn_numbers.push(number);
        }
    }

    pub(super) fn add_lost(&mut self, first: u64, count: u64) {
        self.lost += count;
        if self.losses.len() < NAMED {
            self.losses.push((first, count));
        }
    }

    /// Keys and values for the footer of a file.
    pub(super) fn notes(&self) -> [(&'static str, String); 5] {
        let torn: Vec<String> = self.torn_numbers.iter().map(u64::to_string).collect();
        let losses: Vec<String> =
            self.losses.iter().map(|(first, count)| format!("[{first},{count}]")).collect();
        [
            ("recording.frames", self.frames.to_string()),
            ("recording.torn", format!("[{}]", torn.join(","))),
            ("recording.lost", self.lost.to_string()),
            ("recording.losses", format!("[{}]", losses.join(","))),
            ("recording.ended", self.ended.clone()),
        ]
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, torn, lost, bytes, ended, .. } = self;
        write!(f, "{frames} frames written ({torn} torn), {lost} lost before, {bytes} bytes; {ended}")
    }
}
