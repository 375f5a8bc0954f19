//! The control interface in Rust.

use std::ffi::{CStr, c_char, c_void};
use std::fmt;
use std::mem::transmute;
use std::ptr::NonNull;
use std::time::Duration;

use crate::engine::PvcamSimStats;

type Configure = unsafe extern "C" fn(*const c_char, usize, *mut c_char, usize) -> i32;
type Step = unsafe extern "C" fn(i16, u32, u32) -> i32;
type Trigger = unsafe extern "C" fn(i16, u32) -> i32;
type Pulse = unsafe extern "C" fn(i16, u32, u32) -> i32;
type Stats = unsafe extern "C" fn(i16, *mut PvcamSimStats, usize) -> i32;
type Fault = unsafe extern "C" fn(i16, *const c_char, usize, *mut c_char, usize) -> i32;
type SetStory = unsafe extern "C" fn(i16, i32) -> i32;
type SetClock = unsafe extern "C" fn(i16, i32) -> i32;

/// Bytes that an error text may have.
const ERROR_BYTES: usize = 1024;

/// What a full `CIRC_NO_OVERWRITE` ring does; the vendor's documents tell all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoOverwrite {
    /// The oldest slot is overwritten; the next retrieval fails once with 173. The default.
    FlagError,
    /// Frames are dropped until a slot is unlocked.
    Lossy,
    /// The stream ends.
    Halt,
}

impl NoOverwrite {
    /// All stories, in the order of their numbers in the C interface.
    pub const ALL: [Self; 3] = [Self::FlagError, Self::Lossy, Self::Halt];

    /// The name that configuration files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FlagError => "flag_error",
            Self::Lossy => "lossy",
            Self::Halt => "halt",
        }
    }
}

/// Why a control call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlError {
    /// The loaded library has no such function: it is not the simulator.
    NotTheSimulator {
        /// The missing function.
        symbol: String,
    },
    /// The text was refused; says line and key.
    Refused {
        /// What is wrong.
        reason: String,
    },
    /// There is no such camera, it is not open, or it is not in a state for this call.
    NotNow,
}

impl fmt::Display for ControlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTheSimulator { symbol } => write!(out, "the library does not export {symbol}"),
            Self::Refused { reason } => out.write_str(reason),
            Self::NotNow => out.write_str("no such camera, or not in a state for this"),
        }
    }
}

impl std::error::Error for ControlError {}

/// Controls the simulator: configuration, stepped clock, triggers, faults, counters.
///
/// `camera` is the index in the camera list, which is also the handle. Methods may be called from any thread;
/// inside a callback everything but [`step`](Self::step) works.
///
/// ```
/// use pvcam_sim::Control;
///
/// let control = Control::in_process();
/// control.configure("[[camera]]\nmodel = \"prime-bsi-usb\"\nclock = \"stepped\"\n")?;
/// let wrong = control.configure("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = \"fast\"\n");
/// assert!(wrong.unwrap_err().to_string().starts_with("line 3, key `speed`"));
/// # Ok::<(), pvcam_sim::ControlError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Control {
    configure: Configure,
    step: Step,
    trigger: Trigger,
    pulse: Pulse,
    script: Fault,
    stats: Stats,
    fault: Fault,
    story: SetStory,
    clock: SetClock,
}

impl Control {
    /// Controls the simulator that is linked into this program.
    #[must_use]
    pub fn in_process() -> Self {
        use crate::api::control as c;
        Self {
            configure: c::pvcam_sim_configure,
            step: c::pvcam_sim_step,
            trigger: c::pvcam_sim_trigger,
            pulse: c::pvcam_sim_pulse,
            script: c::pvcam_sim_trigger_script,
            stats: c::pvcam_sim_stats,
            fault: c::pvcam_sim_fault,
            story: c::pvcam_sim_story,
            clock: c::pvcam_sim_clock,
        }
    }

