//! A file whose bytes are on their way to the disk while the next ones come (ADR 0014).
//!
//! Left to the page cache, a recording fills it and is then held up for seconds. Here a helper thread asks for the data to be
//! written (`fdatasync`) whenever a chunk has come together, and lets the cache forget it. The writer stays at most
//! [`AHEAD`] before it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::num::NonZeroU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::{Advice, FlockOperation, fadvise, fdatasync, flock};

use crate::sink::tail::Target;

/// Bytes that come together before they are written.
const CHUNK: u64 = 32 << 20;

/// Bytes that may wait for the disk.
const AHEAD: u64 = 128 << 20;

/// What writer and helper tell each other.
#[derive(Debug, Default)]
struct Progress {
    written: u64,
    on_disk: u64,
    quit: bool,
    /// The disk has failed, and the helper is gone.
    broken: bool,
    /// Why, until somebody was told.
    failed: Option<io::Error>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    progress: Mutex<Progress>,
    moved: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nobody panics with the lock held; were it so, the numbers would be right all the same.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, Progress>) -> MutexGuard<'a, Progress> {
        self.moved.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The helper's work, until it is told to quit or the disk fails.
    fn flush_chunks(&self) {
        loop {
            let mut progress = self.lock();
            while !progress.quit && progress.written.saturating_sub(progress.on_disk) < CHUNK {
                progress = self.wait(progress);
            }
            if progress.quit {
                return;
            }
            let (from, to) = (progress.on_disk, progress.written);
            drop(progress);
            let flushed = fdatasync(&self.file).map_err(io::Error::from);
            if flushed.is_ok() {
                // Only advice: where it is not taken, the cache keeps the pages a while.
                let _ = fadvise(&self.file, from, NonZeroU64::new(to - from), Advice::DontNeed);
            }
            let mut progress = self.lock();
            progress.on_disk = to;
            let broken = flushed.is_err();
            (progress.broken, progress.failed) = (broken, flushed.err());
            drop(progress);
            self.moved.notify_all();
            if broken {
                return;
            }
        }
    }
}

/// Why the disk has failed; in full for who asks first.
fn told(progress: &mut Progress) -> io::Error {
    progress.failed.take().unwrap_or_else(|| io::Error::other("the disk has failed before"))
}

/// A file that is being recorded.
#[derive(Debug)]
pub(super) struct DiskFile {
    shared: Arc<Shared>,
    helper: Option<JoinHandle<()>>,
}

impl DiskFile {
    pub(super) fn new(file: File) -> io::Result<Self> {
        // So that nobody gives it an end meanwhile (`recover`). It is new, so this fails only where there are no locks.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        let progress = Mutex::new(Progress::default());
        let shared = Arc::new(Shared { file, progress, moved: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("frame-arrow-disk".into());
        let helper = builder.spawn(move || theirs.flush_chunks())?;
        Ok(Self { shared, helper: Some(helper) })
    }

    fn quit(&mut self) -> io::Result<()> {
        self.shared.lock().quit = true;
        self.shared.moved.notify_all();
        if let Some(helper) = self.helper.take() {
            helper.join().map_err(|_| io::Error::other("the thread that writes to the disk panicked"))?;
        }
        let mut progress = self.shared.lock();
        if progress.broken { Err(told(&mut progress)) } else { Ok(()) }
    }
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut progress = self.shared.lock();
        while !progress.broken && progress.written.saturating_sub(progress.on_disk) >= AHEAD {
            progress = self.shared.wait(progress);
        }
        if progress.broken {
            return Err(told(&mut progress));
        }
        drop(progress);
        let written = (&self.shared.file).write(bytes)?;
        let mut progress = self.shared.lock();
        progress.written += written as u64;
        let full = progress.written.saturating_sub(progress.on_disk) >= CHUNK;
        drop(progress);
        if full {
            self.shared.moved.notify_all();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target for DiskFile {
    fn cut_at(&mut self, length: u64) -> io::Result<bool> {
        self.shared.file.set_len(length)?;
        (&self.shared.file).seek(SeekFrom::Start(length))?;
        let mut progress = self.shared.lock();
        progress.written = length;
        progress.on_disk = progress.on_disk.min(length);
        Ok(true)
    }

    fn close(&mut self) -> io::Result<()> {
        self.quit()?;
        fdatasync(&self.shared.file)?;
        let _ = flock(&self.shared.file, FlockOperation::Unlock);
        Ok(())
    }
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        // Who wants to know how it ended calls `close`.
        let _ = self.quit();
    }
}
