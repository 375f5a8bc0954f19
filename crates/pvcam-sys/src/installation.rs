//! What the Linux SDK wants of its surroundings, for error 151.
//!
//! `pl_pvcam_init` and `pl_pvcam_get_ver` both fail with `PL_ERR_INSTALLATION_CORRUPTED` and do not always say what is
//! missing. Three pieces are known: the variable `PVCAM_VERSION` (`pl_pvcam_get_ver` only), the driver library
//! `libpvcamDDI.so.3` in the dynamic loader's path, and the user-mode drivers in the folder `PVCAM_UMD_PATH`.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The driver library that `pl_pvcam_init` loads by this name.
const DRIVER_LIBRARY: &str = "libpvcamDDI.so.3";

/// Folders that the dynamic loader searches without being told.
const LOADER_FOLDERS: [&str; 6] =
    ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// One piece of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// It is there: its value or place.
    Present(String),
    /// It is missing or unusable: what is wrong, and the cure.
    Missing(String),
}

impl Piece {
    /// Whether the piece is there.
    #[must_use]
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Present(_))
    }

    /// What it is, or what is wrong with it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Present(text) | Self::Missing(text) => text,
        }
    }
}

/// The pieces that the Linux SDK needs besides its library, as found in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// `PVCAM_VERSION`, four decimal numbers `a.b.c.d`; only `pl_pvcam_get_ver` needs it.
    pub version: Piece,
    /// `PVCAM_UMD_PATH`, the folder of the user-mode drivers (`/opt/pvcam/drivers/user-mode`). The vendor's drivers
    /// need it, the library itself does not read it.
    pub user_mode_drivers: Piece,
    /// `libpvcamDDI.so.3` where the dynamic loader looks. Found by name only; nothing is loaded.
    pub driver_library: Piece,
}

impl Installation {
    /// Looks at the environment variables and the dynamic loader's folders. Reads a few files, loads nothing.
    ///
    /// ```
    /// let installation = pvcam_sys::Installation::inspect();
    /// for (piece, name) in installation.pieces() {
    ///     println!("{name}: {} {}", if piece.is_present() { "ok" } else { "MISSING" }, piece.text());
    /// }
    /// ```
    #[must_use]
    pub fn inspect() -> Self {
        Self::from_environment(|name| std::env::var_os(name), Path::new("/etc/ld.so.cache"))
    }

    /// Each piece with its name.
    #[must_use]
    pub fn pieces(&self) -> [(&Piece, &'static str); 3] {
        [
            (&self.version, "PVCAM_VERSION"),
            (&self.driver_library, DRIVER_LIBRARY),
            (&self.user_mode_drivers, "PVCAM_UMD_PATH"),
        ]
    }

    fn from_environment(variable: impl Fn(&str) -> Option<std::ffi::OsString>, loader_cache: &Path) -> Self {
        Self {
            version: version(variable("PVCAM_VERSION").as_deref()),
            user_mode_drivers: user_mode_drivers(variable("PVCAM_UMD_PATH").as_deref()),
            driver_library: driver_library(variable("LD_LIBRARY_PATH").as_deref(), loader_cache),
        }
    }
}

/// What is missing on this machine when the library reports error 151, one line for each piece, ready to be shown.
///
/// ```
/// let text = pvcam_sys::installation_hint();
/// assert!(text.contains("PVCAM_VERSION") && text.contains("libpvcamDDI.so.3"));
/// ```
#[must_use]
pub fn installation_hint() -> String {
    hint(&Installation::inspect())
}

fn hint(installation: &Installation) -> String {
    let pieces = installation.pieces();
    let missing = pieces.iter().filter(|(piece, _)| !piece.is_present()).count();
    let mut text = match missing {
        0 => "everything that the SDK is known to need is there; its message may say more:".to_owned(),
        1 => "the SDK installation is incomplete, 1 piece is missing:".to_owned(),
        _ => format!("the SDK installation is incomplete, {missing} pieces are missing:"),
    };
    for (piece, name) in pieces {
        let state = if piece.is_present() { "ok" } else { "MISSING" };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {name}: {state}, {}", piece.text());
    }
    text
}

fn version(value: Option<&OsStr>) -> Piece {
    const CURE: &str = "set it to the SDK's version, for example 3.10.2.5";
    match value.map(OsStr::to_string_lossy) {
        None => {
            Piece::Missing(format!("not set (`pl_pvcam_get_ver` needs it, `pl_pvcam_init` does not); {CURE}"))
        }
        Some(text) if four_numbers(&text) => Piece::Present(text.into_owned()),
        Some(text) => Piece::Missing(format!("`{text}` is not four numbers a.b.c.d; {CURE}")),
    }
}

/// As the library reads it: four decimal numbers with dots between, blanks before a number, anything after the last.
fn four_numbers(text: &str) -> bool {
    let mut rest = text;
    for position in 0..4 {
        if position > 0 {
            let Some(after) = rest.strip_prefix('.') else { return false };
            rest = after;
        }
        rest = rest.trim_start();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return false;
        }
        rest = &rest[digits..];
    }
    true
}

