//! What is known of one frame: numbers, times, and by what evidence its bytes are held to be good.

use crate::layout::Layout;

/// Why the bytes of a lease are held to be the frame's, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// The frame lies where nothing writes any more: a sequence's slot.
    Frozen,
    /// The ring was seen to honour locks, and this slot is locked until the last lease is dropped.
    Locked,
    /// The frame's own number stood in the slot before and after it was copied.
    Tag,
    /// No tag; when the copy was done the camera was still far from this slot, by the number of the newest frame.
    TimeOnly,
    /// Nothing proves it.
    Unproven,
}

/// A number that the camera writes into the slot itself, little-endian, 4 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Bytes from the start of the slot.
    pub offset: u32,
    /// What must stand there.
    pub expected: u32,
}

/// What is known of one frame.
// In this order in memory: what differs from frame to frame lies together, on few cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// Frame number as the host's driver counts it: from 1, restarts with each start.
    pub number: u64,
    /// Frame number as the camera counts it (from the frame's own metadata), if it sends one.
    pub camera_number: Option<u64>,
    /// When the end-of-frame notification reached us: nanoseconds of the monotonic clock ([`crate::monotonic_ns`]).
    pub arrived_ns: u64,
    /// End of frame on the driver's clock, in units of 100 us, arbitrary epoch, low accuracy.
    pub eof_100us: i64,
    /// Begin of frame on the driver's clock, in units of 100 us.
    pub bof_100us: i64,
    /// Frames lost between the frame delivered before this one and this one.
    pub lost_before: u64,
    /// The number in the slot itself, if the camera writes one.
    pub tag: Option<Tag>,
    /// Readout time told by the driver, in units of 100 us (0 on fast cameras).
    pub readout_100us: i32,
    /// Where the pixels lie in the slot.
    pub layout: Layout,
    /// Which start of the acquisition the frame belongs to; rises by one with each.
    pub epoch: u32,
    /// By what the bytes are held to be good.
    pub evidence: Evidence,
}

impl Record {
    /// A record with number, layout and evidence; all times and losses are zero.
    #[must_use]
    pub const fn new(number: u64, layout: Layout, evidence: Evidence) -> Self {
        Self {
            number,
            camera_number: None,
            epoch: 0,
            arrived_ns: 0,
            eof_100us: 0,
            bof_100us: 0,
            readout_100us: 0,
            lost_before: 0,
            evidence,
            layout,
            tag: None,
        }
    }
}

/// Nanoseconds of the system's monotonic clock (`CLOCK_MONOTONIC`), comparable between threads and processes of one
/// boot. Does not count while the machine is suspended.
///
/// ```
/// let a = frame_pool::monotonic_ns();
/// assert!(frame_pool::monotonic_ns() >= a);
/// ```
#[must_use]
pub fn monotonic_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // The monotonic clock starts at boot: never negative, and 64 bits hold 584 years.
    (t.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(t.tv_nsec as u64)
}
