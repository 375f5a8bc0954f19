//! Giving slots of a locked ring back to the SDK.

use core::ffi::c_void;
use core::ptr::null_mut;
use std::sync::Arc;

use frame_pool::Unlock;
use pvcam_sys::{Api, FRAME_INFO, PV_OK};

use super::pulse::Pulse;

/// Unlocks the oldest slot of one camera's ring.
pub(crate) struct Unlocker {
    pub(crate) api: Api,
    pub(crate) handle: i16,
    /// This camera frees a slot only after it was asked for it.
    pub(crate) get_first: bool,
    pub(crate) pulse: Arc<Pulse>,
}

impl Unlock for Unlocker {
    /// Called in the callback and by the pool's service thread. Without the API lock, because the callback must not take it;
    /// that erases error codes, which is why they are advisory while a session runs.
    fn unlock_oldest(&self) -> bool {
        if self.pulse.is_stopping() {
            // The ring is being given up; there is nothing to give back to.
            return true;
        }
        if self.get_first {
            let (mut frame, mut info): (*mut c_void, _) = (null_mut(), FRAME_INFO::default());
            // SAFETY: both pointers are to live values of the types that the call fills.
            let _ = unsafe { (self.api.pl_exp_get_oldest_frame_ex)(self.handle, &mut frame, &mut info) };
        }
        // SAFETY: a plain number; legal in a callback and on any other thread.
        i32::from(unsafe { (self.api.pl_exp_unlock_oldest_frame)(self.handle) }) == PV_OK
    }
}
