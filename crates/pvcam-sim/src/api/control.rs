//! The control interface in C, for programs that load the shared library. See the crate's README.
//!
//! These calls touch neither the error code nor the error message of the library.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Story, parse_faults, parse_script};
use crate::engine::{Engine, PvcamSimStats};
use crate::library;

/// Runs a control call; a panic of ours becomes `failed`.
fn guarded(failed: i32, body: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

/// Hands a text over. 1, or 0 with the reason in `err`.
///
/// # Safety
/// `toml` points to as many readable bytes as it says, `err` to as many writable ones.
unsafe fn with_text(
    toml: (*const c_char, usize),
    err: (*mut c_char, usize),
    apply: impl FnOnce(&str) -> Result<(), String>,
) -> i32 {
    guarded(0, || {
        // SAFETY: by contract.
        let result = unsafe { text(toml.0, toml.1) }.and_then(apply);
        // SAFETY: by contract.
        unsafe { report(result, err.0, err.1) }
    })
}

fn session(cam: i16) -> Option<Arc<Engine>> {
    library::library().ok()?.camera(cam)?.session()
}

/// The text of `length` bytes.
///
/// # Safety
///
/// `start` is null or readable for `length` bytes for as long as the text is used.
unsafe fn text<'a>(start: *const c_char, length: usize) -> Result<&'a str, String> {
    if start.is_null() {
        return Err("no text".to_owned());
    }
    // SAFETY: the caller vouches for the memory.
    let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) };
    std::str::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Writes `result`'s error, cut to fit and ended with a null, and returns 1 or 0.
///
/// # Safety
///
/// `out` is null or writable for `length` bytes.
unsafe fn report(result: Result<(), String>, out: *mut c_char, length: usize) -> i32 {
    let Err(reason) = result else { return 1 };
    if !out.is_null() && length > 0 {
        let count = reason.len().min(length - 1);
        // SAFETY: the caller vouches for `length` bytes; `count` and the null fit.
        unsafe {
            std::ptr::copy_nonoverlapping(reason.as_ptr(), out.cast::<u8>(), count);
            out.cast::<u8>().add(count).write(0);
        }
    }
    0
}

/// Takes a configuration text for the next init. 1, or 0 with the reason in `err`; refused while initialised.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pvcam_sim_configure(
    toml: *const c_char,
    len: usize,
    err: *mut c_char,
    err_len: usize,
) -> i32 {
    // SAFETY: common contract: `len` readable and `err_len` writable bytes.
    unsafe { with_text((toml, len), (err, err_len), library::configure) }
}

/// Exposes up to `frames` frames on the stepped clock and returns how many; -1 when nothing runs, the clock is
/// real, or the caller is inside a callback. See [`crate::Control::step`].
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvcam_sim_step(cam: i16, frames: u32, timeout_ms: u32) -> i32 {
    guarded(-1, || {
        let exposed =
            session(cam).and_then(|engine| engine.step(frames, Duration::from_millis(timeout_ms.into())));
        exposed.map_or(-1, |count| i32::try_from(count).unwrap_or(i32::MAX))
    })
}

/// Puts edges on the external trigger input, which are pulses of no length. 1, or 0 when no acquisition listens to it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvcam_sim_trigger(cam: i16, edges: u32) -> i32 {
    pvcam_sim_pulse(cam, edges, 0)
}

/// Puts `count` pulses on the external trigger input, each high for `high_us` microseconds. 1, or 0 when no acquisition listens
/// to it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvcam_sim_pulse(cam: i16, count: u32, high_us: u32) -> i32 {
    let high_ns = u64::from(high_us) * 1000;
    guarded(0, || session(cam).is_some_and(|engine| engine.external_pulses(count, high_ns)).into())
}

/// Replaces the trigger script of a camera, from the next start on. 1, or 0 with the reason in `err`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pvcam_sim_trigger_script(
    cam: i16,
    toml: *const c_char,
    len: usize,
    err: *mut c_char,
    err_len: usize,
) -> i32 {
    // SAFETY: common contract: `len` readable and `err_len` writable bytes.
    unsafe { with_text((toml, len), (err, err_len), |toml| set_script(cam, toml)) }
}

