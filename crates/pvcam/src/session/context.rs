//! What the SDK's callback thread knows of a camera: one context per open camera, valid until after it is closed.
//!
//! The callback takes no lock. It announces itself by a count, then looks which run is current. Who ends a run takes the
//! pointer away first and waits for the count second; both sides use sequentially consistent operations, so either the
//! callback sees no run, or the stopper sees the callback.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use frame_pool::{Doorbell, monotonic_ns};
use pvcam_sys::{Api, FRAME_INFO};

use super::run::Run;

/// Per-camera state that the callbacks use.
pub(crate) struct Context {
    /// For the few calls that the callback makes itself, without the API lock.
    pub(crate) api: Api,
    /// The camera's handle.
    pub(crate) handle: i16,
    /// Callbacks inside; more than one means that the SDK broke its promise of one at a time.
    inside: AtomicU32,
    /// Which thread is inside.
    thread: AtomicU64,
    /// The run that callbacks belong to; null between runs.
    run: AtomicPtr<Run>,
    /// The SDK has reported that the camera was removed.
    removed: AtomicBool,
    /// Callbacks that came while no run was current, or while another one was inside.
    ignored: AtomicU64,
    /// Rung by each callback that leaves.
    quiet: Doorbell,
}

impl Context {
    pub(crate) fn new(api: Api, handle: i16) -> Self {
        Self {
            api,
            handle,
            inside: AtomicU32::new(0),
            thread: AtomicU64::new(0),
            run: AtomicPtr::new(null_mut()),
            removed: AtomicBool::new(false),
            ignored: AtomicU64::new(0),
            quiet: Doorbell::new(),
        }
    }

    /// Makes `run` the one that callbacks belong to. There must be no other (a run that is there is leaked, not freed).
    pub(crate) fn attach(&self, run: Box<Run>) {
        self.run.store(Box::into_raw(run), Ordering::SeqCst);
    }

    /// Waits until no callback is inside. False if the deadline passed first.
    pub(crate) fn drain(&self, deadline: Instant) -> bool {
        loop {
            let ticket = self.quiet.listen();
            if self.inside.load(Ordering::SeqCst) == 0 {
                return true;
            }
            if !self.quiet.wait(ticket, Some(deadline)) {
                return self.inside.load(Ordering::SeqCst) == 0;
            }
        }
    }

    /// Ends the current run: callbacks that come from now on are ignored. `None` if there was none, or if a callback is still
    /// inside at the deadline; then the run is leaked, because that callback may use it.
    pub(crate) fn detach(&self, deadline: Instant) -> Option<Box<Run>> {
        let run = self.run.swap(null_mut(), Ordering::SeqCst);
        if run.is_null() || !self.drain(deadline) {
            return None;
        }
        // SAFETY: the pointer came from `attach`, and whoever swapped it out is its one owner. Callbacks that loaded it before
        // the swap had announced themselves before, and the count has been 0 since; those that announce themselves later
        // load null.
        Some(unsafe { Box::from_raw(run) })
    }

    /// Whether the caller runs on the camera's callback thread, inside a callback.
    pub(crate) fn is_callback_thread(&self) -> bool {
        self.inside.load(Ordering::SeqCst) > 0 && self.thread.load(Ordering::Relaxed) == this_thread()
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Callbacks that belonged to no run.
    pub(crate) fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    /// Announces a frame of the current run that the SDK has written and not announced, on the thread of who found it. Nothing
    /// happens if a callback is inside. One that comes meanwhile is ignored, and counted as such.
    pub(super) fn announce(&self, info: FRAME_INFO) {
        if let Some(visit) = self.enter()
            && let Some(run) = visit.run()
        {
            run.end_of_frame(info, monotonic_ns(), self);
        }
    }

    /// Announces a callback. `None` if one is inside already: what a run keeps is for one thread at a time.
    fn enter(&self) -> Option<Visit<'_>> {
        let visit = Visit { context: self };
        if self.inside.fetch_add(1, Ordering::SeqCst) > 0 {
            return None;
        }
        self.thread.store(this_thread(), Ordering::Relaxed);
        Some(visit)
    }
}

/// A callback that is inside.
struct Visit<'a> {
    context: &'a Context,
}

impl Visit<'_> {
    fn run(&self) -> Option<&Run> {
        let run = self.context.run.load(Ordering::SeqCst);
        // SAFETY: null or from `attach`; it is freed only after it was swapped out and the count was seen at 0, and this
        // visit has been counted since before the load.
        unsafe { run.as_ref() }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.context.inside.fetch_sub(1, Ordering::SeqCst);
        self.context.quiet.ring();
    }
}

fn this_thread() -> u64 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { libc::pthread_self() }
}

/// The end-of-frame callback. Nothing in it locks, allocates, logs or panics.
///
/// # Safety
/// `context` is the `Context` that was registered, alive until after the camera is closed; `info` is null or valid.
pub(crate) unsafe extern "C" fn on_end_of_frame(info: *const FRAME_INFO, context: *mut c_void) {
    let arrived_ns = monotonic_ns();
    // SAFETY: by contract.
    let context = unsafe { &*context.cast_const().cast::<Context>() };
    let Some(visit) = context.enter() else { return context.ignore() };
    // SAFETY: by contract.
    let info = unsafe { info.as_ref() };
    match (visit.run(), info) {
        (Some(run), Some(info)) => run.end_of_frame(*info, arrived_ns, context),
        _ => context.ignore(),
    }
}

/// The camera-removed callback.
///
/// # Safety
/// As [`on_end_of_frame`].
pub(crate) unsafe extern "C" fn on_removed(_info: *const FRAME_INFO, context: *mut c_void) {
    // SAFETY: by contract.
    let context = unsafe { &*context.cast_const().cast::<Context>() };
    context.removed.store(true, Ordering::Release);
}
