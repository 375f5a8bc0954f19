//! An open camera that is not acquiring: the only state in which its settings can be read and changed.

mod device;
mod exposure;
mod features;
mod identity;
mod open;
mod readout;
mod settings;

use core::fmt;

pub(crate) use device::Device;
pub use exposure::ExposureRange;
pub(crate) use exposure::{range as exposure_range, set_unit, unit, units};
pub use features::{Feature, FeatureParameter};
pub use identity::{Firmware, Identity, Interface, Sensor};
pub(crate) use open::open;
pub use open::{OpenPolicy, Opened};
pub use readout::{Gain, Port, Readout, Speed};
pub use settings::{CameraSettings, Change, Setting};

use crate::arm::Shelf;
use crate::error::ParamError;
use crate::param::{self, Attribute, Link};
use crate::plan::{Binning, ExposureUnit};

/// An open camera, idle. Dropping it closes the camera.
///
/// [`Camera::arm`] turns it into an [`crate::Armed`]; while a [`crate::Session`] runs, the camera is inside it and none of these
/// methods can be called, because a parameter that is read while frames stream stops the stream silently.
///
/// It may be moved to another thread; calls from several threads are serialised.
pub struct Camera {
    core: Box<Core>,
}

/// What an open camera is made of.
pub(crate) struct Core {
    /// Dropped first: closed before the memory that it was told of goes.
    pub(crate) device: Device,
    pub(crate) identity: Identity,
    pub(crate) sensor: Sensor,
    pub(crate) ports: Vec<Port>,
    /// Memory of earlier acquisitions, to be used again.
    pub(crate) shelf: Shelf,
    /// Number of the last start.
    pub(crate) epoch: u32,
    /// Host frame number of the newest frame of the last run, and the slots it had: what a late callback could still name.
    pub(crate) last_run: Option<LastRun>,
}

/// What is left of a run when it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastRun {
    pub(crate) newest: u64,
    pub(crate) slots: u32,
}

impl Camera {
    fn new(device: Device, identity: Identity, sensor: Sensor, ports: Vec<Port>) -> Self {
        let core =
            Core { device, identity, sensor, ports, shelf: Shelf::default(), epoch: 0, last_run: None };
        Self { core: Box::new(core) }
    }

    pub(crate) fn from_core(core: Box<Core>) -> Self {
        Self { core }
    }

    pub(crate) fn into_core(self) -> Box<Core> {
        self.core
    }

    pub(crate) fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    fn link(&self) -> &Link {
        &self.core.device.link
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.core.identity
    }

    /// What its sensor looks like.
    #[must_use]
    pub fn sensor(&self) -> Sensor {
        self.core.sensor
    }

    /// Its readout ports with their speeds and gains. After [`OpenPolicy::Keep`] only the present choice is known, because
    /// the table cannot be read without changing it; see [`Self::survey_readouts`].
    #[must_use]
    pub fn ports(&self) -> &[Port] {
        &self.core.ports
    }

    /// Walks through all ports, speeds and gains and puts the present choice back. Choosing a port resets what depends on it
    /// (post-processing values, on some cameras the temperature setpoint).
    ///
    /// # Errors
    /// [`ParamError`] if the camera refuses on the way; the choice is put back as far as it lets itself.
    pub fn survey_readouts(&mut self) -> Result<&[Port], ParamError> {
        self.core.ports = readout::read_table(self.link())?;
        Ok(&self.core.ports)
    }

    /// The chosen port, speed and gain.
    ///
    /// # Errors
    /// [`ParamError`] if the camera does not tell.
    pub fn readout(&self) -> Result<Readout, ParamError> {
        readout::read_choice(self.link())
    }

