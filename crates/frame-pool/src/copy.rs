//! Copying bytes that a device may write meanwhile: raw, through machine instructions that the compiler cannot see into.
//!
//! A plain `copy_nonoverlapping` from memory that somebody else writes is a data race in Rust's eyes; a torn result must
//! be possible without being undefined. So the copy is volatile or assembly, never through a reference, and what was
//! copied is validated afterwards.

/// Copies `bytes` from `from` to `to`; both may be any address.
///
/// # Safety
/// `from` is readable and `to` writable for `bytes` bytes, the ranges do not overlap, nobody else accesses `to` during the
/// call, and no Rust reference to either range exists that forbids it (`from` may be written by a device meanwhile: the
/// copy may then be torn, and nothing else).
pub(crate) unsafe fn copy_raw(from: *const u8, to: *mut u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the caller's promise, and the CPU has the instructions.
        return unsafe { copy_streaming(from, to, bytes) };
    }
    // SAFETY: the caller's promise.
    unsafe { copy_volatile(from, to, bytes) }
}

/// Byte and word-wise volatile copy, for heads, tails and other machines.
///
/// # Safety
/// As [`copy_raw`].
unsafe fn copy_volatile(from: *const u8, to: *mut u8, bytes: usize) {
    let words = bytes / 8;
    for w in 0..words {
        // SAFETY: inside both ranges by the caller's promise; unaligned accesses are written as byte arrays of align 1.
        unsafe {
            let word = from.add(w * 8).cast::<[u8; 8]>().read_volatile();
            to.add(w * 8).cast::<[u8; 8]>().write_volatile(word);
        }
    }
    for b in words * 8..bytes {
        // SAFETY: as above.
        unsafe { to.add(b).write_volatile(from.add(b).read_volatile()) }
    }
}

/// Non-temporal copy: the target is not read into the cache first, which nearly halves the time of a large frame.
///
/// # Safety
/// As [`copy_raw`]; the CPU has AVX2.
#[cfg(target_arch = "x86_64")]
unsafe fn copy_streaming(from: *const u8, to: *mut u8, bytes: usize) {
    let head = to.addr().wrapping_neg() % 32;
    if bytes < head + 128 {
        // SAFETY: the caller's promise.
        return unsafe { copy_volatile(from, to, bytes) };
    }
    let chunks = (bytes - head) / 128;
    // SAFETY: the caller's promise, for the first `head` bytes.
    unsafe { copy_volatile(from, to, head) };
    // SAFETY: `chunks` x 128 bytes from `head` on lie inside both ranges; the stores' addresses are multiples of 32 as
    // vmovntdq demands; the loop touches nothing else, keeps the stack, and ends with a fence because non-temporal stores
    // are not ordered by later releases.
    unsafe {
        core::arch::asm!(
            "2:",
            "vmovdqu ymm0, [{from}]",
            "vmovdqu ymm1, [{from} + 32]",
            "vmovdqu ymm2, [{from} + 64]",
            "vmovdqu ymm3, [{from} + 96]",
            "vmovntdq [{to}], ymm0",
            "vmovntdq [{to} + 32], ymm1",
            "vmovntdq [{to} + 64], ymm2",
            "vmovntdq [{to} + 96], ymm3",
            "add {from}, 128",
            "add {to}, 128",
            "dec {chunks}",
            "jnz 2b",
            "sfence",
            "vzeroupper",
            from = inout(reg) from.add(head) => _,
            to = inout(reg) to.add(head) => _,
            chunks = inout(reg) chunks => _,
            // All of them: vzeroupper clears the upper halves of the registers that the loop does not use, too.
            out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _,
            out("ymm4") _, out("ymm5") _, out("ymm6") _, out("ymm7") _,
            out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
            out("ymm12") _, out("ymm13") _, out("ymm14") _, out("ymm15") _,
            options(nostack),
        );
    }
    let done = head + chunks * 128;
    // SAFETY: the caller's promise, for the rest.
    unsafe { copy_volatile(from.add(done), to.add(done), bytes - done) }
}

/// Reads `out.len()` bytes from memory that a device may write meanwhile.
///
/// # Safety
/// `from` is readable for `out.len()` bytes.
pub(crate) unsafe fn read_raw(from: *const u8, out: &mut [u8]) {
    for (i, byte) in out.iter_mut().enumerate() {
        // SAFETY: by the caller's promise.
        *byte = unsafe { from.add(i).read_volatile() };
    }
}

#[cfg(all(test, not(pool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_alignment_arrives_and_nothing_else_is_touched() {
        let source: Vec<u8> = (0..2048u32).map(|i| (i * 7 + i / 256) as u8).collect();
        for shift_from in [0, 1, 3, 31] {
            for shift_to in [0, 1, 5, 32] {
                for len in [0, 1, 7, 8, 31, 127, 128, 159, 160, 161, 300, 1024, 1500] {
                    let mut target = vec![0xEE_u8; 2048];
                    // SAFETY: both ranges lie inside their vectors, which do not overlap.
                    unsafe {
                        copy_raw(source.as_ptr().add(shift_from), target.as_mut_ptr().add(shift_to), len)
                    };
                    assert_eq!(target[shift_to..shift_to + len], source[shift_from..shift_from + len]);
                    assert!(target[..shift_to].iter().all(|&b| b == 0xEE), "before the target");
                    assert!(target[shift_to + len..].iter().all(|&b| b == 0xEE), "behind the target");
                }
            }
        }
    }
}
