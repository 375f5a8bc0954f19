//! Init, uninit, version, errors.

use std::ffi::c_char;

use super::pointer::Out;
use crate::abi::constants::*;
use crate::abi::error::{self, Outcome, guard};
use crate::abi::types::RsBool;
use crate::library;

/// Initialises the library and makes the camera list: 158 when done already, 151 for a bad configuration.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_pvcam_init() -> RsBool {
    guard(library::init)
}

/// Closes every open camera: 157 when not initialised.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_pvcam_uninit() -> RsBool {
    guard(library::uninit)
}

/// The version that the environment variable `PVCAM_VERSION` states, packed; 151 without it.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_pvcam_get_ver(pvcam_version: *mut u16) -> RsBool {
    guard(|| {
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(pvcam_version)? };
        out.set(version_from_environment()?);
        Ok(())
    })
}

/// `a.b.c.d` at the start of the text becomes `(a & 255) << 8 | (b & 15) << 4 | (c & 15)`.
fn version_from_environment() -> Outcome<u16> {
    let text = std::env::var("PVCAM_VERSION").unwrap_or_default();
    parse_version(&text).ok_or_else(|| PL_ERR_INSTALLATION_CORRUPTED.into())
}

fn parse_version(text: &str) -> Option<u16> {
    let mut rest = text;
    let mut parts = [0_u64; 4];
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('.')?;
        }
        rest = rest.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
        let (negative, unsigned) = match rest.strip_prefix(['-', '+']) {
            Some(unsigned) => (rest.starts_with('-'), unsigned),
            None => (false, rest),
        };
        let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = unsigned.split_at(digits);
        // Only the lowest bits count, so that a number of any length may wrap.
        let number = number
            .bytes()
            .map(|digit| u64::from(digit - b'0'))
            .reduce(|sum, digit| sum.wrapping_mul(10).wrapping_add(digit))?;
        *part = if negative { number.wrapping_neg() } else { number };
        rest = behind;
    }
    u16::try_from(((parts[0] & 255) << 8) | ((parts[1] & 15) << 4) | (parts[2] & 15)).ok()
}

/// Code of the last call of any thread.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_error_code() -> i16 {
    error::code()
}

/// Writes the 255 bytes of a code's message; fails only for null, and then leaves the code alone.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_error_message(err_code: i16, msg: *mut c_char) -> RsBool {
    if msg.is_null() {
        return 0;
    }
    let message =
        std::panic::catch_unwind(|| error::message(err_code)).unwrap_or([0; ERROR_MSG_LEN as usize]);
    // SAFETY: common contract: `msg` has room for 255 bytes.
    unsafe { std::ptr::copy_nonoverlapping(message.as_ptr(), msg.cast(), message.len()) };
    1
}