    /// Chooses port (by value), speed (by index) and gain (by index). Bit depth, range of exposures and frame rate may change.
    ///
    /// # Errors
    /// [`ParamError::NotOffered`] with what is offered, before anything is changed; [`ParamError::NotSet`] if the camera
    /// refuses.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let mut camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// for port in camera.ports() {
    ///     for speed in &port.speeds {
    ///         for gain in &speed.gains {
    ///             println!("{} {} {}: {} bit", port.name, speed.index, gain.index, gain.bit_depth);
    ///         }
    ///     }
    /// }
    /// let refused = camera.set_readout(99, 0, 1).unwrap_err();
    /// println!("{refused}"); // ... 99 is not offered; choose from [0]
    /// # assert!(matches!(refused, pvcam::error::ParamError::NotOffered { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_readout(&mut self, port: i32, speed: i16, gain: i16) -> Result<(), ParamError> {
        let choice = Readout { port, speed, gain };
        readout::check_choice(&self.core.ports, choice)?;
        readout::write_choice(self.link(), choice)
    }

    /// Post-processing features of the camera with their values.
    ///
    /// # Errors
    /// [`ParamError`] if the camera refuses.
    pub fn features(&self) -> Result<Vec<Feature>, ParamError> {
        features::read_features(self.link())
    }

    /// Switches off every post-processing feature that alters pixels, and reads back that they are off.
    ///
    /// # Errors
    /// [`ParamError::NotKept`] if one does not stay off, or what the camera refuses.
    pub fn switch_off_features(&mut self) -> Result<(), ParamError> {
        features::switch_off(self.link())
    }

    /// Takes a snapshot of all settings that this library knows to change.
    ///
    /// # Errors
    /// [`ParamError`] if the camera does not tell.
    pub fn settings(&self) -> Result<CameraSettings, ParamError> {
        CameraSettings::read(self.link(), &self.core.identity.serial)
    }

    /// Puts settings back that were taken from this camera.
    ///
    /// # Errors
    /// [`ParamError::OtherCamera`] for settings of another one; otherwise what the camera refuses.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let mut camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// let found = camera.settings()?;
    /// camera.switch_off_features()?;
    /// camera.restore(&found)?;
    /// assert_eq!(camera.settings()?, found);
    /// # Ok(())
    /// # }
    /// ```
    pub fn restore(&mut self, settings: &CameraSettings) -> Result<(), ParamError> {
        let ours = &self.core.identity.serial;
        if settings.serial != *ours {
            return Err(ParamError::OtherCamera { ours: ours.clone(), theirs: settings.serial.clone() });
        }
        settings.write(self.link())
    }

    /// Sensor temperature in hundredths of a degree Celsius.
    ///
    /// # Errors
    /// [`ParamError::NotAvailable`] for a camera that does not measure it.
    pub fn temperature_centi(&self) -> Result<i16, ParamError> {
        self.required(param::PARAM_TEMP)
    }

    /// Temperature that the cooling aims at, in hundredths of a degree Celsius.
    ///
    /// # Errors
    /// [`ParamError::NotAvailable`] for a camera without cooling.
    pub fn temperature_setpoint_centi(&self) -> Result<i16, ParamError> {
        self.required(param::PARAM_TEMP_SETPOINT)
    }

    /// The exposure times that can be asked for in the unit that is set.
    #[must_use]
    pub fn exposure_range(&self) -> ExposureRange {
        exposure_range(self.link())
    }

    /// The units of exposure times that the camera takes, finest first.
    ///
    /// # Errors
    /// [`ParamError`] if the camera does not tell.
    pub fn exposure_units(&self) -> Result<Vec<ExposureUnit>, ParamError> {
        units(self.link())
    }

    /// The binnings that the camera offers. Empty for a camera that does not list any: then every factor may be tried.
    ///
    /// # Errors
    /// [`ParamError`] if the camera does not tell.
    pub fn binnings(&self) -> Result<Vec<Binning>, ParamError> {
        binnings(self.link())
    }

    /// How many regions the camera can read at once with the present port.
    #[must_use]
    pub fn region_limit(&self) -> u16 {
        region_limit(self.link())
    }

    /// Whether frames carry metadata; `None` if the camera has none.
    #[must_use]
    pub fn metadata_enabled(&self) -> Option<bool> {
        metadata_enabled(self.link())
    }

    fn required<T: TryFrom<i128>>(&self, id: param::ParamId) -> Result<T, ParamError> {
        if self.link().has(id) {
            self.link().current(id)
        } else {
            Err(ParamError::NotAvailable { parameter: id.name })
        }
    }
}

pub(crate) fn metadata_enabled(link: &Link) -> Option<bool> {
    link.optional::<u16>(param::PARAM_METADATA_ENABLED).map(|value| value != 0)
}

pub(crate) fn region_limit(link: &Link) -> u16 {
    let limit = link.integer(param::PARAM_ROI_COUNT, Attribute::Max);
    limit.ok().and_then(|limit| u16::try_from(limit).ok()).unwrap_or(1).max(1)
}

pub(crate) fn binnings(link: &Link) -> Result<Vec<Binning>, ParamError> {
    if !link.has(param::PARAM_BINNING_SER) || !link.has(param::PARAM_BINNING_PAR) {
        return Ok(Vec::new());
    }
    let (columns, rows) = (link.items(param::PARAM_BINNING_SER)?, link.items(param::PARAM_BINNING_PAR)?);
    let pairs = columns.iter().zip(&rows);
    Ok(pairs
        .filter_map(|(c, r)| Some(Binning::new(u16::try_from(c.value).ok()?, u16::try_from(r.value).ok()?)))
        .collect())
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = &self.core;
        f.debug_struct("Camera")
            .field("identity", &core.identity)
            .field("sensor", &core.sensor)
            .finish_non_exhaustive()
    }
}
