//! An open stream: frames written whole, and never waited for long.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use frame_pool::monotonic_ns;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, write};

use super::header::FRAME;
use crate::device::DeviceError;
use crate::format::Geometry;
use crate::output::Output;

/// How long one call waits for a reader that is slow; what is not written by then is written by the next call.
const PATIENCE_MS: u64 = 50;
/// How long the end waits for the rest of a frame.
const LAST_PATIENCE_MS: u64 = 1000;
/// What a pipe takes without waiting once it says that it takes something.
const PIPE_PIECE: usize = 4096;
/// What a file takes at once.
const FILE_PIECE: usize = 1 << 20;

/// Where the bytes go.
#[derive(Debug, Clone)]
pub(super) struct Drain {
    pub(super) to: Arc<OwnedFd>,
    pub(super) name: String,
    pub(super) is_file: bool,
    /// The stream ended within a frame: nothing can follow that a reader would understand.
    pub(super) cut: Arc<AtomicBool>,
}

impl Drain {
    /// Writes as much as is taken within so many milliseconds. `done` says how much, also when an error ends it.
    pub(super) fn write(&self, bytes: &[u8], done: &mut usize, patience_ms: u64) -> Result<(), DeviceError> {
        let deadline = monotonic_ns() + patience_ms * 1_000_000;
        let piece = if self.is_file { FILE_PIECE } else { PIPE_PIECE };
        *done = 0;
        while *done < bytes.len() && self.is_ready(deadline)? {
            let end = bytes.len().min(*done + piece);
            match write(&self.to, &bytes[*done..end]) {
                Ok(written) => *done += written,
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(why) => return Err(self.failed("write", why)),
            }
        }
        Ok(())
    }

    /// Whether a write will not wait; waits for that until the deadline.
    fn is_ready(&self, deadline_ns: u64) -> Result<bool, DeviceError> {
        loop {
            let left = deadline_ns.saturating_sub(monotonic_ns());
            let patience =
                Timespec { tv_sec: (left / 1_000_000_000) as i64, tv_nsec: (left % 1_000_000_000) as i64 };
            match poll(&mut [PollFd::new(&self.to, PollFlags::OUT)], Some(&patience)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(why) => return Err(self.failed("poll", why)),
            }
        }
    }

    fn failed(&self, call: &str, why: Errno) -> DeviceError {
        let place = self.name.clone();
        match why {
            Errno::PIPE => DeviceError::ReaderGone { place },
            why => DeviceError::Other { place, why: format!("{call} failed: {why}") },
        }
    }
}

/// A stream, and the frame that is written.
#[derive(Debug)]
pub(super) struct Y4mStream {
    drain: Drain,
    /// The mark before each frame, and the frame.
    frame: Vec<u8>,
    /// How much of it is not written yet.
    left: usize,
    sent: bool,
    /// A write has failed: nothing more is written.
    failed: bool,
}

impl Y4mStream {
    pub(super) fn new(drain: Drain, geometry: Geometry) -> Self {
        let mut frame = vec![0; FRAME.len() + geometry.frame_bytes()];
        frame[..FRAME.len()].copy_from_slice(FRAME);
        Self { drain, frame, left: 0, sent: false, failed: false }
    }

    /// Goes on writing. `true` if all is written.
    fn flush(&mut self, patience_ms: u64) -> Result<bool, DeviceError> {
        let rest = &self.frame[self.frame.len() - self.left..];
        let mut done = 0;
        let written = self.drain.write(rest, &mut done, patience_ms);
        self.left -= done;
        self.failed = written.is_err();
        written.map(|()| self.left == 0)
    }
}

impl Output for Y4mStream {
    fn place(&self) -> String {
        self.drain.name.clone()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        Ok(if self.flush(PATIENCE_MS)? { Some(&mut self.frame[FRAME.len()..]) } else { None })
    }

    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        (self.left, self.sent) = (self.frame.len(), true);
        self.flush(PATIENCE_MS)?;
        Ok(true)
    }

    fn repeat(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        if !self.sent || !self.flush(PATIENCE_MS)? {
            return Ok(false);
        }
        self.send(stamp_ns)
    }
}

impl Drop for Y4mStream {
    fn drop(&mut self) {
        if !self.failed && self.left > 0 {
            // What could not be written shows below.
            let _ = self.flush(LAST_PATIENCE_MS);
        }
        if (1..self.frame.len()).contains(&self.left) {
            self.drain.cut.store(true, Ordering::Relaxed);
        }
    }
}
