//! How much CPU time this process has used, without that of a simulated camera.

use core::time::Duration;
use std::ffi::OsStr;
use std::path::Path;

/// The simulator names its threads so that clients can leave them out.
const SIMULATOR_THREADS: &str = "PVCAMSIM-";

/// CPU time used so far by the threads that live now, those of the simulator left out. `None` where the system does not
/// tell (`/proc/self/task/*/schedstat`). Allocates.
///
/// The calling thread's own time is read last, so that this reading is not part of what is measured from here on.
pub(super) fn at_begin() -> Option<Duration> {
    let others = others()?;
    Some(others + own()?)
}

/// As [`at_begin`], with the calling thread's own time read first: what follows is not part of what was measured.
pub(super) fn at_end() -> Option<Duration> {
    let own = own()?;
    Some(own + others()?)
}

fn own() -> Option<Duration> {
    // A kernel without these statistics shows zeros.
    used(Path::new("/proc/thread-self")).filter(|used| !used.is_zero())
}

fn others() -> Option<Duration> {
    let own = std::fs::read_link("/proc/thread-self").ok()?;
    of_threads(Path::new("/proc/self/task"), own.file_name()?)
}

fn of_threads(folder: &Path, left_out: &OsStr) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for thread in std::fs::read_dir(folder).ok()? {
        let thread = thread.ok()?;
        // A thread may end between the listing and the reading.
        let Ok(name) = std::fs::read_to_string(thread.path().join("comm")) else { continue };
        if thread.file_name() != left_out && !name.starts_with(SIMULATOR_THREADS) {
            sum += used(&thread.path()).unwrap_or_default();
        }
    }
    Some(sum)
}

/// The first number of `schedstat`: nanoseconds on a CPU.
fn used(thread: &Path) -> Option<Duration> {
    let times = std::fs::read_to_string(thread.join("schedstat")).ok()?;
    times.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulators_threads_are_left_out() {
        let folder = std::env::temp_dir().join(format!("pvcam-check-cpu-{}", std::process::id()));
        for (thread, name, times) in [
            ("1", "main\n", "1000 5 1\n"),
            ("2", "PVCAMSIM-w0\n", "500000 5 1\n"),
            ("3", "PVCAMSIM-c0\n", "300000 5 1\n"),
            ("4", "reader\n", "234 5 1\n"),
        ] {
            let thread = folder.join(thread);
            std::fs::create_dir_all(&thread).unwrap();
            std::fs::write(thread.join("comm"), name).unwrap();
            std::fs::write(thread.join("schedstat"), times).unwrap();
        }
        let without = |thread: &str| of_threads(&folder, OsStr::new(thread));
        assert_eq!(without("none"), Some(Duration::from_nanos(1234)));
        assert_eq!(without("4"), Some(Duration::from_nanos(1000)), "the one that asks");
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(without("4"), None);
    }

    #[test]
    fn work_shows_as_time() {
        // This thread alone: other tests come and go. Without statistics there is nothing to test.
        let Some(before) = own() else { return };
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        assert!(own().unwrap() > before);
        assert!(at_begin().is_some() && at_end().is_some());
    }
}
