//! Opening a camera and bringing it into a known state.

use super::settings::{self, CameraSettings, Change};
use super::{Camera, device::Device, exposure, features, identity, readout};
use crate::error::{OpenError, ParamError};
use crate::param::Link;
use crate::sdk::Sdk;

/// What to do with the state in which a camera is found. Cameras keep their settings when they are closed, and across
/// programs, until they are switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OpenPolicy {
    /// Pixels as the sensor gave them: resets post-processing and switches off every feature that alters pixels (at
    /// power-up despeckling is on), rotation, mirroring and summing on the host, cut-outs and exposure lists; switches
    /// metadata on where the camera has it; counts exposure in the finest unit; chooses the first port with its first speed and
    /// gain.
    #[default]
    Raw,
    /// Changes nothing. The camera is used as the last program left it.
    Keep,
}

/// A camera that was just opened.
#[derive(Debug)]
#[must_use = "dropping it closes the camera"]
pub struct Opened {
    /// The camera.
    pub camera: Camera,
    /// What the policy changed. Empty with [`OpenPolicy::Keep`].
    pub changes: Vec<Change>,
}

pub(crate) fn open(sdk: &Sdk, name: &str, policy: OpenPolicy) -> Result<Opened, OpenError> {
    let listed = sdk.list().map_err(OpenError::List)?;
    if !listed.iter().any(|camera| camera.name == name) {
        let available = listed.into_iter().map(|camera| camera.name).collect();
        return Err(OpenError::Unknown { asked: name.to_owned(), available });
    }
    let device = Device::open(sdk.library(), name)?;
    let link = device.link.clone();
    let identity = identity::read_identity(&link, name);
    if let Some(open_as) = sdk.library().note_serial(name, &identity.serial) {
        return Err(OpenError::SameCamera { name: name.to_owned(), serial: identity.serial, open_as });
    }
    let (ports, changes) = match policy {
        OpenPolicy::Raw => {
            let before = CameraSettings::read(&link, &identity.serial)?;
            let ports = make_raw(&link)?;
            let after = CameraSettings::read(&link, &identity.serial)?;
            (ports, before.changes_to(&after))
        }
        OpenPolicy::Keep => (readout::read_present(&link)?, Vec::new()),
    };
    let sensor = identity::read_sensor(&link)?;
    tracing::info!(camera = name, serial = %identity.serial, product = %identity.product, %sensor, ?policy,
        changed = changes.len(), "opened");
    Ok(Opened { camera: Camera::new(device, identity, sensor, ports), changes })
}

/// Brings the camera into the state that [`OpenPolicy::Raw`] promises; tells the table of readouts, which it has to walk.
fn make_raw(link: &Link) -> Result<Vec<readout::Port>, ParamError> {
    let ports = readout::read_table(link)?;
    let first = ports.first().and_then(|port| {
        let speed = port.speeds.first()?;
        Some(readout::Readout { port: port.value, speed: speed.index, gain: speed.gains.first()?.index })
    });
    // Chosen first: a port brings its own post-processing values.
    if let Some(first) = first {
        readout::write_choice(link, first)?;
    }
    features::switch_off(link)?;
    let finest = exposure::units(link)?.first().map(|unit| unit.code());
    settings::set_raw_switches(link, finest)?;
    Ok(ports)
}