fn set_script(cam: i16, toml: &str) -> Result<(), String> {
    let library = library::library().map_err(|_| "the library is not initialised".to_owned())?;
    let camera = library.camera(cam).ok_or_else(|| format!("no camera {cam}"))?;
    let script = parse_script(toml).map_err(|error| error.to_string())?;
    camera.core.knobs.lock().script = Arc::clone(&script);
    if let Some(engine) = camera.session() {
        engine.run.lock().script = script;
    }
    Ok(())
}

/// Writes the first `size` bytes of the counters. 1, or 0 when there is no such camera.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pvcam_sim_stats(cam: i16, out: *mut PvcamSimStats, size: usize) -> i32 {
    guarded(0, || {
        let Ok(library) = library::library() else { return 0 };
        let Some(camera) = library.camera(cam).filter(|_| !out.is_null()) else { return 0 };
        let stats = camera.core.stats.snapshot();
        let count = size.min(size_of::<PvcamSimStats>());
        // SAFETY: common contract: `size` writable bytes; the structure is plain numbers.
        unsafe { std::ptr::copy_nonoverlapping((&raw const stats).cast::<u8>(), out.cast::<u8>(), count) };
        1
    })
}

/// Replaces the faults of a camera, from the next frame on; counts of refused starts begin anew. 1, or 0 with
/// the reason in `err`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pvcam_sim_fault(
    cam: i16,
    toml: *const c_char,
    len: usize,
    err: *mut c_char,
    err_len: usize,
) -> i32 {
    // SAFETY: common contract: `len` readable and `err_len` writable bytes.
    unsafe { with_text((toml, len), (err, err_len), |toml| set_faults(cam, toml)) }
}

fn set_faults(cam: i16, toml: &str) -> Result<(), String> {
    let library = library::library().map_err(|_| "the library is not initialised".to_owned())?;
    let camera = library.camera(cam).ok_or_else(|| format!("no camera {cam}"))?;
    let faults = parse_faults(toml).map_err(|error| error.to_string())?;
    camera.core.knobs.lock().faults = faults.clone();
    if let Some(engine) = camera.session() {
        let mut run = engine.run.lock();
        run.faults = faults;
        run.refused = 0;
    }
    Ok(())
}

/// Chooses what a full locking ring does: 0 `flag_error`, 1 `lossy`, 2 `halt`. 1, or 0 while the camera
/// acquires or for an unknown camera or story.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvcam_sim_story(cam: i16, story: i32) -> i32 {
    guarded(0, || {
        let story = match story {
            0 => Story::FlagError,
            1 => Story::Lossy,
            2 => Story::Halt,
            _ => return 0,
        };
        let Ok(library) = library::library() else { return 0 };
        let Some(camera) = library.camera(cam) else { return 0 };
        if let Some(engine) = camera.session() {
            let mut run = engine.run.lock();
            if run.phase == crate::engine::Phase::Running {
                return 0;
            }
            run.story = story;
        }
        camera.core.knobs.lock().story = story;
        1
    })
}

/// Chooses the clock of the next acquisition: 0 the machine's, 1 the stepped one. Returns which it was; -1 while the camera
/// acquires or for an unknown camera or clock.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvcam_sim_clock(cam: i16, stepped: i32) -> i32 {
    guarded(-1, || {
        let Ok(library) = library::library() else { return -1 };
        let Some(camera) = library.camera(cam).filter(|_| [0, 1].contains(&stepped)) else { return -1 };
        let engine = camera.session();
        // Held, so that nothing starts meanwhile.
        let run = engine.as_ref().map(|engine| engine.run.lock());
        if run.as_ref().is_some_and(|run| run.phase == crate::engine::Phase::Running) {
            return -1;
        }
        camera.core.clock.choose(stepped == 1).into()
    })
}