    /// Controls a simulator that was loaded as a shared library; `find` looks up its symbols.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotTheSimulator`] when a symbol is missing.
    ///
    /// # Safety
    ///
    /// What `find` returns are the functions of this crate's shared library, of this version, and they stay
    /// loaded as long as the control is used.
    pub unsafe fn from_lookup(
        mut find: impl FnMut(&CStr) -> Option<NonNull<c_void>>,
    ) -> Result<Self, ControlError> {
        let mut symbol = |name: &CStr| {
            find(name)
                .map(NonNull::as_ptr)
                .ok_or_else(|| ControlError::NotTheSimulator { symbol: name.to_string_lossy().into_owned() })
        };
        // SAFETY: the caller vouches that these are our functions, whose signatures are the types here.
        unsafe {
            Ok(Self {
                configure: transmute::<*mut c_void, Configure>(symbol(c"pvcam_sim_configure")?),
                step: transmute::<*mut c_void, Step>(symbol(c"pvcam_sim_step")?),
                trigger: transmute::<*mut c_void, Trigger>(symbol(c"pvcam_sim_trigger")?),
                pulse: transmute::<*mut c_void, Pulse>(symbol(c"pvcam_sim_pulse")?),
                script: transmute::<*mut c_void, Fault>(symbol(c"pvcam_sim_trigger_script")?),
                stats: transmute::<*mut c_void, Stats>(symbol(c"pvcam_sim_stats")?),
                fault: transmute::<*mut c_void, Fault>(symbol(c"pvcam_sim_fault")?),
                story: transmute::<*mut c_void, SetStory>(symbol(c"pvcam_sim_story")?),
                clock: transmute::<*mut c_void, SetClock>(symbol(c"pvcam_sim_clock")?),
            })
        }
    }

    /// Hands over a configuration (the TOML of the crate's README) for the next `pl_pvcam_init`; it wins over
    /// the file that the environment names, and powers every camera up anew. Relative paths in it start at the
    /// working directory.
    ///
    /// # Errors
    ///
    /// [`ControlError::Refused`] with line and key, or while the library is initialised.
    pub fn configure(&self, toml: &str) -> Result<(), ControlError> {
        with_reason(|err, err_len| {
            // SAFETY: both texts are passed with their lengths, and outlive the call.
            unsafe { (self.configure)(toml.as_ptr().cast(), toml.len(), err, err_len) }
        })
    }

    /// Lets a camera on the stepped clock expose up to `frames` frames, one by one: each is written, and the
    /// callbacks that are due have returned, before the next is exposed. Returns how many were exposed, lost
    /// ones included. Fewer come when the acquisition ends or is stopped meanwhile, when it waits for a
    /// trigger, or when `timeout` (whole milliseconds) passes first; a callback that never returns thus holds
    /// up one step, and the next exposes on, as a camera would. With a timeout of zero the frames come back to
    /// back and callbacks are not waited for. Steps from several threads take turns.
    ///
    /// `None` when nothing is being acquired, the clock is real, or the caller is inside a callback.
    #[must_use]
    pub fn step(&self, camera: i16, frames: u32, timeout: Duration) -> Option<u32> {
        let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        // SAFETY: takes plain numbers.
        u32::try_from(unsafe { (self.step)(camera, frames, milliseconds) }).ok()
    }

    /// Puts `edges` edges on the camera's external trigger input; they queue up. Where exposures last as long as the input is
    /// high, an edge makes the shortest one.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotNow`] when no acquisition with an external trigger runs.
    pub fn trigger(&self, camera: i16, edges: u32) -> Result<(), ControlError> {
        // SAFETY: takes plain numbers.
        done(unsafe { (self.trigger)(camera, edges) })
    }

