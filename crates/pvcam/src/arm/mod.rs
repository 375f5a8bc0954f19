//! From a camera and a plan to an acquisition that only needs to be started.

mod checks;
mod format;
mod settings;
mod setup;
mod shelf;
mod sizing;

use core::fmt;
use std::sync::Arc;

use frame_pool::{Holder, Pool, RegionLayout, Sink, StreamMode};

use crate::camera::{Camera, Core};
use crate::error::{ArmError, Refused, StartError};
use crate::frames::{Frames, RawFrames, Reader};
use crate::plan::{Delivery, Extent, Plan};
use crate::probe::RingKey;
use crate::session::{Launched, Receiver, Session, launch};
pub(crate) use checks::{check_lasts, choose_exposure};
pub use settings::{RingMode, Settings};
pub(crate) use setup::{Setup, host_processing, set_up};
pub(crate) use shelf::Shelf;
use shelf::Wanted;

/// Slots that are kept free unless the plan says otherwise.
const KEEP_FREE: u32 = 2;

/// A camera that is set up, with its memory allocated. Starting it is quick, and may be done again and again.
///
/// Its parameters are out of reach: changing one would undo the setup. [`Armed::disarm`] gives the camera back.
pub struct Armed {
    core: Box<ArmedCore>,
}

/// What an armed camera is made of.
pub(crate) struct ArmedCore {
    /// Dropped first: the camera is closed before the memory goes.
    pub(crate) camera: Box<Core>,
    pub(crate) settings: Settings,
    pub(crate) regions: Arc<[RegionLayout]>,
    /// As the camera was set up.
    setup: Setup,
    /// Memory for the next start; `None` after a start that failed.
    pub(crate) pool: Option<Pool>,
    wanted: Wanted,
    /// This camera's ring frees a slot only after it was asked for it.
    pub(crate) unlock_needs_get: bool,
}

impl Camera {
    /// Sets the camera up for `plan`, reads back what that came to, and allocates all memory.
    ///
    /// # Errors
    /// The camera comes back in [`Refused::given_back`], with the reason: what does not fit sensor, camera or memory is refused with
    /// both numbers, most of it before the SDK is asked.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use pvcam::{Plan, Region, error::ArmError};
    /// let outside = Plan::continuous().region(Region::new(2000, 0, 100, 100));
    /// let refused = camera.arm(outside).unwrap_err();
    /// assert!(matches!(refused.why, ArmError::Region { .. }));
    /// let camera = refused.given_back;
    ///
    /// let region = Region::centred(camera.sensor(), 256, 256);
    /// let armed = camera.arm(Plan::continuous().region(region).ring(8))?;
    /// println!("{:?} per frame", armed.settings().frame_time);
    /// # Ok(())
    /// # }
    /// ```
    pub fn arm(self, plan: Plan) -> Result<Armed, Refused<Self, ArmError>> {
        let mut core = self.into_core();
        match prepare(&mut core, &plan) {
            Ok(ready) => Ok(Armed { core: Box::new(ready.with(core)) }),
            Err(why) => Err(Refused { given_back: Self::from_core(core), why }),
        }
    }
}

/// What arming adds to a camera.
struct Ready {
    settings: Settings,
    regions: Arc<[RegionLayout]>,
    setup: Setup,
    pool: Pool,
    wanted: Wanted,
    unlock_needs_get: bool,
}

impl Ready {
    fn with(self, camera: Box<Core>) -> ArmedCore {
        let Self { settings, regions, setup, pool, wanted, unlock_needs_get } = self;
        ArmedCore { camera, settings, regions, setup, pool: Some(pool), wanted, unlock_needs_get }
    }
}

fn prepare(core: &mut Core, plan: &Plan) -> Result<Ready, ArmError> {
    core.device.check_usable()?;
    let regions = checks::check(core, plan)?;
    let exposure = choose_exposure(core, plan.exposure)?;
    let (ring_mode, delivery, unlock_needs_get) = choose_delivery(core, plan);
    let setup = Setup { extent: plan.extent, regions, binning: plan.binning, exposure, ring_mode };
    let frame_bytes = set_up(&core.device.link, &setup).map_err(|failure| setup.refused(failure))?;
    let (mut settings, regions) = setup::read_back(core, plan, &setup, frame_bytes)?;
    settings.delivery = delivery;
    let wanted = sizing::choose(&core.device.link, plan, &settings)?;
    let pool = core.shelf.take(wanted, true)?;
    settings.ring_slots = if settings.frames.is_some() { wanted.slots } else { pool.plan().blocks };
    if let Err(why) = checks::check_lasts(&settings, settings.ring_slots) {
        core.shelf.put(pool);
        return Err(why);
    }
    settings.reserve = pool.plan().reserve;
    settings.keep_free = plan.keep_free.unwrap_or(KEEP_FREE).min(settings.ring_slots / 2);
    tracing::info!(camera = %core.identity.name, region = %settings.region,
        regions = regions.len(), exposure = ?settings.exposure, frame_bytes,
        frame_time = ?settings.frame_time, slots = settings.ring_slots, reserve = settings.reserve, ?delivery, "armed");
    Ok(Ready { settings, regions, setup, pool, wanted, unlock_needs_get })
}

