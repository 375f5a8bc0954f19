//! An operation that failed gives back what it took.

use core::fmt;

/// What an operation took, and why it refused.
///
/// `Camera::arm`, `Armed::start` and their relatives consume their camera; when they fail, it comes back in here. As an
/// error it reads like its cause, so `?` works; who wants to go on takes [`Self::given_back`].
///
/// ```
/// # use pvcam::Refused;
/// fn arm(camera: String) -> Result<(), Refused<String, std::num::ParseIntError>> {
///     match "x".parse::<u8>() {
///         Ok(_) => Ok(()),
///         Err(why) => Err(Refused { given_back: camera, why }),
///     }
/// }
/// let refused = arm("camera".to_owned()).unwrap_err();
/// assert_eq!(refused.given_back, "camera");
/// ```
pub struct Refused<T, E> {
    /// What was handed in, unharmed.
    pub given_back: T,
    /// Why it was refused.
    pub why: E,
}

impl<T, E> Refused<T, E> {
    /// Takes it apart: what was handed in, and why it was refused.
    pub fn into_parts(self) -> (T, E) {
        (self.given_back, self.why)
    }
}

impl<T, E: fmt::Debug> fmt::Debug for Refused<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<T, E: fmt::Display> fmt::Display for Refused<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<T, E: std::error::Error> std::error::Error for Refused<T, E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.why.source()
    }
}
