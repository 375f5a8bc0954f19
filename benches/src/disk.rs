//! Writing behind: the best that can be done with buffered writes, by calls that only the C library has.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Pieces on their way to the disk.
const AHEAD: u64 = 2;

/// After piece number `at` (from 0, each of `bytes` bytes) was written to the end of the file: begins to write it to the disk, waits for
/// the one two before, and lets the page cache forget that.
///
/// # Errors
/// What the system says.
pub fn write_behind(file: &File, at: u64, bytes: u64) -> io::Result<()> {
    sync(file, at * bytes, bytes, libc::SYNC_FILE_RANGE_WRITE)?;
    let Some(done) = at.checked_sub(AHEAD) else { return Ok(()) };
    let wait = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE;
    sync(file, done * bytes, bytes, wait | libc::SYNC_FILE_RANGE_WAIT_AFTER)?;
    let length = std::num::NonZeroU64::new(bytes);
    Ok(rustix::fs::fadvise(file, done * bytes, length, rustix::fs::Advice::DontNeed)?)
}

fn sync(file: &File, from: u64, bytes: u64, flags: libc::c_uint) -> io::Result<()> {
    let signed = |value: u64| libc::off64_t::try_from(value).map_err(io::Error::other);
    // SAFETY: the call takes numbers only, and the descriptor is that of an open file.
    let done = unsafe { libc::sync_file_range(file.as_raw_fd(), signed(from)?, signed(bytes)?, flags) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
