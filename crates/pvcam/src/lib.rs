//! A safe driver for Teledyne Photometrics cameras (PVCAM).

mod arm;
mod camera;
pub mod check;
pub mod error;
mod frames;
pub mod metadata;
mod param;
mod plan;
mod probe;
mod sdk;
mod session;

pub use arm::{Armed, RingMode, Settings};
pub use camera::{
    Camera, CameraSettings, Change, ExposureRange, Feature, FeatureParameter, Firmware, Gain, Identity,
    Interface, OpenPolicy, Opened, Port, Readout, Sensor, Setting, Speed,
};
pub use error::Refused;
pub use frame_pool::{Books, Evidence, Layout, Lease, LossCause, LossEvent, Record, StreamMode};
pub use frames::{Canceller, Frames};
pub use plan::{Binning, Delivery, ExposureUnit, Plan, Region};
pub use probe::{FullRing, RingReport, RingTrust};
pub use sdk::{CameraEntry, Sdk, SdkVersion};
pub use session::{CallbackTimes, Oddities, Session, Stopped};
