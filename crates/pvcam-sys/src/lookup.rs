//! Filling the function table from anything that knows addresses by name.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use crate::{Api, LoadError};

/// Finds the address of a function by its name.
pub(crate) type Lookup<'a> = dyn FnMut(&CStr) -> Option<NonNull<c_void>> + 'a;

/// `Some(function pointer)` of the field's type, or `None`.
///
/// Only for the body of `Api::fill`, whose contract the proof below leans on.
macro_rules! optional_symbol {
    ($lookup:expr, $name:literal) => {
        $lookup($name).map(|address| {
            // SAFETY: source and destination are thin, non-null pointers of one size (transmute checks the size). The
            // caller of `Api::fill` promises that the address is a function with the C prototype of this name, and
            // the destination type, inferred from the field, was generated from that very prototype.
            unsafe { ::core::mem::transmute::<::core::ptr::NonNull<::core::ffi::c_void>, _>(address) }
        })
    };
}

/// As `optional_symbol`, but leaves the function with the name when there is none.
macro_rules! required_symbol {
    ($lookup:expr, $name:literal) => {
        match $crate::lookup::optional_symbol!($lookup, $name) {
            Some(function) => function,
            None => return Err($name),
        }
    };
}

pub(crate) use {optional_symbol, required_symbol};

impl Api {
    /// Fills the table from `lookup`: a library loaded elsewhere, or functions linked into this program.
    ///
    /// Each name is asked for once, without its symbol version; `pl_exp_trigger` may be missing.
    ///
    /// # Errors
    ///
    /// [`LoadError::MissingSymbol`] names the first function that `lookup` does not know.
    ///
    /// # Safety
    ///
    /// Every address that `lookup` returns must be a function with the C prototype which `vendor/pvcam/pvcam.h`
    /// gives for that name, and must stay callable for the rest of the process: an [`Api`] is `Copy`, so nothing
    /// can tell when its last copy is gone.
    ///
    /// ```
    /// use pvcam_sys::{Api, LoadError};
    ///
    /// // SAFETY: no address is returned, so there is none that could be wrong.
    /// let none = unsafe { Api::from_lookup(|_| None) };
    /// assert!(matches!(none, Err(LoadError::MissingSymbol { symbol, .. }) if symbol == c"pl_pvcam_get_ver"));
    /// ```
    pub unsafe fn from_lookup(
        mut lookup: impl FnMut(&CStr) -> Option<NonNull<c_void>>,
    ) -> Result<Self, LoadError> {
        // SAFETY: the same promise, passed on.
        unsafe { Self::fill(&mut lookup) }
            .map_err(|symbol| LoadError::MissingSymbol { symbol, library: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rs_bool;

    extern "C" fn succeed() -> rs_bool {
        1
    }

    /// An address for every name but those in `missing`. Only functions without arguments may be called through it.
    fn table_without(missing: &[&CStr]) -> Result<Api, LoadError> {
        let mut names = Vec::new();
        let lookup = |name: &CStr| {
            names.push(name.to_owned());
            if missing.contains(&name) { None } else { NonNull::new(succeed as *mut c_void) }
        };
        // SAFETY: `succeed` has the prototype of `pl_pvcam_init`, the only one that these tests call; it is a static
        // function, callable for ever.
        let api = unsafe { Api::from_lookup(lookup) };
        if api.is_ok() {
            assert_eq!(names.len(), 47, "every exported function is asked for");
        }
        api
    }

    #[test]
    fn functions_are_called_through_the_table() {
        let api = table_without(&[]).unwrap();
        // SAFETY: the address is that of `succeed`, which has this prototype.
        assert_eq!(unsafe { (api.pl_pvcam_init)() }, 1);
        assert!(api.pl_exp_trigger.is_some());
    }

    #[test]
    fn only_the_software_trigger_may_be_missing() {
        assert!(table_without(&[c"pl_exp_trigger"]).unwrap().pl_exp_trigger.is_none());
        let error = table_without(&[c"pl_exp_abort"]).unwrap_err();
        assert_eq!(error, LoadError::MissingSymbol { symbol: c"pl_exp_abort", library: None });
        assert!(error.to_string().contains("pl_exp_abort"), "{error}");
    }
}