    /// Puts `count` pulses on the camera's external trigger input, each high for `high` (whole microseconds, 71 minutes at
    /// most): in the level modes that is the exposure. They queue up behind edges and pulses that were sent before.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotNow`] when no acquisition with an external trigger runs.
    pub fn pulse(&self, camera: i16, count: u32, high: Duration) -> Result<(), ControlError> {
        let microseconds = u32::try_from(high.as_micros()).unwrap_or(u32::MAX);
        // SAFETY: takes plain numbers.
        done(unsafe { (self.pulse)(camera, count, microseconds) })
    }

    /// Replaces what the camera's external trigger input sees by itself, from the next start on, with `[[trigger]]` tables as
    /// a configuration has them; an empty text ends it.
    ///
    /// ```
    /// # let control = pvcam_sim::Control::in_process();
    /// // Five pulses a millisecond apart, ten times a second, each high for 200 us; the library is not initialised here.
    /// let burst = "[[trigger]]\nat_ms = [0, 1, 2, 3, 4]\nrate_hz = 10\nhigh_ms = 0.2\n";
    /// assert!(control.trigger_script(0, burst).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`ControlError::Refused`] with line and key, or without such a camera.
    pub fn trigger_script(&self, camera: i16, toml: &str) -> Result<(), ControlError> {
        with_reason(|err, err_len| {
            // SAFETY: both texts are passed with their lengths, and outlive the call.
            unsafe { (self.script)(camera, toml.as_ptr().cast(), toml.len(), err, err_len) }
        })
    }

    /// The camera's counters since init.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotNow`] when there is no such camera.
    pub fn stats(&self, camera: i16) -> Result<PvcamSimStats, ControlError> {
        let mut stats = PvcamSimStats::default();
        // SAFETY: the structure is passed with its size.
        done(unsafe { (self.stats)(camera, &raw mut stats, size_of::<PvcamSimStats>()) })?;
        Ok(stats)
    }

    /// Replaces the camera's faults at once with the keys of a `[camera.faults]` table; an empty text removes
    /// them.
    ///
    /// # Errors
    ///
    /// [`ControlError::Refused`] with line and key, or without such a camera.
    pub fn fault(&self, camera: i16, toml: &str) -> Result<(), ControlError> {
        with_reason(|err, err_len| {
            // SAFETY: both texts are passed with their lengths, and outlive the call.
            unsafe { (self.fault)(camera, toml.as_ptr().cast(), toml.len(), err, err_len) }
        })
    }

    /// Chooses what a full locking ring does from now on.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotNow`] while the camera acquires, or without such a camera.
    pub fn story(&self, camera: i16, story: NoOverwrite) -> Result<(), ControlError> {
        let number = match story {
            NoOverwrite::FlagError => 0,
            NoOverwrite::Lossy => 1,
            NoOverwrite::Halt => 2,
        };
        // SAFETY: takes plain numbers.
        done(unsafe { (self.story)(camera, number) })
    }

    /// Puts a camera onto the stepped clock or back onto the machine's, from the next acquisition on; returns whether it was
    /// on the stepped one. Time stamps of the two clocks have nothing to do with each other.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotNow`] while the camera acquires, or without such a camera.
    pub fn set_stepped(&self, camera: i16, stepped: bool) -> Result<bool, ControlError> {
        // SAFETY: takes plain numbers.
        match unsafe { (self.clock)(camera, stepped.into()) } {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ControlError::NotNow),
        }
    }
}

fn done(answer: i32) -> Result<(), ControlError> {
    if answer == 1 { Ok(()) } else { Err(ControlError::NotNow) }
}

/// Runs a call that explains its refusal in a text.
fn with_reason(call: impl FnOnce(*mut c_char, usize) -> i32) -> Result<(), ControlError> {
    let mut text = [0_u8; ERROR_BYTES];
    if call(text.as_mut_ptr().cast(), text.len()) == 1 {
        return Ok(());
    }
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    Err(ControlError::Refused { reason: String::from_utf8_lossy(&text[..end]).into_owned() })
}
