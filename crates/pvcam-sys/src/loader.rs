//! Finding and loading the SDK's library when the program runs.

use std::ffi::{CStr, c_void};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::{Api, LoadError};

/// The environment variable that names the library: its file, or the folder that holds it.
pub const LIBRARY_VARIABLE: &str = "PVCAM_LIBRARY";

/// Names given to the dynamic loader, which searches `LD_LIBRARY_PATH`, its cache and its own folders.
pub const LIBRARY_NAMES: [&str; 2] = ["libpvcam.so.2", "libpvcam.so"];

/// Folders tried after the dynamic loader's own search, for installations that are not in its cache.
pub const LIBRARY_FOLDERS: [&str; 5] =
    ["/opt/pvcam/library/x86_64", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

impl Api {
    /// Loads the SDK's library, and says which file it is.
    ///
    /// Searched, in this order: the file or folder that `PVCAM_LIBRARY` names, and then nothing else (empty counts as
    /// not set); [`LIBRARY_NAMES`] by the dynamic loader; [`LIBRARY_FOLDERS`].
    ///
    /// The library is never unloaded. It starts threads of its own, calls back into this process and registers exit
    /// handlers; no moment can be proved to be after the last of these.
    ///
    /// Loading runs the library's start-up code: a file that only pretends to be a PVCAM library can do anything, as
    /// any dependency can.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotFound`] lists each place with the loader's reason; [`LoadError::NotLoadable`] when
    /// `PVCAM_LIBRARY` names something that does not load; [`LoadError::MissingSymbol`] for a library that lacks
    /// functions.
    ///
    /// ```
    /// match pvcam_sys::Api::load() {
    ///     Ok((_, path)) => println!("found {}", path.display()),
    ///     Err(why) => assert!(why.to_string().contains("PVCAM_LIBRARY")),
    /// }
    /// ```
    pub fn load() -> Result<(Self, PathBuf), LoadError> {
        match std::env::var_os(LIBRARY_VARIABLE).filter(|value| !value.is_empty()) {
            Some(path) => load_named(Path::new(&path), LIBRARY_VARIABLE),
            None => search(candidates()),
        }
    }

    /// Loads the library at `path`, a file or the folder that holds `libpvcam.so.2`, and nothing else.
    ///
    /// A bare file name goes to the dynamic loader's search, as `dlopen` does it. For the rest see [`Api::load`].
    ///
    /// # Errors
    ///
    /// [`LoadError::NotLoadable`] with the loader's reason; [`LoadError::MissingSymbol`] for a library that lacks
    /// functions.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// let why = pvcam_sys::Api::load_from(Path::new("/nonexistent/libpvcam.so.2")).unwrap_err();
    /// assert!(why.to_string().contains("/nonexistent/libpvcam.so.2"));
    /// ```
    pub fn load_from(path: &Path) -> Result<(Self, PathBuf), LoadError> {
        load_named(path, "given path")
    }
}

fn load_named(path: &Path, named_by: &'static str) -> Result<(Api, PathBuf), LoadError> {
    let path = if path.is_dir() { path.join(LIBRARY_NAMES[0]) } else { path.to_owned() };
    match open(&path) {
        Ok(library) => resolve(library, &path),
        Err(reason) => Err(LoadError::NotLoadable { path, named_by, reason }),
    }
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let in_folders = LIBRARY_FOLDERS.iter().map(|folder| Path::new(folder).join(LIBRARY_NAMES[0]));
    LIBRARY_NAMES.iter().map(PathBuf::from).chain(in_folders)
}

fn search(candidates: impl Iterator<Item = PathBuf>) -> Result<(Api, PathBuf), LoadError> {
    let mut searched = Vec::new();
    for path in candidates {
        match open(&path) {
            Ok(library) => return resolve(library, &path),
            Err(reason) => searched.push((path, reason)),
        }
    }
    Err(LoadError::NotFound { searched })
}

/// Loads with all symbols bound at once, so that a library whose own dependences are incomplete is refused here with a
/// reason instead of ending the process at its first call.
fn open(path: &Path) -> Result<Library, String> {
    // SAFETY: runs the start-up code of the file. The caller named it, or it has the SDK's name in a folder of the
    // system; that such a file is a well-behaved library is the trust that `Api::load` documents. The handle is never
    // dropped (see `resolve`), so that no exit code runs.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
        // The outer text only says that dlopen failed; the loader's own words are in the source.
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    })
}

fn resolve(library: Library, path: &Path) -> Result<(Api, PathBuf), LoadError> {
    // Leaked even when it is refused below: its start-up code has run and may have started threads.
    let library: &'static Library = Box::leak(Box::new(library));
    let mut file = None;
    let lookup = |name: &CStr| {
        // SAFETY: only the address is taken, as an opaque pointer; the handle is valid.
        let symbol = unsafe { library.get::<*mut c_void>(name.to_bytes_with_nul()) }.ok()?;
        let address = NonNull::new(symbol.into_raw())?;
        if file.is_none() {
            file = file_of(address);
        }
        Some(address)
    };
    // SAFETY: the names are those of the SDK, and the library is trusted to be one (see `open`); it is never unloaded,
    // so the addresses stay callable.
    let api = unsafe { Api::from_lookup(lookup) };
    let file = file.unwrap_or_else(|| path.to_owned());
    match api {
        Ok(api) => Ok((api, file)),
        Err(LoadError::MissingSymbol { symbol, .. }) => {
            Err(LoadError::MissingSymbol { symbol, library: Some(path.to_owned()) })
        }
        Err(other) => Err(other),
    }
}

/// The file that holds a function: where the dynamic loader found the library, when only its name was given.
fn file_of(address: NonNull<c_void>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;

    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `address` may be any value, `info` is valid for writing one Dl_info.
    if unsafe { libc::dladdr(address.as_ptr(), info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: all-zero bytes are a valid Dl_info (integers and pointers), and a successful call filled it in.
    let name = unsafe { info.assume_init() }.dli_fname;
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, and the dynamic loader's own string for a library that stays loaded.
    let name = unsafe { CStr::from_ptr(name) };
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    Some(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_searched_is_named_with_the_loaders_reason() {
        let names = ["libpvcam-missing.so.2", "/nonexistent/libpvcam.so.2"];
        let error = search(names.iter().map(PathBuf::from)).unwrap_err();
        let text = error.to_string();
        let LoadError::NotFound { searched } = error else { panic!("{error}") };
        assert_eq!(searched.iter().map(|(path, _)| path.to_str().unwrap()).collect::<Vec<_>>(), names);
        assert!(searched.iter().all(|(_, reason)| reason.contains("No such file")), "{searched:?}");
        assert!(
            names.iter().all(|name| text.contains(name)) && text.contains("cargo xtask sim --print"),
            "{text}"
        );
    }

    #[test]
    fn the_search_starts_with_the_dynamic_loader() {
        let all: Vec<_> = candidates().collect();
        assert_eq!(all.len(), LIBRARY_NAMES.len() + LIBRARY_FOLDERS.len());
        assert_eq!(all[0], Path::new("libpvcam.so.2"));
        assert!(all[2..].iter().all(|path| path.is_absolute()));
    }

    #[test]
    fn the_file_behind_a_bare_name_is_known() {
        let address = NonNull::new(libc::getpid as *mut c_void).unwrap();
        let file = file_of(address).unwrap();
        assert!(file.is_absolute() && file.exists(), "{}", file.display());
    }
}
