//! Structures that cross the C interface, laid out as on LP64 targets (the offsets are asserted below).

use std::ffi::{c_char, c_void};

/// The library's boolean: 16 bits, 0 or 1.
pub(crate) type RsBool = u16;

/// Identifier slot of [`FrameInfo`]; the library leaves it zero.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct FrameInfoGuid {
    pub(crate) f1: u32,
    pub(crate) f2: u16,
    pub(crate) f3: u16,
    pub(crate) f4: [u8; 8],
}

/// What the library says about one frame. Times are in units of 0.1 ms on the host's clock.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct FrameInfo {
    pub(crate) guid: FrameInfoGuid,
    pub(crate) hcam: i16,
    /// 1-based host frame number; restarts with each acquisition.
    pub(crate) frame_nr: i32,
    pub(crate) time_stamp: i64,
    pub(crate) readout_time: i32,
    pub(crate) time_stamp_bof: i64,
}

/// A region on the sensor: inclusive ends, serial (columns) before parallel (rows).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) s1: u16,
    pub(crate) s2: u16,
    pub(crate) sbin: u16,
    pub(crate) p1: u16,
    pub(crate) p2: u16,
    pub(crate) pbin: u16,
}

/// A list of 32-bit values for per-frame exposures.
#[repr(C)]
pub(crate) struct SmartStream {
    pub(crate) entries: u16,
    pub(crate) params: *mut u32,
}

/// A known extended-metadata tag.
#[repr(C)]
pub(crate) struct MdExtItemInfo {
    pub(crate) tag: i32,
    pub(crate) value_type: u16,
    pub(crate) size: u16,
    pub(crate) name: *const c_char,
}

// SAFETY: the name points at a string literal and nothing ever writes to the structure; sharing it between
// threads only ever reads.
unsafe impl Sync for MdExtItemInfo {}

/// One decoded extended-metadata item.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct MdExtItem {
    pub(crate) tag_info: *const MdExtItemInfo,
    pub(crate) value: *mut c_void,
}

/// Room for all items of one extended-metadata block.
#[repr(C)]
pub(crate) struct MdExtItemCollection {
    pub(crate) list: [MdExtItem; 255],
    pub(crate) map: [*mut MdExtItem; 255],
    pub(crate) count: u16,
}

/// One region of a decoded frame; the pointers go into the caller's slot.
#[repr(C)]
pub(crate) struct MdFrameRoi {
    pub(crate) header: *mut c_void,
    pub(crate) data: *mut c_void,
    pub(crate) data_size: u32,
    pub(crate) ext_md_data: *mut c_void,
    pub(crate) ext_md_data_size: u16,
}

/// A decoded frame; the pointers go into the caller's slot.
#[repr(C)]
pub(crate) struct MdFrame {
    pub(crate) header: *mut c_void,
    pub(crate) ext_md_data: *mut c_void,
    pub(crate) ext_md_data_size: u16,
    pub(crate) implied_roi: Region,
    pub(crate) roi_array: *mut MdFrameRoi,
    pub(crate) roi_capacity: u16,
    pub(crate) roi_count: u16,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<FrameInfo>() == 48);
    assert!(offset_of!(FrameInfo, hcam) == 16);
    assert!(offset_of!(FrameInfo, frame_nr) == 20);
    assert!(offset_of!(FrameInfo, time_stamp) == 24);
    assert!(offset_of!(FrameInfo, readout_time) == 32);
    assert!(offset_of!(FrameInfo, time_stamp_bof) == 40);
    assert!(size_of::<Region>() == 12);
    assert!(size_of::<SmartStream>() == 16);
    assert!(offset_of!(SmartStream, params) == 8);
    assert!(size_of::<MdExtItemInfo>() == 16);
    assert!(size_of::<MdExtItem>() == 16);
    assert!(size_of::<MdExtItemCollection>() == 6128);
    assert!(offset_of!(MdExtItemCollection, map) == 4080);
    assert!(offset_of!(MdExtItemCollection, count) == 6120);
    assert!(size_of::<MdFrameRoi>() == 40);
    assert!(offset_of!(MdFrameRoi, ext_md_data) == 24);
    assert!(size_of::<MdFrame>() == 48);
    assert!(offset_of!(MdFrame, implied_roi) == 18);
    assert!(offset_of!(MdFrame, roi_array) == 32);
    assert!(offset_of!(MdFrame, roi_count) == 42);
};
