//! The one error code of the process, its message, and the guard around every exported function.
//!
//! As in the vendor's library the code belongs to the process, not to a thread: a failure in one thread is
//! read in another, and every call erases it on entry.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};

use parking_lot::Mutex;

use super::constants::{ERROR_MSG_LEN, ERRORS, PL_ERR_UNKNOWN};
use super::types::RsBool;

static CODE: AtomicI16 = AtomicI16::new(0);
static HAS_DETAIL: AtomicBool = AtomicBool::new(false);
static DETAIL: Mutex<String> = Mutex::new(String::new());

/// Why a call fails: the code, and a text that the next `pl_error_message` appends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i16,
    pub(crate) detail: Option<String>,
}

impl Failure {
    /// A failure that explains itself.
    pub(crate) fn with_detail(code: i16, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }
}

impl From<i16> for Failure {
    fn from(code: i16) -> Self {
        Self { code, detail: None }
    }
}

/// Result of everything behind an exported function.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Runs the body of an exported function: clears the error, catches a panic, stores the failure.
pub(crate) fn guard(body: impl FnOnce() -> Outcome) -> RsBool {
    clear();
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 1,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::with_detail(PL_ERR_UNKNOWN, "internal fault of the simulator"),
    };
    if let Some(detail) = failure.detail {
        *DETAIL.lock() = detail;
        HAS_DETAIL.store(true, Ordering::Relaxed);
    }
    CODE.store(failure.code, Ordering::Relaxed);
    0
}

fn clear() {
    CODE.store(0, Ordering::Relaxed);
    if HAS_DETAIL.swap(false, Ordering::Relaxed) {
        DETAIL.lock().clear();
    }
}

/// The code of the last call of any thread.
pub(crate) fn code() -> i16 {
    CODE.load(Ordering::Relaxed)
}

/// The text for `code`, cut and padded with zeros to the 255 bytes that are always written.
pub(crate) fn message(code: i16) -> [u8; ERROR_MSG_LEN as usize] {
    let mut text = match ERRORS.iter().find(|entry| entry.0 == code) {
        Some((_, name, meaning)) => format!("{meaning} ({name})"),
        None => "Unknown error (<UNKNOWN>)".to_owned(),
    };
    if HAS_DETAIL.load(Ordering::Relaxed) {
        text.push_str(". ");
        text.push_str(&DETAIL.lock());
    }
    let mut bytes = [0; ERROR_MSG_LEN as usize];
    let length = text.len().min(bytes.len() - 1);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}
