//! The kernel's structures, as far as an output device needs them (64-bit Linux; the same in every kernel since 3.1).
//!
//! Sizes and offsets are compared below with the kernel's own, because the size is a part of each call's number.

use core::mem::offset_of;

/// `V4L2_BUF_TYPE_VIDEO_OUTPUT`
pub(super) const OUTPUT: u32 = 2;
/// `V4L2_MEMORY_MMAP`
pub(super) const MMAP: u32 = 1;
/// `V4L2_FIELD_NONE`: whole frames, not fields.
pub(super) const PROGRESSIVE: u32 = 1;
/// `V4L2_COLORSPACE_SRGB`
pub(super) const SRGB: u32 = 8;
/// `V4L2_YCBCR_ENC_601`
pub(super) const BT601: u32 = 1;
/// `V4L2_QUANTIZATION_FULL_RANGE`
pub(super) const FULL_RANGE: u32 = 1;
/// `V4L2_QUANTIZATION_LIM_RANGE`
pub(super) const LIMITED_RANGE: u32 = 2;
/// `V4L2_PIX_FMT_PRIV_MAGIC`: the fields after `private` hold something.
pub(super) const EXTENDED: u32 = 0xfeed_cafe;
/// `V4L2_BUF_FLAG_MAPPED`: some program has mapped the buffer.
pub(super) const IS_MAPPED: u32 = 0x1;
/// `V4L2_BUF_FLAG_TIMESTAMP_COPY`: readers get the time that the writer gave.
pub(super) const TIME_IS_COPIED: u32 = 0x4000;

/// `V4L2_CAP_VIDEO_CAPTURE`
pub(super) const CAN_CAPTURE: u32 = 0x1;
/// `V4L2_CAP_VIDEO_OUTPUT`
pub(super) const CAN_OUTPUT: u32 = 0x2;
/// `V4L2_CAP_DEVICE_CAPS`: `device_caps` holds something.
pub(super) const HAS_DEVICE_CAPS: u32 = 0x8000_0000;

/// `struct v4l2_capability`
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Capability {
    pub(super) driver: [u8; 16],
    pub(super) card: [u8; 32],
    pub(super) bus_info: [u8; 32],
    pub(super) version: u32,
    pub(super) capabilities: u32,
    pub(super) device_caps: u32,
    pub(super) reserved: [u32; 3],
}

/// `struct v4l2_format` with its `struct v4l2_pix_format`.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pub(super) kind: u32,
    pub(super) gap: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) fourcc: [u8; 4],
    pub(super) field: u32,
    pub(super) bytes_per_line: u32,
    pub(super) size_image: u32,
    pub(super) colorspace: u32,
    pub(super) private: u32,
    pub(super) flags: u32,
    pub(super) ycbcr_encoding: u32,
    pub(super) quantization: u32,
    pub(super) transfer: u32,
    pub(super) rest: [u32; 38],
}

/// `struct v4l2_streamparm` with its `struct v4l2_outputparm`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamParameters {
    pub(super) kind: u32,
    pub(super) capability: u32,
    pub(super) mode: u32,
    /// Seconds from frame to frame, as a fraction.
    pub(super) numerator: u32,
    pub(super) denominator: u32,
    pub(super) rest: [u32; 46],
}

/// `struct v4l2_requestbuffers`
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestBuffers {
    pub(super) count: u32,
    pub(super) kind: u32,
    pub(super) memory: u32,
    pub(super) capabilities: u32,
    pub(super) flags: u32,
}

/// `struct v4l2_buffer`, for memory that the driver owns.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Buffer {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) bytes_used: u32,
    pub(super) flags: u32,
    pub(super) field: u32,
    pub(super) gap: u32,
    pub(super) seconds: i64,
    pub(super) microseconds: i64,
    pub(super) timecode: [u32; 4],
    pub(super) sequence: u32,
    pub(super) memory: u32,
    /// What to hand to `mmap` as the offset (the union's first four bytes).
    pub(super) offset: u32,
    pub(super) offset_rest: u32,
    pub(super) length: u32,
    pub(super) reserved: u32,
    pub(super) request: u32,
    pub(super) tail: u32,
}

const _: () = {
    assert!(size_of::<Capability>() == 104);
    assert!(size_of::<Format>() == 208 && offset_of!(Format, width) == 8 && align_of::<Format>() == 8);
    assert!(size_of::<StreamParameters>() == 204);
    assert!(size_of::<RequestBuffers>() == 20);
    assert!(size_of::<Buffer>() == 88 && offset_of!(Buffer, seconds) == 24);
    assert!(offset_of!(Buffer, sequence) == 56 && offset_of!(Buffer, offset) == 64);
    assert!(offset_of!(Buffer, length) == 72 && offset_of!(Buffer, request) == 80);
};
