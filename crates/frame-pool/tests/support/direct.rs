//! Writes of leases by O_DIRECT while the keeper moves the frame and the camera writes over its old block.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test support: each file uses its own part, and a failed step is a failed test; and tests count for themselves, outside the models"
)]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frame_pool::{Evidence, Lease, Record, StreamMode};

use crate::support::{Rig, record};

/// Bytes of a frame: large enough that a transfer is still going on when the frame has been moved.
pub const BYTES: usize = 8 << 20;

/// What direct transfers want addresses and lengths to be multiples of, on every file system of today.
const ALIGNMENT: usize = 4096;

/// A ring of one block, so that the camera's next frame lies where the one before lay; and a place for files.
pub struct DirectRig {
    rig: Rig,
    folder: PathBuf,
    files: u64,
    expected: Vec<u8>,
    found: Vec<u8>,
}

/// What came of some rounds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub files: u32,
    pub torn: u32,
}

impl DirectRig {
    /// In a folder of its own below `place`. The error says why direct writes cannot be tested there.
    pub fn new(place: &Path) -> Result<Self, String> {
        let folder = place.join(format!("o-direct-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let rig = Rig::new(StreamMode::Locked, BYTES, 1, 2);
        // Frames are moved when this test says so, and not before.
        rig.stream.set_keep_free(0);
        let mut this = Self { rig, folder, files: 0, expected: vec![0; BYTES], found: vec![0; BYTES] };
        let probe = this.folder.join("probe");
        let lease = this.frame();
        let tried = open(&probe).and_then(|file| file.write_all_at(&lease.slot_bytes()[..ALIGNMENT], 0));
        drop(lease);
        this.rig.stream.retire();
        let _ = std::fs::remove_file(&probe);
        tried.map_err(|why| format!("no O_DIRECT in {}: {why}", place.display()))?;
        Ok(this)
    }

    /// The camera writes its next frame: the same byte everywhere, another one than before.
    fn frame(&mut self) -> Lease {
        self.rig.written += 1;
        let number = self.rig.written;
        let start = self.rig.pool.ring().ptr.as_ptr();
        // SAFETY: the ring has one block of so many bytes; this code plays the SDK, the only writer of that map.
        unsafe { libc::memset(start.cast(), i32::from(number as u8), BYTES) };
        let record = Record { tag: None, evidence: Evidence::Locked, ..record(&self.rig.pool, number) };
        self.rig.publish(0, record).unwrap();
        self.rig.stream.retire();
        self.rig.tray.take().unwrap()
    }

    /// Writes one frame to a file while it is moved and its old block written over (which a pin prevents), and reads the file. True
    /// if it is torn.
    fn round(&mut self, pinned: bool) -> io::Result<bool> {
        let lease = self.frame();
        let path = self.folder.join(format!("{}", self.files));
        self.files += 1;
        let file = open(&path)?;
        let pin = pinned.then(|| lease.pin().unwrap());
        assert!(pin.as_ref().is_none_or(|pin| pin.alignment() == ALIGNMENT));
        let begun = AtomicBool::new(false);
        let written = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                begun.store(true, Ordering::Release);
                file.write_all_at(lease.slot_bytes(), 0)
            });
            while !begun.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            self.rig.stream.rescue_oldest();
            let moved = self.rig.has_room();
            assert_eq!(moved, !pinned, "a pin alone keeps the frame where it is");
            if moved {
                drop(self.frame());
            }
            writer.join().unwrap()
        });
        drop((pin, file));
        let number = lease.record().number;
        self.expected.fill(number as u8);
        assert!(lease.slot_bytes() == self.expected, "who looks through the lease sees what it was");
        drop(lease);
        self.rig.stream.retire();
        let read = written.and_then(|()| File::open(&path)?.read_exact_at(&mut self.found, 0));
        std::fs::remove_file(&path)?;
        read.map(|()| self.found != self.expected)
    }

    /// Rounds until so many files were written, or so many were torn, or the time is over.
    pub fn rounds(&mut self, pinned: bool, files: u32, torn: u32, time: Duration) -> io::Result<Tally> {
        let (mut tally, begun) = (Tally::default(), Instant::now());
        while tally.files < files && tally.torn < torn && begun.elapsed() < time {
            tally.torn += u32::from(self.round(pinned)?);
            tally.files += 1;
        }
        Ok(tally)
    }
}

impl Drop for DirectRig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).custom_flags(libc::O_DIRECT).open(path)
}