/// In place where nothing can write over a frame that is being read; a copy otherwise, unless the caller wants it in another way.
fn choose_delivery(core: &Core, plan: &Plan) -> (RingMode, StreamMode, bool) {
    let copied = plan.delivery == Delivery::Copy;
    if let (Extent::Continuous, Delivery::Raw) = (plan.extent, plan.delivery) {
        return (RingMode::Overwrite, StreamMode::Raw, false);
    }
    if let Extent::Sequence(_) = plan.extent {
        let delivery = if copied { StreamMode::Copied } else { StreamMode::Frozen };
        return (RingMode::Sequence, delivery, false);
    }
    match &plan.trust {
        Some(trust) if !copied && trust.holds_for(&RingKey::read(core)) => {
            (RingMode::NoOverwrite, StreamMode::Locked, trust.unlock_needs_get())
        }
        _ if matches!(plan.delivery, Delivery::InPlace(_)) => {
            (RingMode::Overwrite, StreamMode::TimeBound, false)
        }
        _ => (RingMode::Overwrite, StreamMode::Copied, false),
    }
}

impl Armed {
    pub(crate) fn from_core(core: Box<ArmedCore>) -> Self {
        Self { core }
    }

    /// What the camera will do, as it told after setup.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// The regions of each frame, in the order in which they lie in it: what [`crate::Lease::regions`] wants. One for a plan with one
    /// region. The offsets are those without extended metadata; where a camera sends that, a frame's own headers have the last
    /// word ([`crate::metadata::FrameMetadata::region_layouts`]).
    #[must_use]
    pub fn regions(&self) -> &[RegionLayout] {
        &self.core.regions
    }

    /// Who the camera is.
    #[must_use]
    pub fn identity(&self) -> &crate::Identity {
        &self.core.camera.identity
    }

    /// Lets `holder` be named, as [`Session::register`].
    pub fn register(&self, holder: &Holder) {
        self.core.camera.shelf.roster.register(holder);
    }

    /// Gives the camera back. Its memory stays with it, to be used again.
    #[must_use]
    pub fn disarm(self) -> Camera {
        let ArmedCore { mut camera, pool, .. } = *self.core;
        if let Some(pool) = pool {
            camera.shelf.put(pool);
        }
        Camera::from_core(camera)
    }

    /// Arms the camera for another plan. Memory that fits and is not leased is used again; then nothing is allocated.
    ///
    /// # Errors
    /// The camera comes back as it was armed before, with the reason. The SDK may have been set up for the new plan by then, so
    /// its old setup is made again; if even that fails, the next start says so.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use pvcam::{Plan, Region};
    /// let region = Region::centred(camera.sensor(), 64, 64);
    /// let live = camera.arm(Plan::continuous().region(region).ring(8))?;
    /// let snap = live.rearm(Plan::sequence(1).region(region))?;
    /// assert_eq!(snap.settings().frames, Some(1));
    /// let camera = snap.disarm();
    /// # Ok(())
    /// # }
    /// ```
    pub fn rearm(mut self, plan: Plan) -> Result<Self, Refused<Self, ArmError>> {
        if let Some(pool) = self.core.pool.take() {
            self.core.camera.shelf.put(pool);
        }
        match prepare(&mut self.core.camera, &plan) {
            Ok(ready) => {
                let ArmedCore { camera, .. } = *self.core;
                Ok(Self { core: Box::new(ready.with(camera)) })
            }
            Err(why) => {
                self.core.set_up_again();
                Err(Refused { given_back: self, why })
            }
        }
    }

