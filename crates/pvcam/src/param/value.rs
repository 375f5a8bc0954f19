//! Values of parameters as bytes, in the type that the camera tells.

use pvcam_sys as sys;

/// Room for any value that is not a text: the largest are 16 bytes.
pub(super) type ValueBuffer = [u64; 4];

/// Bytes and sign of an integer type; `None` for types that are no integers.
fn integer(type_code: u16) -> Option<(usize, bool)> {
    Some(match u32::from(type_code) {
        sys::TYPE_INT8 => (1, true),
        sys::TYPE_UNS8 => (1, false),
        sys::TYPE_INT16 => (2, true),
        sys::TYPE_UNS16 | sys::TYPE_BOOLEAN => (2, false),
        sys::TYPE_INT32 | sys::TYPE_ENUM => (4, true),
        sys::TYPE_UNS32 => (4, false),
        sys::TYPE_INT64 => (8, true),
        sys::TYPE_UNS64 => (8, false),
        _ => return None,
    })
}

/// The integer at the start of `buffer`, in the machine's byte order, as the SDK wrote it.
pub(super) fn decode(type_code: u16, buffer: &ValueBuffer) -> Option<i128> {
    let (bytes, signed) = integer(type_code)?;
    let stored = buffer[0].to_ne_bytes();
    let mut wide = [0_u8; 8];
    wide[..bytes].copy_from_slice(&stored[..bytes]);
    // The bindings exist for little-endian machines only.
    let value = u64::from_le_bytes(wide);
    if !signed {
        return Some(i128::from(value));
    }
    let shift = 64 - 8 * bytes as u32;
    Some(i128::from((value << shift) as i64 >> shift))
}

/// `value` as the SDK wants to read it; `None` if the type is no integer or cannot hold it.
pub(super) fn encode(type_code: u16, value: i128) -> Option<ValueBuffer> {
    let (bytes, signed) = integer(type_code)?;
    let bits = 8 * bytes as u32 - u32::from(signed);
    let (least, most) =
        if signed { (-(1_i128 << bits), (1_i128 << bits) - 1) } else { (0, (1_i128 << bits) - 1) };
    if value < least || value > most {
        return None;
    }
    // Truncation keeps the low bytes, which hold the whole value by the check above.
    Some([value as u64, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        let types = [sys::TYPE_INT8, sys::TYPE_UNS8, sys::TYPE_INT16, sys::TYPE_UNS16, sys::TYPE_BOOLEAN];
        let more = [sys::TYPE_INT32, sys::TYPE_ENUM, sys::TYPE_UNS32, sys::TYPE_INT64, sys::TYPE_UNS64];
        for type_code in types.into_iter().chain(more) {
            let type_code = type_code as u16;
            for value in
                [-(1_i128 << 63), -40_000, -129, -128, -1, 0, 1, 127, 128, 255, 65_535, (1 << 64) - 1]
            {
                if let Some(buffer) = encode(type_code, value) {
                    assert_eq!(decode(type_code, &buffer), Some(value), "type {type_code}");
                }
            }
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        assert_eq!(encode(sys::TYPE_UNS16 as u16, 65_536), None);
        assert_eq!(encode(sys::TYPE_UNS16 as u16, -1), None);
        assert_eq!(encode(sys::TYPE_INT16 as u16, 32_768), None);
        assert_eq!(encode(sys::TYPE_FLT64 as u16, 1), None, "no integer");
    }

    #[test]
    fn bytes_behind_the_value_are_not_looked_at() {
        let dirty = [0xAAAA_AAAA_AAAA_0001, u64::MAX, 0, 0];
        assert_eq!(decode(sys::TYPE_UNS16 as u16, &dirty), Some(1));
        assert_eq!(decode(sys::TYPE_INT16 as u16, &[0x1234_FFFE, 0, 0, 0]), Some(-2));
    }
}
