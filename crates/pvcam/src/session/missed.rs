//! Frames that were written and never announced, on a ring that waits for them to be unlocked: without an announcement nobody
//! unlocks them, and without an unlock there is no announcement.

use core::ffi::c_void;
use core::ptr::null_mut;
use std::sync::Arc;

use pvcam_sys::{FRAME_INFO, PV_OK, rs_bool};

use super::context::Context;
use super::pulse::Pulse;
use crate::param::Link;

/// Callbacks that may come while their frame is announced in their place, before it is given up.
const TRIES: u32 = 3;

/// Asks the SDK for its newest frame, and announces it if no callback did. The frames before it are settled like all that lost their
/// notification. Not to be called on the camera's callback thread.
///
/// For a locked ring that has been silent for longer than a frame can take. A callback that comes at this very moment
/// finds its place taken and is ignored; its frame is looked for in the same way.
pub(crate) fn announce_missed(link: &Link, pulse: &Arc<Pulse>, context: &Context) {
    for _ in 0..TRIES {
        let ignored = context.ignored();
        // Under the API lock, so that the run does not end in between.
        let asked = link.library.call("pl_exp_get_latest_frame_ex", |api| {
            if !pulse.is_alive() {
                return PV_OK as rs_bool;
            }
            let (mut frame, mut info): (*mut c_void, _) = (null_mut(), FRAME_INFO::default());
            // SAFETY: both pointers are to live values of the types that the call fills.
            let told = unsafe { (api.pl_exp_get_latest_frame_ex)(link.handle, &mut frame, &mut info) };
            if i32::from(told) == PV_OK && u64::try_from(info.FrameNr).is_ok_and(|nr| nr > pulse.newest()) {
                context.announce(info);
            }
            told
        });
        if asked.is_err() || context.ignored() == ignored {
            return;
        }
    }
}
