//! The library as a whole: initialised or not, its cameras, what they remember.

use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::abi::constants::*;
use crate::abi::error::{Failure, Outcome};
use crate::config::{self, CameraConfig, Config, ConfigError};
use crate::engine::{Core, Engine, Phase};
use crate::model::Model;
use crate::param::{Control, Settings};

/// `Some` while initialised.
static LIBRARY: RwLock<Option<Arc<Library>>> = RwLock::new(None);
/// A configuration handed over beforehand; wins over the environment.
static CONFIGURED: Mutex<Option<Config>> = Mutex::new(None);
/// Settings that cameras keep while the library is not initialised, as a camera under power does.
static REMEMBERED: Mutex<Vec<Remembered>> = Mutex::new(Vec::new());

/// How long the process's exit waits for a running callback.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

struct Remembered {
    /// As it was then: its settings mean nothing to a camera whose model file says something else by now.
    model: Arc<Model>,
    serial: String,
    settings: Settings,
}

/// The initialised library.
pub(crate) struct Library {
    cameras: Vec<Camera>,
}

/// One camera of the list, which is made at init and never changes.
pub(crate) struct Camera {
    pub(crate) core: Arc<Core>,
    /// `Some` while open.
    session: RwLock<Option<Arc<Engine>>>,
}

/// Takes a configuration for the next init; every camera is powered up anew by it.
pub(crate) fn configure(text: &str) -> Result<(), String> {
    let library = LIBRARY.write();
    if library.is_some() {
        return Err("the library is initialised; call pl_pvcam_uninit first".to_owned());
    }
    let config = config::from_text(text, None).map_err(|error: ConfigError| error.to_string())?;
    *CONFIGURED.lock() = Some(config);
    REMEMBERED.lock().clear();
    Ok(())
}

/// `pl_pvcam_init`.
pub(crate) fn init() -> Outcome {
    let mut library = LIBRARY.write();
    if library.is_some() {
        return Err(PL_ERR_LIBRARY_ALREADY_INITIALIZED.into());
    }
    let configured = CONFIGURED.lock().clone();
    let config = match configured {
        Some(config) => config,
        None => config::from_environment()
            .map_err(|error| Failure::with_detail(PL_ERR_INSTALLATION_CORRUPTED, error.to_string()))?,
    };
    let cameras = (0_i16..).zip(config.cameras).map(|(index, config)| Camera::new(index, config)).collect();
    *library = Some(Arc::new(Library { cameras }));
    drop(library);
    stop_at_exit();
    Ok(())
}

/// `pl_pvcam_uninit`: closes what is open. From here on every call fails with 157, those of callbacks that
/// are waited for included.
pub(crate) fn uninit() -> Outcome {
    let library = LIBRARY.write().take().ok_or(PL_ERR_LIBRARY_NOT_INITIALIZED)?;
    for camera in &library.cameras {
        let session = camera.session.write().take();
        if let Some(engine) = session {
            engine.close();
        }
        camera.remember();
    }
    Ok(())
}

/// The library, if initialised.
pub(crate) fn library() -> Outcome<Arc<Library>> {
    Ok(LIBRARY.read().clone().ok_or(PL_ERR_LIBRARY_NOT_INITIALIZED)?)
}

/// The open camera behind a handle: 157 first, then 175. Counts the call if the camera is acquiring.
pub(crate) fn engine(hcam: i16) -> Outcome<Arc<Engine>> {
    let library = library()?;
    let engine = library.camera(hcam).and_then(|camera| camera.session.read().clone());
    let engine = engine.ok_or(PL_ERR_DEVICE_HANDLE_INVALID)?;
    if engine.run.lock().phase == Phase::Running {
        engine.core.stats.sdk_calls_while_running.fetch_add(1, Ordering::Relaxed);
    }
    Ok(engine)
}

/// As [`engine`], and 180 when the camera has been unplugged.
pub(crate) fn present_engine(hcam: i16) -> Outcome<Arc<Engine>> {
    let engine = engine(hcam)?;
    if engine.core.removed.load(Ordering::Acquire) {
        return Err(PL_ERR_DEVICE_REMOVED.into());
    }
    Ok(engine)
}

