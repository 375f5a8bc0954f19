//! The SDK as a whole: loaded once per process, it lists cameras and opens them.

mod library;

use core::ffi::{CStr, c_char};
use core::fmt;
use std::path::Path;
use std::sync::Arc;

use pvcam_sys::{Api, CAM_NAME_LEN};

use crate::camera::{self, OpenPolicy, Opened};
use crate::error::{Failure, OpenError, SdkError};
use library::Claim;
pub(crate) use library::Library;

/// The PVCAM library, loaded and initialised. A process has at most one; clones are the same one.
///
/// The library is closed when the last clone and the last camera are gone; then it can be loaded again, which is the way to
/// see cameras that were plugged in since (the SDK lists cameras when it is initialised and never again).
///
/// All methods may be called from any thread.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # // SAFETY: the simulator's own functions, linked into this program.
/// # let api = unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?;
/// # let load = || pvcam::Sdk::with_api(api);
/// # /*
/// let sdk = pvcam::Sdk::load()?;
/// # */
/// # let sdk = load()?;
/// for camera in sdk.cameras()? {
///     println!("{}", camera.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sdk {
    library: Arc<Library>,
}

/// A camera that the SDK knows of.
///
/// The name depends on the order of plugging; only [`crate::Identity::serial`], known after opening, names a body. A body
/// that is connected by two cables is listed twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CameraEntry {
    /// Name to be handed to [`Sdk::open`], for instance `pvcamUSB_0`.
    pub name: String,
    /// Position in the SDK's list, from 0.
    pub index: i16,
}

/// Version of the SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SdkVersion {
    /// Major number.
    pub major: u8,
    /// Minor number, 0 to 15 (the SDK tells no more of it).
    pub minor: u8,
    /// Patch number, 0 to 15 (the SDK tells no more of it).
    pub patch: u8,
}

impl fmt::Display for SdkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Sdk {
    /// Finds the library ([`pvcam_sys::Api::load`]: `PVCAM_LIBRARY`, then the usual names and folders) and initialises it.
    ///
    /// # Errors
    /// [`SdkError::AlreadyLoaded`], [`SdkError::NotLoaded`] with every place searched, [`SdkError::Installation`] with what
    /// the SDK wants of its surroundings, or [`SdkError::Init`].
    pub fn load() -> Result<Self, SdkError> {
        let claim = Claim::stake()?;
        let (api, path) = Api::load()?;
        tracing::info!(path = %path.display(), "library loaded");
        Ok(Self { library: Library::start(api, Some(path), claim)? })
    }

    /// Loads and initialises the library at `path`: a file, or the folder that holds it.
    ///
    /// # Errors
    /// As [`Sdk::load`].
    ///
    /// ```
    /// use pvcam::{Sdk, error::SdkError};
    /// let refused = Sdk::load_from("/no/such/libpvcam.so.2".as_ref());
    /// assert!(matches!(refused, Err(SdkError::NotLoaded(_))));
    /// ```
    pub fn load_from(path: &Path) -> Result<Self, SdkError> {
        let claim = Claim::stake()?;
        let (api, path) = Api::load_from(path)?;
        tracing::info!(path = %path.display(), "library loaded");
        Ok(Self { library: Library::start(api, Some(path), claim)? })
    }

    /// Initialises a library whose functions are at hand: one that was loaded by other means, or a simulator that is linked
    /// into this program. `api` must be as `pvcam_sys` made it.
    ///
    /// # Errors
    /// As [`Sdk::load`].
    pub fn with_api(api: Api) -> Result<Self, SdkError> {
        Ok(Self { library: Library::start(api, None, Claim::stake()?)? })
    }

    /// The file that the library was loaded from, if it was one.
    #[must_use]
    pub fn library_path(&self) -> Option<&Path> {
        self.library.path()
    }

    /// Version of the SDK.
    ///
    /// # Errors
    /// [`SdkError::Installation`] where the SDK does not know its own version (on Linux it reads `PVCAM_VERSION`).
    pub fn version(&self) -> Result<SdkVersion, SdkError> {
        self.library.version().map_err(SdkError::from_version)
    }

    /// The cameras that were there when the library was initialised, in its order. Listed does not mean working: a camera that
    /// is switched off or used by another process is listed as well.
    ///
    /// # Errors
    /// [`SdkError::List`] if the SDK does not tell.
    pub fn cameras(&self) -> Result<Vec<CameraEntry>, SdkError> {
        self.list().map_err(SdkError::List)
    }

    pub(crate) fn list(&self) -> Result<Vec<CameraEntry>, Failure> {
        let mut total = 0;
        // SAFETY: the pointer is to a live i16.
        self.library.call("pl_cam_get_total", |api| unsafe { (api.pl_cam_get_total)(&mut total) })?;
        (0..total).map(|index| Ok(CameraEntry { name: self.name_of(index)?, index })).collect()
    }

    fn name_of(&self, index: i16) -> Result<String, Failure> {
        let mut name = [0_u8; CAM_NAME_LEN as usize + 1];
        let buffer: *mut c_char = name.as_mut_ptr().cast();
        // SAFETY: the buffer has the length that the SDK demands, and one byte more.
        self.library.call("pl_cam_get_name", |api| unsafe { (api.pl_cam_get_name)(index, buffer) })?;
        Ok(CStr::from_bytes_until_nul(&name).unwrap_or_default().to_string_lossy().into_owned())
    }

    /// Opens a camera by its name and brings it into a known state as `policy` says. What that changed is told in
    /// [`Opened::changes`].
    ///
    /// # Errors
    /// [`OpenError`]: unknown name (with the names there are), already open, used by another process, or a parameter that every
    /// camera has is missing. The camera is closed again then.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// use pvcam::{OpenPolicy, Opened};
    /// let Opened { camera, changes } = sdk.open("pvcamUSB_0", OpenPolicy::Raw)?;
    /// println!("{} {}", camera.identity().product, camera.identity().serial);
    /// for change in changes {
    ///     println!("changed: {change}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(&self, name: &str, policy: OpenPolicy) -> Result<Opened, OpenError> {
        camera::open(self, name, policy)
    }

    pub(crate) fn library(&self) -> &Arc<Library> {
        &self.library
    }
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdk").field("library_path", &self.library_path()).finish_non_exhaustive()
    }
}
