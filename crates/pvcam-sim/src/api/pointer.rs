//! Pointers from clients, checked for null.

use std::ptr::NonNull;

use crate::abi::constants::PL_ERR_NULL_POINTER;
use crate::abi::error::Outcome;

/// Where the client wants a result.
pub(super) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Fails with 153 for null.
    ///
    /// # Safety
    ///
    /// `pointer` is null or valid for writing a `T` as long as this lives.
    pub(super) unsafe fn new(pointer: *mut T) -> Outcome<Self> {
        Ok(Self(NonNull::new(pointer).ok_or(PL_ERR_NULL_POINTER)?))
    }

    /// Writes the result.
    pub(super) fn set(&self, value: T) {
        // SAFETY: `new` was promised a valid place; it may be unaligned.
        unsafe { self.0.as_ptr().write_unaligned(value) };
    }
}

/// The pointer itself, or 153 for null.
pub(super) fn non_null<T>(pointer: *mut T) -> Outcome<*mut T> {
    if pointer.is_null() { Err(PL_ERR_NULL_POINTER.into()) } else { Ok(pointer) }
}
