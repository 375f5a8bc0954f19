//! The callback thread: one callback at a time, none of them under a lock of ours.

use std::cell::Cell;
use std::ffi::c_void;

use super::Engine;
use super::run::{Arrived, Notice};
use super::stats::count;
use crate::abi::constants::*;
use crate::abi::types::FrameInfo;

/// Which arguments the client's function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Context,
    Info,
    InfoAndContext,
}

/// A registered callback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    pub(crate) form: Form,
    pub(crate) function: *const c_void,
    pub(crate) context: *mut c_void,
}

// SAFETY: the client registers the function and its context for being called on a thread of the library; we
// never look behind the context pointer ourselves.
unsafe impl Send for Handler {}

/// What this thread is calling back for.
#[derive(Clone, Copy)]
struct Current {
    camera: i16,
    arrived: Arrived,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// The frame of the callback that the calling thread is in, if it is one of this camera.
pub(crate) fn current_frame(camera: i16) -> Option<Arrived> {
    CURRENT.get().filter(|current| current.camera == camera).map(|current| current.arrived)
}

/// True if the calling thread is inside a callback of this camera.
pub(crate) fn on_callback_thread(camera: i16) -> bool {
    current_frame(camera).is_some()
}

/// Body of the thread.
pub(super) fn call_back(engine: &Engine) {
    let mut run = engine.run.lock();
    while !run.exit {
        let Some(notice) = run.take_notice() else {
            engine.callback_wake.wait(&mut run);
            continue;
        };
        run.in_callback = true;
        drop(run);
        match notice {
            Notice::Frame(arrived) => {
                call_handler(engine, PL_CALLBACK_BOF, arrived);
                if call_handler(engine, PL_CALLBACK_EOF, arrived) {
                    count(&engine.core.stats.callbacks);
                }
            }
            Notice::Removed(arrived) => {
                call_handler(engine, PL_CALLBACK_CAM_REMOVED, arrived);
            }
        }
        run = engine.run.lock();
        run.in_callback = false;
        run.callbacks_done += 1;
        engine.changed.notify_all();
    }
}

/// Calls the handler of `event`, if there is one at this moment.
fn call_handler(engine: &Engine, event: i32, arrived: Arrived) -> bool {
    let handler = engine.run.lock().handlers[event as usize];
    let Some(handler) = handler else { return false };
    let mut info = arrived.info;
    CURRENT.set(Some(Current { camera: engine.core.index, arrived }));
    // SAFETY: the client registered `function` as a function of this form; `info` and the context outlive the
    // call, the latter because deregistering and closing wait for it.
    unsafe { handler.call(&mut info) };
    CURRENT.set(None);
    true
}

impl Handler {
    /// # Safety
    ///
    /// `function` is a C function that takes what `form` says, and may be called on this thread now.
    unsafe fn call(&self, info: *mut FrameInfo) {
        type Plain = unsafe extern "C" fn();
        type Context = unsafe extern "C" fn(*mut c_void);
        type Info = unsafe extern "C" fn(*mut FrameInfo);
        type InfoAndContext = unsafe extern "C" fn(*mut FrameInfo, *mut c_void);
        // SAFETY: function pointers and object pointers have one size on every target of this crate, and the
        // caller vouches for the signature.
        unsafe {
            match self.form {
                Form::Plain => std::mem::transmute::<*const c_void, Plain>(self.function)(),
                Form::Context => std::mem::transmute::<*const c_void, Context>(self.function)(self.context),
                Form::Info => std::mem::transmute::<*const c_void, Info>(self.function)(info),
                Form::InfoAndContext => {
                    std::mem::transmute::<*const c_void, InfoAndContext>(self.function)(info, self.context);
                }
            }
        }
    }
}
