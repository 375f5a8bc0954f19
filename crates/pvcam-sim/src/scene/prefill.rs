//! Filling a ring once, so that a scene which writes only headers does not leave it on the zero page.

/// Length of the repeating pattern; the ring's byte at offset o is `seed + o` modulo 256.
const BLOCK: usize = 4096;
/// Bytes at the end of each slot that tell whether the ring still holds the pattern.
const PROBE: usize = 64;

/// Fills the buffer with a pattern, unless the end of every slot says that it is still there.
///
/// # Safety
///
/// `start` is readable and writable for `bytes` bytes and nobody writes to it meanwhile; `slot_bytes` is not 0.
#[expect(clippy::cast_possible_truncation, reason = "the pattern is modulo 256")]
pub(crate) unsafe fn prefill(start: *mut u8, bytes: usize, slot_bytes: usize, seed: u32) {
    let block: Vec<u8> = (0..BLOCK as u32).map(|offset| seed.wrapping_add(offset) as u8).collect();
    let expected = |offset: usize| block[offset % BLOCK];
    let probed = PROBE.min(slot_bytes);
    let intact = (0..bytes / slot_bytes).all(|slot| {
        let end = (slot + 1) * slot_bytes;
        // SAFETY: `end` is at most `bytes`.
        (end - probed..end).all(|offset| unsafe { start.add(offset).read() } == expected(offset))
    });
    if intact {
        return;
    }
    for offset in (0..bytes).step_by(BLOCK) {
        let count = BLOCK.min(bytes - offset);
        // SAFETY: `offset + count` is at most `bytes`; the block is memory of ours.
        unsafe { std::ptr::copy_nonoverlapping(block.as_ptr(), start.add(offset), count) };
    }
}