fn user_mode_drivers(value: Option<&OsStr>) -> Piece {
    const CURE: &str =
        "set it to the folder of the SDK's user-mode drivers, usually /opt/pvcam/drivers/user-mode";
    match value.map(Path::new) {
        None => Piece::Missing(format!("not set; {CURE}")),
        Some(folder) if folder.is_dir() => Piece::Present(folder.display().to_string()),
        Some(folder) => Piece::Missing(format!("{} is not a folder; {CURE}", folder.display())),
    }
}

fn driver_library(search_path: Option<&OsStr>, loader_cache: &Path) -> Piece {
    let own = std::env::split_paths(search_path.unwrap_or_default()).filter(|path| path.is_absolute());
    let mut places =
        own.chain(LOADER_FOLDERS.iter().map(PathBuf::from)).map(|path| path.join(DRIVER_LIBRARY));
    if let Some(file) = places.find(|file| file.exists()) {
        return Piece::Present(file.display().to_string());
    }
    // The cache is a binary table, but the names in it are plain strings.
    let cached = std::fs::read(loader_cache)
        .is_ok_and(|cache| cache.windows(DRIVER_LIBRARY.len()).any(|name| name == DRIVER_LIBRARY.as_bytes()));
    if cached {
        return Piece::Present(format!("known to the dynamic loader ({})", loader_cache.display()));
    }
    Piece::Missing(
        "not in LD_LIBRARY_PATH nor where the dynamic loader looks; install the SDK's drivers and run `ldconfig` as \
         root, or add their folder to LD_LIBRARY_PATH"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_library_reads_them() {
        for good in ["3.10.2.5", " 3. 10.2.5", "1.2.3.4-beta", "0.0.0.0"] {
            assert!(four_numbers(good), "{good}");
        }
        for bad in ["", "3", "3.10.2", "3.10.2.", "a.b.c.d", "3,10,2,5", "-1.2.3.4"] {
            assert!(!four_numbers(bad), "{bad}");
        }
    }

    #[test]
    fn a_bare_machine_lacks_all_three_pieces_and_the_text_says_so() {
        let found = Installation::from_environment(|_| None, Path::new("/nonexistent"));
        // A machine with the SDK in a standard folder has the driver library even without variables.
        assert!(!found.version.is_present() && !found.user_mode_drivers.is_present());
        let text = hint(&found);
        assert!(text.contains("incomplete") && text.contains("PVCAM_VERSION: MISSING"), "{text}");
        assert!(text.contains("PVCAM_UMD_PATH: MISSING"), "{text}");
    }

    #[test]
    fn a_complete_environment_is_recognised() {
        let folder = std::env::temp_dir().join(format!("pvcam-sys-installation-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let library = folder.join(DRIVER_LIBRARY);
        std::fs::write(&library, b"").unwrap();
        let variable = |name: &str| match name {
            "PVCAM_VERSION" => Some("3.10.2.5".into()),
            "PVCAM_UMD_PATH" | "LD_LIBRARY_PATH" => Some(folder.clone().into_os_string()),
            _ => None,
        };
        let found = Installation::from_environment(variable, Path::new("/nonexistent"));
        assert_eq!(found.driver_library, Piece::Present(library.display().to_string()));
        assert!(hint(&found).starts_with("everything"), "{}", hint(&found));

        let unset = |name: &str| variable(name).filter(|_| name == "PVCAM_VERSION");
        let cache = folder.join("cache");
        std::fs::write(&cache, b"\0libpvcamDDI.so.3\0").unwrap();
        let found = Installation::from_environment(unset, &cache);
        assert!(found.driver_library.is_present() && hint(&found).contains("1 piece is missing"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
