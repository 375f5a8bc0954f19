//! Control of a simulator that came as a shared library.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use crate::control::Control;

impl Control {
    /// Controls the simulator that this process has loaded from the file `path`. `None`: no library of this process comes
    /// from there, or it is another one, the vendor's for example.
    ///
    /// Nothing is loaded, so a library that is there already is not started either. It stays loaded from here on.
    ///
    /// ```
    /// use std::path::Path;
    /// assert!(pvcam_sim::Control::of_loaded(Path::new("/no/such/libpvcam.so.2")).is_none());
    /// ```
    #[must_use]
    pub fn of_loaded(path: &Path) -> Option<Self> {
        let path = CString::new(path.as_os_str().as_bytes()).ok()?;
        // SAFETY: the text is terminated; with NOLOAD nothing of the file is run. The handle is never closed.
        let library = NonNull::new(unsafe {
            libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NOLOAD)
        })?;
        // SAFETY: the handle is valid, the name terminated; only the address is taken.
        let find =
            |name: &std::ffi::CStr| NonNull::new(unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) });
        // SAFETY: functions of these names exist in this crate's shared library alone, with these signatures (`pvcam_sim_stats`
        // is told the size of what it fills); the handle above keeps them loaded.
        unsafe { Self::from_lookup(find) }.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_library_is_not_taken_for_the_simulator() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let libc = maps
            .lines()
            .filter_map(|line| line.split_whitespace().nth(5))
            .find(|file| file.contains("libc.so"));
        assert!(Control::of_loaded(Path::new(libc.unwrap())).is_none());
        assert!(Control::of_loaded(Path::new("a\0b")).is_none());
    }
}
