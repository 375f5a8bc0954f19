//! Reading a block of extended metadata, as the vendor's library does it; a 256th item is refused with 172
//! where the vendor writes past its list.

use std::ffi::c_void;

use crate::abi::constants::*;
use crate::abi::error::Outcome;
use crate::abi::types::{MdExtItem, MdExtItemCollection, MdExtItemInfo};

/// Bytes of every known value.
const VALUE_BYTES: u16 = 4;

static KNOWN: [MdExtItemInfo; 3] = [
    info(PL_MD_EXT_TAG_PARTICLE_ID, c"Particle ID"),
    info(PL_MD_EXT_TAG_PARTICLE_M0, c"Particle M0"),
    info(PL_MD_EXT_TAG_PARTICLE_M2, c"Particle M2"),
];

const fn info(tag: i32, name: &'static std::ffi::CStr) -> MdExtItemInfo {
    // TYPE_UNS32 is 7.
    MdExtItemInfo { tag, value_type: 7, size: VALUE_BYTES, name: name.as_ptr() }
}

/// `pl_md_read_extended` behind its null checks.
///
/// # Safety
///
/// `out` is writable as a whole, and `block` is readable for `size` bytes as long as the items are used.
pub(crate) unsafe fn read_extended(out: *mut MdExtItemCollection, block: *mut u8, size: u32) -> Outcome {
    // SAFETY: the caller vouches for `out`; all-zero bytes are null pointers and zero numbers, valid for it.
    let out = unsafe {
        out.write_bytes(0, 1);
        &mut *out
    };
    let mut offset = 0_u32;
    while offset < size {
        // SAFETY: `offset` is below `size`.
        let tag = unsafe { block.add(offset as usize).read() };
        if tag == u8::MAX {
            break;
        }
        let Some(info) = KNOWN.get(usize::from(tag)) else {
            return Err(PL_ERR_INDEX_OUT_OF_RANGE.into());
        };
        if size - offset - 1 < u32::from(VALUE_BYTES) {
            return Err(PL_ERR_METADATA_INVALID.into());
        }
        let index = usize::from(out.count);
        let Some(entry) = out.list.get_mut(index) else {
            return Err(PL_ERR_BUFFER_TOO_SMALL.into());
        };
        let value = block.wrapping_add(offset as usize + 1).cast::<c_void>();
        *entry = MdExtItem { tag_info: info, value };
        out.map[usize::from(tag)] = entry;
        out.count += 1;
        offset += 1 + u32::from(VALUE_BYTES);
    }
    Ok(())
}
