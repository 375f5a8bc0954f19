//! Structures that the library allocates for clients: zeroed, and freed with the C allocator.

use super::pointer::{Out, non_null};
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::{FrameInfo, RsBool, SmartStream};

/// `count` zeroed structures, or 152. At least one is allocated, so that the pointer is never null.
pub(super) fn allocate<T>(count: usize) -> Outcome<*mut T> {
    // SAFETY: calloc checks the product for overflow and needs nothing else.
    let memory = unsafe { libc::calloc(count.max(1), size_of::<T>()) };
    if memory.is_null() { Err(PL_ERR_INSUFFICIENT_RESOURCES.into()) } else { Ok(memory.cast()) }
}

/// A zeroed `FRAME_INFO`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_create_frame_info_struct(new_frame: *mut *mut FrameInfo) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(new_frame)? };
        out.set(allocate(1)?);
        Ok(())
    })
}

/// Frees a `FRAME_INFO`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_release_frame_info_struct(frame_to_delete: *mut FrameInfo) -> RsBool {
    guard(|| {
        let frame = non_null(frame_to_delete)?;
        // SAFETY: common contract: made by `pl_create_frame_info_struct` and not released before.
        unsafe { libc::free(frame.cast()) };
        Ok(())
    })
}

/// A list of `entries` zeroed values.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_create_smart_stream_struct(
    array: *mut *mut SmartStream,
    entries: u16,
) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(array)? };
        let params = allocate::<u32>(entries.into())?;
        let list = allocate::<SmartStream>(1).inspect_err(|_| {
            // SAFETY: just allocated, and nobody else knows of it.
            unsafe { libc::free(params.cast()) };
        })?;
        // SAFETY: `list` has room for one structure.
        unsafe { list.write(SmartStream { entries, params }) };
        out.set(list);
        Ok(())
    })
}

/// Frees a list and sets the client's pointer to null; fine when it is null already.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_release_smart_stream_struct(array: *mut *mut SmartStream) -> RsBool {
    guard(|| {
        let array = non_null(array)?;
        // SAFETY: common contract: a pointer that is null or was made by `pl_create_smart_stream_struct` and
        // not released before; freeing null does nothing.
        unsafe {
            let list = array.read_unaligned();
            if !list.is_null() {
                libc::free((*list).params.cast());
                libc::free(list.cast());
                array.write_unaligned(std::ptr::null_mut());
            }
        }
        Ok(())
    })
}
