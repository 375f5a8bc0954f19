//! The open camera as the SDK has it: handle, callbacks, and what must happen when it goes.

use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicBool, Ordering};
use std::ffi::CString;
use std::sync::Arc;

use pvcam_sys::{FRAME_INFO, OPEN_EXCLUSIVE, PL_CALLBACK_CAM_REMOVED, PL_CALLBACK_EOF};

use crate::error::{ArmError, Failure, OpenError};
use crate::param::Link;
use crate::sdk::Library;
use crate::session::{Context, on_end_of_frame, on_removed};

/// An open camera. Dropping it deregisters the callbacks and closes it, in this order.
pub(crate) struct Device {
    pub(crate) link: Link,
    pub(crate) name: String,
    /// The callbacks hold one more count of it, given back only after the camera is closed.
    pub(crate) context: Arc<Context>,
    /// The camera did not stop: nothing of it is ever freed or closed.
    poisoned: AtomicBool,
    told_of_removal: bool,
}

/// Signature of the callbacks that `pl_cam_register_callback_ex3` takes.
type Callback = unsafe extern "C" fn(*const FRAME_INFO, *mut c_void);

impl Device {
    /// Opens the camera and registers the callbacks, once for as long as it is open.
    pub(crate) fn open(library: &Arc<Library>, name: &str) -> Result<Self, OpenError> {
        if !library.enter(name) {
            return Err(OpenError::AlreadyOpen { name: name.to_owned() });
        }
        let handle = open_handle(library, name).inspect_err(|_| library.leave(name))?;
        let link = Link { library: Arc::clone(library), handle };
        let context = Arc::new(Context::new(*library.api(), handle));
        // From here on `Drop` cleans up.
        let mut device = Self {
            link,
            name: name.to_owned(),
            context,
            poisoned: AtomicBool::new(false),
            told_of_removal: false,
        };
        let pointer = Arc::into_raw(Arc::clone(&device.context)).cast_mut().cast::<c_void>();
        device
            .register(PL_CALLBACK_EOF, on_end_of_frame, pointer)
            .map_err(|failure| OpenError::Callback { name: name.to_owned(), failure })?;
        // Not every interface reports removal; the waits find it out without.
        device.told_of_removal = device.register(PL_CALLBACK_CAM_REMOVED, on_removed, pointer).is_ok();
        Ok(device)
    }

    fn register(&self, event: i32, callback: Callback, context: *mut c_void) -> Result<(), Failure> {
        self.link.call("pl_cam_register_callback_ex3", |api, handle| {
            // SAFETY: the callback has the signature that ex3 calls, and the context is a counted pointer that is given back only
            // after the camera is closed (or never).
            unsafe { (api.pl_cam_register_callback_ex3)(handle, event, callback as *mut c_void, context) }
        })
    }

    fn deregister(&self, event: i32) {
        let done = self.link.call("pl_cam_deregister_callback", |api, handle| {
            // SAFETY: plain numbers.
            unsafe { (api.pl_cam_deregister_callback)(handle, event) }
        });
        if let Err(failure) = done {
            tracing::debug!(camera = %self.name, event, %failure, "a callback was not deregistered");
        }
    }

    /// The camera may still write memory or call back: give it up for the rest of the process.
    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Refuses a camera that was given up.
    pub(crate) fn check_usable(&self) -> Result<(), ArmError> {
        if self.poisoned.load(Ordering::Acquire) { Err(ArmError::OutOfUse) } else { Ok(()) }
    }
}

fn open_handle(library: &Library, name: &str) -> Result<i16, OpenError> {
    // The SDK takes a mutable pointer; a buffer of its full name length stands for whatever it does with it.
    let mut buffer = [0_u8; pvcam_sys::CAM_NAME_LEN as usize + 1];
    let unknown = || OpenError::Unknown { asked: name.to_owned(), available: Vec::new() };
    let text = CString::new(name).map_err(|_| unknown())?;
    let bytes = CStr::to_bytes_with_nul(&text);
    buffer.get_mut(..bytes.len()).ok_or_else(unknown)?.copy_from_slice(bytes);
    let (to, mut handle): (*mut c_char, i16) = (buffer.as_mut_ptr().cast(), -1);
    let opened = library.call("pl_cam_open", |api| {
        // SAFETY: the name is terminated and lives through the call, the handle is a live i16.
        unsafe { (api.pl_cam_open)(to, &mut handle, OPEN_EXCLUSIVE as i16) }
    });
    opened.map(|()| handle).map_err(|failure| OpenError::refused(name, failure))
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.poisoned.load(Ordering::Acquire) {
            // The library must not be closed either: that would close the camera and free what it may still use. Its name stays
            // entered, so that nobody opens it again.
            core::mem::forget(Arc::clone(&self.link.library));
            tracing::error!(camera = %self.name, "given up: it did not stop cleanly");
            return;
        }
        self.deregister(PL_CALLBACK_EOF);
        if self.told_of_removal {
            self.deregister(PL_CALLBACK_CAM_REMOVED);
        }
        let closed = self.link.call("pl_cam_close", |api, handle| {
            // SAFETY: a plain number; no run is current, because a run owns its camera.
            unsafe { (api.pl_cam_close)(handle) }
        });
        self.link.library.leave(&self.name);
        match closed {
            // SAFETY: this is the count that `open` made with `into_raw`; the camera is closed, so no callback uses it any more.
            Ok(()) => unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.context)) },
            Err(failure) => tracing::warn!(camera = %self.name, %failure, "the camera did not close"),
        }
        tracing::info!(camera = %self.name, "closed");
    }
}