impl Library {
    /// The camera with this index.
    pub(crate) fn camera(&self, index: i16) -> Option<&Camera> {
        usize::try_from(index).ok().and_then(|index| self.cameras.get(index))
    }

    /// How many cameras there are.
    pub(crate) fn total(&self) -> i16 {
        i16::try_from(self.cameras.len()).unwrap_or(i16::MAX)
    }

    /// The camera called `name`.
    pub(crate) fn by_name(&self, name: &[u8]) -> Option<&Camera> {
        self.cameras.iter().find(|camera| camera.core.config.name.as_bytes() == name)
    }
}

impl Camera {
    fn new(index: i16, config: CameraConfig) -> Self {
        let known = |kept: &&Remembered| kept.model == config.model && kept.serial == config.serial;
        let control = match REMEMBERED.lock().iter().find(known) {
            Some(kept) => Control::new(kept.settings.clone()),
            None => Control::power_up(&config.model),
        };
        Self { core: Arc::new(Core::new(index, config, control)), session: RwLock::new(None) }
    }

    fn remember(&self) {
        let (model, serial) = (Arc::clone(self.core.model()), self.core.config.serial.clone());
        let settings = self.core.control.lock().settings.clone();
        let mut remembered = REMEMBERED.lock();
        remembered.retain(|kept| kept.model.name != model.name || kept.serial != serial);
        remembered.push(Remembered { model, serial, settings });
    }

    /// Opens the camera: it is not set up, but keeps its settings.
    pub(crate) fn open(&self) -> Outcome {
        let mut session = self.session.write();
        if session.is_some() {
            return Err(PL_ERR_DEVICE_ALREADY_OPEN.into());
        }
        if self.core.removed.load(Ordering::Acquire) {
            return Err(PL_ERR_DDI_DEVICE_OPEN_FAILED.into());
        }
        self.core.control.lock().plan = None;
        *session = Some(Engine::open(Arc::clone(&self.core))?);
        Ok(())
    }

    /// Closes the camera.
    pub(crate) fn close(&self) -> Outcome {
        let engine = self.session.write().take().ok_or(PL_ERR_DEVICE_HANDLE_INVALID)?;
        engine.close();
        Ok(())
    }

    /// The camera's engine while it is open.
    pub(crate) fn session(&self) -> Option<Arc<Engine>> {
        self.session.read().clone()
    }
}

/// Clients end without closing anything, and destroy what their callbacks use while the callback thread still
/// runs. Registered at init, that is, after the client's own statics, this runs before they are destroyed.
fn stop_at_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler takes no arguments, unwinds nowhere, and its code stays loaded: a shared library
        // that is unloaded has its handlers run first.
        unsafe { libc::atexit(leave) };
    });
}

extern "C" fn leave() {
    let stop = || {
        let Some(library) = LIBRARY.try_read().and_then(|library| library.clone()) else { return };
        for engine in library.cameras.iter().filter_map(Camera::session) {
            engine.leave(EXIT_PATIENCE);
        }
    };
    // Nobody is left to be told of a panic here.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(stop));
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: &str = include_str!("../models/prime-bsi-usb.toml");

    /// A camera of a model file with this text.
    fn camera(text: &str) -> Camera {
        let file = std::env::temp_dir().join(format!("pvcam-sim-edited-{}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let toml = format!("[[camera]]\nmodel_file = \"{}\"\nserial = \"EDITED\"\n", file.display());
        let camera = Camera::new(0, config::from_text(&toml, None).unwrap().cameras.remove(0));
        std::fs::remove_file(file).unwrap();
        camera
    }

    #[test]
    fn settings_are_kept_only_while_the_model_file_says_the_same() {
        let first = camera(EMBEDDED);
        first.core.control.lock().settings.speed = 1;
        first.remember();
        assert_eq!(camera(EMBEDDED).core.control.lock().settings.speed, 1, "the control");
        let second = EMBEDDED.rfind("[[port.speed]]").unwrap();
        let end = second + EMBEDDED[second..].find("\n# ").unwrap();
        let edited = camera(&format!("{}{}", &EMBEDDED[..second], &EMBEDDED[end..]));
        let model = edited.core.model();
        assert_eq!(model.ports[0].speeds.len(), 1);
        assert_eq!(edited.core.control.lock().settings, Settings::power_up(model));
    }
}
