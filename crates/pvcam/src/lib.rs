//! A safe driver for Teledyne Photometrics cameras (PVCAM).
//!
//! Frames are lent where the camera wrote them, any number of readers share the one copy of the pixels, and the books say at
//! any moment where every frame went. The vendor's library is loaded when the program runs; without a camera the same code runs
//! on the simulated one of this repository.
//!
//! # States are types
//!
//! ```text
//! Sdk --open--> Camera --arm--> Armed --start--> Session + Frames
//!                 ^ ^             | ^                |
//!                 | +---disarm----+ +------stop------+
//! ```
//!
//! [`Camera`] is the only state in which parameters can be read or changed: a parameter that is read while frames stream stops
//! the stream silently. An operation that fails gives back what it took ([`Refused`]).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # // Sound: the simulator's own functions, linked into this program.
//! # let api = unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?;
//! use std::time::Duration;
//! use pvcam::{OpenPolicy, Opened, Plan, Region, Sdk};
//!
//! # let load = || Sdk::with_api(api);
//! # /*
//! let sdk = Sdk::load()?;
//! # */
//! # let sdk = load()?;
//! let Opened { camera, .. } = sdk.open("pvcamUSB_0", OpenPolicy::Raw)?;
//! let region = Region::centred(camera.sensor(), 512, 512);
//! let armed = camera.arm(Plan::continuous().exposure(Duration::from_millis(5)).region(region))?;
//! let (session, frames) = armed.start()?;
//! for _ in 0..10 {
//!     let Some(frame) = frames.next_within(Duration::from_secs(2))? else { break };
//!     let pixels: &[u16] = frame.pixels()?;
//!     println!("frame {} begins with {}", frame.record().number, pixels[0]);
//! }
//! let stopped = session.stop()?;
//! println!("{}", stopped.books);
//! assert!(stopped.books.balanced());
//! # Ok(())
//! # }
//! ```
//!
//! # In place, or one copy
//!
//! A frame is lent in place where nothing can write over it: in a sequence, and in a ring that was *seen* to honour locks on this
//! very camera ([`Camera::probe_ring`], [`Plan::trust`]). Otherwise each frame is copied once, and the copy is validated by the
//! frame number that the camera writes into it. Which it was stands in each frame's [`Record::evidence`]. In-place delivery
//! from a ring needs a passed probe, and its authors have not seen it on hardware.
//!
//! # Threads
//!
//! Every call of the SDK is made under one lock, which the frame callback never takes. The callback runs on the SDK's own thread; it
//! does not lock, allocate, log or run anybody else's code. The SDK keeps one error code for the whole process: while a session
//! runs, codes are advisory ([`error::Failure::is_advisory`]). Every wait has a deadline, and can be cancelled.
//!
//! # Logging
//!
//! Opening, arming, starting, stopping and losses are `tracing` events; nothing is logged per frame.

mod arm;
mod camera;
pub mod check;
pub mod error;
mod frames;
mod holders;
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
pub use frame_pool::{
    Books, Evidence, Held, Holder, Holding, Layout, Lease, LossCause, LossEvent, Overrun, Pressure, RawFrame,
    Record, RegionLayout, RegionView, StreamMode, Torn,
};
pub use frames::{Canceller, Frames, RawFrames};
pub use holders::{EndedBy, HeldBy};
pub use plan::{Binning, Delivery, ExposureUnit, InPlaceConsent, Plan, Region};
pub use probe::{FullRing, RingReport, RingTrust};
pub use sdk::{CameraEntry, Sdk, SdkVersion};
pub use session::{CallbackTimes, Oddities, Session, Stopped};
