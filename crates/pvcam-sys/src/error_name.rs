//! Names for error codes.

use crate::bindings::ERRORS;

/// The symbolic name of an error code, as the library prints it at the end of its messages.
///
/// `None` for a code that SDK 3.10.2.5 does not know. Negative codes do not occur.
///
/// ```
/// use pvcam_sys::{PL_ERR_INSTALLATION_CORRUPTED, error_name};
///
/// assert_eq!(error_name(PL_ERR_INSTALLATION_CORRUPTED), Some("PL_ERR_INSTALLATION_CORRUPTED"));
/// assert_eq!(error_name(-1), None);
/// ```
#[must_use]
pub fn error_name(code: i16) -> Option<&'static str> {
    find(code).map(|(_, name, _)| *name)
}

/// What an error code means, in a few words of our own; the library's text may say more.
///
/// ```
/// assert_eq!(pvcam_sys::error_meaning(153), Some("a required pointer is null"));
/// ```
#[must_use]
pub fn error_meaning(code: i16) -> Option<&'static str> {
    find(code).map(|(_, _, meaning)| *meaning)
}

fn find(code: i16) -> Option<&'static (i16, &'static str, &'static str)> {
    let position = ERRORS.binary_search_by_key(&code, |entry| entry.0).ok()?;
    ERRORS.get(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ascending_so_that_every_code_is_found() {
        assert!(ERRORS.is_sorted_by(|a, b| a.0 < b.0));
        for (code, name, meaning) in &ERRORS {
            assert_eq!((error_name(*code), error_meaning(*code)), (Some(*name), Some(*meaning)));
        }
        assert_eq!(error_name(149), None);
    }
}
