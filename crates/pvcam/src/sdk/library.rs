//! The loaded library and the one lock around it.

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use pvcam_sys::{Api, ERROR_MSG_LEN, PV_OK, rs_bool};

use super::SdkVersion;
use crate::error::{Failure, SdkError};

/// Whether some `Sdk` of this process holds the library.
static CLAIMED: AtomicBool = AtomicBool::new(false);

/// The claim on the one place that a process has.
pub(super) struct Claim(());

impl Claim {
    pub(super) fn stake() -> Result<Self, SdkError> {
        match CLAIMED.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(Self(())),
            Err(_) => Err(SdkError::AlreadyLoaded),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.store(false, Ordering::Release);
    }
}

/// The initialised library. Dropping it closes the library and lets the process load one again.
pub(crate) struct Library {
    api: Api,
    path: Option<PathBuf>,
    /// Around each call and the reading of its error: the error code is one variable of the whole process. Never taken on the
    /// SDK's callback thread.
    calls: Mutex<()>,
    /// Sessions running; their callbacks call the SDK without the lock and so erase error codes.
    running: AtomicU32,
    /// Cameras that are open: name and serial number.
    open: Mutex<Vec<OpenCamera>>,
    /// What was never initialised must not be closed.
    initialised: bool,
    /// Dropped last, after the library is closed.
    _claim: Claim,
}

/// A camera that this process has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenCamera {
    pub(crate) name: String,
    /// Known a moment after the name; empty until then and for cameras without one.
    pub(crate) serial: String,
}

impl Library {
    /// Initialises the library.
    pub(super) fn start(api: Api, path: Option<PathBuf>, claim: Claim) -> Result<Arc<Self>, SdkError> {
        let mut library = Self {
            api,
            path,
            calls: Mutex::new(()),
            running: AtomicU32::new(0),
            open: Mutex::new(Vec::new()),
            initialised: false,
            _claim: claim,
        };
        // SAFETY: takes no argument and is legal at any time.
        library.call("pl_pvcam_init", |api| unsafe { (api.pl_pvcam_init)() }).map_err(SdkError::from_init)?;
        library.initialised = true;
        Ok(Arc::new(library))
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Calls the SDK under the lock, and reads the error under the same lock if it failed.
    pub(crate) fn call(
        &self,
        name: &'static str,
        function: impl FnOnce(&Api) -> rs_bool,
    ) -> Result<(), Failure> {
        self.call_then(name, function, |_| ()).map(drop)
    }

    /// As [`Self::call`]; `then` runs before the lock is released, whether or not the call succeeded.
    pub(crate) fn call_then<R>(
        &self,
        name: &'static str,
        function: impl FnOnce(&Api) -> rs_bool,
        then: impl FnOnce(bool) -> R,
    ) -> Result<R, Failure> {
        let _lock = self.calls.lock();
        let good = i32::from(function(&self.api)) == PV_OK;
        let failure = if good { None } else { Some(self.failure(name)) };
        let result = then(good);
        failure.map_or(Ok(result), Err)
    }

    /// What the SDK says of the call that just failed. The lock is held.
    fn failure(&self, call: &'static str) -> Failure {
        // SAFETY: takes no argument and is legal at any time.
        let observed = unsafe { (self.api.pl_error_code)() };
        // One byte more than the SDK writes, so that there is always an end.
        let mut text = [0_u8; ERROR_MSG_LEN as usize + 1];
        // SAFETY: the buffer has the length that the SDK demands, and one more.
        let told = unsafe { (self.api.pl_error_message)(observed, text.as_mut_ptr().cast()) };
        let message = match CStr::from_bytes_until_nul(&text) {
            Ok(text) if i32::from(told) == PV_OK => text.to_string_lossy().into_owned(),
            _ => String::new(),
        };
        Failure { call, observed, advisory: self.running.load(Ordering::Acquire) > 0, message }
    }

    pub(crate) fn version(&self) -> Result<SdkVersion, Failure> {
        let mut packed: u16 = 0;
        // SAFETY: the pointer is to a live u16.
        self.call("pl_pvcam_get_ver", |api| unsafe { (api.pl_pvcam_get_ver)(&mut packed) })?;
        let [major, minors] = packed.to_be_bytes();
        Ok(SdkVersion { major, minor: minors >> 4, patch: minors & 15 })
    }

    pub(crate) fn session_started(&self) {
        self.running.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn session_ended(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// Enters a camera as open, unless one of that name is.
    pub(crate) fn enter(&self, name: &str) -> bool {
        let mut open = self.open.lock();
        if open.iter().any(|camera| camera.name == name) {
            return false;
        }
        open.push(OpenCamera { name: name.to_owned(), serial: String::new() });
        true
    }

    /// Notes the serial number of an open camera; answers the name under which the same body is open already.
    pub(crate) fn note_serial(&self, name: &str, serial: &str) -> Option<String> {
        let mut open = self.open.lock();
        let twin = open.iter().find(|camera| camera.name != name && camera.serial == serial);
        if let Some(twin) = twin.filter(|_| !serial.is_empty()) {
            return Some(twin.name.clone());
        }
        if let Some(camera) = open.iter_mut().find(|camera| camera.name == name) {
            serial.clone_into(&mut camera.serial);
        }
        None
    }

    /// Strikes a camera out: it is closed.
    pub(crate) fn leave(&self, name: &str) {
        self.open.lock().retain(|camera| camera.name != name);
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if !self.initialised {
            return;
        }
        // SAFETY: takes no argument; all cameras are closed, because each of them holds this library alive.
        if let Err(failure) = self.call("pl_pvcam_uninit", |api| unsafe { (api.pl_pvcam_uninit)() }) {
            tracing::warn!(%failure, "the library did not close");
        }
    }
}
