//! Memory that the library writes and the tests read: through raw pointers, never through a reference, as the
//! writer may be at work.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_void;

/// A zeroed buffer.
pub struct Buffer {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: the buffer is plain memory; reads are volatile and the writer is the library.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub fn new(bytes: u32) -> Self {
        let layout = Layout::from_size_align(bytes as usize, 4096).unwrap();
        // SAFETY: no test asks for zero bytes.
        let start = unsafe { alloc_zeroed(layout) };
        assert!(!start.is_null());
        Self { start, layout }
    }

    pub fn pointer(&self) -> *mut c_void {
        self.start.cast()
    }

    pub fn address(&self) -> usize {
        self.start as usize
    }

    pub fn len(&self) -> u32 {
        u32::try_from(self.layout.size()).unwrap()
    }

    pub fn u8(&self, at: usize) -> u8 {
        assert!(at < self.layout.size());
        // SAFETY: within the buffer.
        unsafe { self.start.add(at).read_volatile() }
    }

    pub fn u16(&self, at: usize) -> u16 {
        u16::from_ne_bytes([self.u8(at), self.u8(at + 1)])
    }

    pub fn u32(&self, at: usize) -> u32 {
        u32::from(self.u16(at)) | u32::from(self.u16(at + 2)) << 16
    }

    pub fn u64(&self, at: usize) -> u64 {
        u64::from(self.u32(at)) | u64::from(self.u32(at + 4)) << 32
    }

    pub fn bytes(&self, at: usize, count: usize) -> Vec<u8> {
        (at..at + count).map(|at| self.u8(at)).collect()
    }

    /// Fills the buffer, while nothing runs.
    pub fn fill(&self, byte: u8) {
        // SAFETY: the whole buffer, and nobody else writes.
        unsafe { self.start.write_bytes(byte, self.layout.size()) };
    }

    /// Asserts that the image at `at` is the counter scene's frame `f`.
    #[track_caller]
    pub fn assert_counter(&self, at: usize, f: u32, columns: u32, rows: u32, bits: u32) {
        let mask = (1_u32 << bits) - 1;
        for r in 0..rows {
            for c in 0..columns {
                let expected = (f.wrapping_mul(31) + r * 7 + c) & mask;
                let index = (r * columns + c) as usize;
                let found = if bits <= 8 {
                    u32::from(self.u8(at + index))
                } else {
                    u32::from(self.u16(at + 2 * index))
                };
                assert_eq!(found, expected, "frame {f}, row {r}, column {c}");
            }
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // A failing test does not stop its camera: then the memory has to outlive the buffer.
        if !std::thread::panicking() {
            // SAFETY: allocated with this layout, and every test stops the camera before.
            unsafe { dealloc(self.start, self.layout) };
        }
    }
}