    /// Starts the camera; frames are taken from the [`Frames`] beside the session.
    ///
    /// # Errors
    /// What was armed comes back in [`Refused::given_back`]. A ring that the SDK does not take is tried again with half its slots
    /// before that.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use std::time::Duration;
    /// use pvcam::{Plan, Region};
    /// let region = Region::centred(camera.sensor(), 64, 64);
    /// let armed = camera.arm(Plan::sequence(5).exposure(Duration::from_millis(1)).region(region))?;
    /// let (session, frames) = armed.start()?;
    /// while let Some(frame) = frames.next_within(Duration::from_secs(5))? {
    ///     let pixels: &[u16] = frame.pixels()?;
    ///     println!("frame {}: {}", frame.record().number, pixels[0]);
    /// }
    /// let stopped = session.stop()?;
    /// assert_eq!(stopped.books.delivered, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Result<(Session, Frames), Refused<Self, StartError>> {
        if self.core.settings.delivery == StreamMode::Raw {
            let why = StartError::OtherStart { armed: StreamMode::Raw, by: "Armed::start_raw" };
            return Err(Refused { given_back: self, why });
        }
        let device = &self.core.camera.device;
        let (link, context) = (device.link.clone(), Arc::clone(&device.context));
        match launch(self.core, &Reader::new) {
            Ok(run) => Ok(Frames::begin(run, &link, context)),
            Err((core, why)) => Err(Refused { given_back: Self { core }, why }),
        }
    }

    /// Starts a camera that was armed with [`crate::Delivery::Raw`]; frames are told of by the [`RawFrames`] beside the session.
    ///
    /// # Errors
    /// As [`Self::start`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use std::time::Duration;
    /// use pvcam::{Delivery, Plan, Region};
    /// let region = Region::centred(camera.sensor(), 64, 64);
    /// let armed = camera.arm(Plan::continuous().region(region).ring(32).delivery(Delivery::Raw))?;
    /// let mut bytes = vec![0; armed.settings().frame_bytes as usize];
    /// let (session, frames) = armed.start_raw()?;
    /// if let Some(frame) = frames.next_within(Duration::from_secs(5))? {
    ///     match frame.copy_to(&mut bytes) {
    ///         Ok(evidence) => println!("frame {}: whole, by {evidence:?}", frame.record().number),
    ///         Err(overrun) => println!("frame {}: {overrun}", frame.record().number),
    ///     }
    /// }
    /// # drop(session);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_raw(self) -> Result<(Session, RawFrames), Refused<Self, StartError>> {
        let armed = self.core.settings.delivery;
        if armed != StreamMode::Raw {
            let why = StartError::OtherStart { armed, by: "Armed::start" };
            return Err(Refused { given_back: self, why });
        }
        let device = &self.core.camera.device;
        let (link, context) = (device.link.clone(), Arc::clone(&device.context));
        match launch(self.core, &Reader::new) {
            Ok(run) => Ok(RawFrames::begin(run, &link, context)),
            Err((core, why)) => Err(Refused { given_back: Self { core }, why }),
        }
    }

    /// Starts the camera; frames go to `sink`, on the camera's callback thread or the pool's service thread. Only sinks of this
    /// family exist, because no other code may run there. Whoever waits at the sink in vain asks [`Session::why_silent`].
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_into(self, sink: Arc<dyn Sink>) -> Result<Session, Refused<Self, StartError>> {
        match launch(self.core, &|_windows| Given(Arc::clone(&sink))) {
            Ok(Launched { session, .. }) => Ok(session),
            Err((core, why)) => Err(Refused { given_back: Self { core }, why }),
        }
    }
}

/// A sink that the caller brings.
struct Given(Arc<dyn Sink>);

impl Receiver for Given {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.0)
    }
}

impl ArmedCore {
    /// Memory whose ring can be had: that of the last run, or other memory within the budget. `moving`: frames that are still
    /// leased may have to be moved out of it.
    pub(crate) fn take_pool(&mut self, moving: bool) -> Result<Pool, StartError> {
        // A ring that was refused is half as large now.
        let slots = self.settings.ring_slots;
        let wanted = Wanted { slots, exact: self.settings.frames.is_none(), ..self.wanted };
        if let Some(pool) = self.pool.take() {
            self.camera.shelf.put(pool);
        }
        let pool = self.camera.shelf.take(wanted, moving)?;
        self.settings.reserve = pool.plan().reserve;
        Ok(pool)
    }

    fn set_up_again(&self) {
        // The refused plan may have been for another unit.
        let exposure =
            crate::camera::unit(&self.camera.device.link).count(self.settings.exposure).unwrap_or(1);
        let setup = Setup { exposure, ..self.setup.clone() };
        if let Err(failure) = set_up(&self.camera.device.link, &setup) {
            tracing::warn!(%failure, "the setup from before could not be made again");
        }
    }
}

impl fmt::Debug for Armed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Armed").field("settings", &self.core.settings).finish_non_exhaustive()
    }
}
