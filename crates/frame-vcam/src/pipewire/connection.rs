//! The way to the server, and the loop in which its messages are read.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pipewire::context::ContextRc;
use pipewire::core::{CoreRc, Listener, PW_ID_CORE};
use pipewire::keys;
use pipewire::loop_::Timeout;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use rustix::io::Errno;

use crate::device::DeviceError;

/// What a server is called that nobody named.
const DEFAULT_SERVER: &str = "pipewire-0";
/// The longest sleep while an answer is waited for, which wakes it at once.
const SLICE: Duration = Duration::from_millis(100);

/// A connection that is up, until [`Self::turn`] says otherwise.
pub(super) struct Connection {
    // Dropped before what it listens to.
    _listener: Listener,
    pub(super) core: CoreRc,
    main_loop: MainLoopRc,
    /// Why the server is no longer there.
    gone: Rc<RefCell<Option<String>>>,
}

impl Connection {
    /// Connects to this server, or to that of the desktop.
    pub(super) fn to(server: Option<&str>) -> Result<Self, DeviceError> {
        let failed = |why: String| DeviceError::NoServer { server: place_of(server), why };
        let library = |why: pipewire::Error| failed(why.to_string());
        let main_loop = MainLoopRc::new(None).map_err(library)?;
        let context = ContextRc::new(&main_loop, None).map_err(library)?;
        let wanted = server.map(|server| properties! { *keys::REMOTE_NAME => server });
        let core = context.connect_rc(wanted).map_err(|_| failed(reason()))?;
        let gone = Rc::new(RefCell::new(None));
        let theirs = Rc::clone(&gone);
        let listener = core.add_listener_local().error(move |id, _, _, message| {
            // Errors of other objects are told to those who have them.
            if id == PW_ID_CORE {
                *theirs.borrow_mut() = Some(message.to_owned());
            }
        });
        Ok(Self { _listener: listener.register(), core, main_loop, gone })
    }

    /// Reads what the server says, without waiting for it.
    pub(super) fn turn(&self) -> Result<(), DeviceError> {
        self.turn_within(Timeout::None)
    }

    /// Reads what the server says until `done`. `false` if it does not come to that before the deadline.
    pub(super) fn turn_until(
        &self,
        deadline: Instant,
        mut done: impl FnMut() -> Result<bool, DeviceError>,
    ) -> Result<bool, DeviceError> {
        while !done()? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.turn_within(Timeout::Finite(left.clamp(Duration::from_millis(1), SLICE)))?;
        }
        Ok(true)
    }

    fn turn_within(&self, patience: Timeout) -> Result<(), DeviceError> {
        // What it answers is how many messages there were, or that a signal came: neither is of interest.
        self.main_loop.loop_().iterate(patience);
        match &*self.gone.borrow() {
            None => Ok(()),
            Some(why) => Err(DeviceError::ServerGone { why: why.clone() }),
        }
    }
}

/// Why there is no connection. The crate says only that there is none; the library leaves the reason where the system does.
fn reason() -> String {
    let why = std::io::Error::last_os_error();
    match why.raw_os_error().map(Errno::from_raw_os_error) {
        // Its word for a socket that is not there, and for one without a server.
        Some(Errno::HOSTDOWN) => "nobody listens there".to_owned(),
        _ => why.to_string(),
    }
}

/// Where the server should be, for messages.
fn place_of(server: Option<&str>) -> String {
    let from = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
    let name = from("PIPEWIRE_REMOTE").or_else(|| server.map(str::to_owned));
    let name = name.unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    if name.starts_with('/') {
        return name;
    }
    match from("PIPEWIRE_RUNTIME_DIR").or_else(|| from("XDG_RUNTIME_DIR")) {
        Some(folder) => format!("{folder}/{name}"),
        None => format!("{name} (XDG_RUNTIME_DIR, the folder where it should be, is not set)"),
    }
}
