//! What to acquire: a plan is made without a camera and checked when a camera is armed with it.

mod delivery;
mod exposure;
mod region;
mod ring;

use core::time::Duration;

pub use delivery::{Delivery, InPlaceConsent};
pub use exposure::ExposureUnit;
use frame_pool::Pressure;
pub use region::{Binning, Region};
pub(crate) use ring::{LEAST_SLOTS, MOST_BYTES, RingNeeds, slots_by_default};

use crate::probe::RingTrust;

/// Exposure of a plan that asks for none.
const DEFAULT_EXPOSURE: Duration = Duration::from_millis(10);

/// Whether frames come for ever or to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Continuous,
    Sequence(u16),
}

/// What to acquire, and how. Internal trigger.
///
/// ```
/// use std::time::Duration;
/// use pvcam::{Binning, Plan, Region};
/// let plan = Plan::continuous()
///     .exposure(Duration::from_millis(5))
///     .region(Region::new(512, 512, 1024, 1024))
///     .binning(Binning::new(2, 2))
///     .ring(64);
/// let sequence = Plan::sequence(100).exposure(Duration::from_micros(800));
/// # let _ = (plan, sequence);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) extent: Extent,
    pub(crate) exposure: Duration,
    /// None: the whole sensor.
    pub(crate) regions: Vec<Region>,
    pub(crate) binning: Binning,
    pub(crate) ring: Option<u32>,
    pub(crate) delivery: Delivery,
    pub(crate) trust: Option<RingTrust>,
    pub(crate) budget: Option<u64>,
    pub(crate) reserve: Option<u32>,
    pub(crate) keep_free: Option<u32>,
    pub(crate) pressure: Pressure,
}

impl Plan {
    const fn new(extent: Extent) -> Self {
        Self {
            extent,
            exposure: DEFAULT_EXPOSURE,
            regions: Vec::new(),
            binning: Binning::NONE,
            ring: None,
            delivery: Delivery::Auto,
            trust: None,
            budget: None,
            reserve: None,
            keep_free: None,
            pressure: Pressure::Lose,
        }
    }

    /// Frames one after the other until the session is stopped, into a ring.
    #[must_use]
    pub const fn continuous() -> Self {
        Self::new(Extent::Continuous)
    }

    /// `frames` frames (1 to 65,535), each into memory of its own; then the camera stops by itself.
    #[must_use]
    pub const fn sequence(frames: u16) -> Self {
        Self::new(Extent::Sequence(frames))
    }

    /// Exposure time of each frame; 10 ms if not set. Rounded to what the camera can do; what it became stands in
    /// [`crate::Settings::exposure`].
    #[must_use]
    pub const fn exposure(mut self, exposure: Duration) -> Self {
        self.exposure = exposure;
        self
    }

    /// Where on the sensor to look; the whole sensor if not set.
    #[must_use]
    pub fn region(self, region: Region) -> Self {
        self.regions([region])
    }

    /// Several regions on the sensor, all of them in every frame; the whole sensor if there are none. They may not overlap, all have
    /// the same binning, and more than one needs frame metadata and a camera that takes so many
    /// ([`crate::Camera::region_limit`]). Takes the place of [`Self::region`].
    ///
    /// A frame is viewed region by region: [`crate::Lease::regions`] with [`crate::Session::regions`]. Without that, its pixels are
    /// those of the first region.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use std::time::Duration;
    /// use pvcam::{Plan, Region};
    /// let cells = [Region::new(100, 40, 64, 32), Region::new(900, 1200, 32, 48)];
    /// let plan = Plan::sequence(3).regions(cells).exposure(Duration::from_millis(1));
    /// let (session, frames) = camera.arm(plan)?.start()?;
    /// while let Some(frame) = frames.next_within(Duration::from_secs(5))? {
    ///     for region in frame.regions(session.regions()) {
    ///         let pixels: &[u16] = region.pixels()?;
    ///         println!("{:?}: {} pixels", region.origin(), pixels.len());
    ///     }
    /// }
    /// # session.stop()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn regions(mut self, regions: impl IntoIterator<Item = Region>) -> Self {
        self.regions = regions.into_iter().collect();
        self
    }

    /// How many sensor pixels make one picture pixel; 1 x 1 if not set.
    #[must_use]
    pub const fn binning(mut self, binning: Binning) -> Self {
        self.binning = binning;
        self
    }

    /// Slots of the ring, at least 3. If not set: a second of frames, or what the SDK recommends, or 32, whichever is more,
    /// within 1024 and the budget. Has no meaning for a sequence. A start that fails because the ring cannot be locked in memory
    /// is tried again with half as many.
    #[must_use]
    pub const fn ring(mut self, slots: u32) -> Self {
        self.ring = Some(slots);
        self
    }

    /// How frames are to reach their readers; [`Delivery::Auto`] if not set.
    #[must_use]
    pub const fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// What a probe of the ring has found ([`crate::Camera::probe_ring`]). Used if it was found on this very camera, firmware,
    /// interface, port, SDK version and kind of frame; otherwise it is as if nothing was known.
    #[must_use]
    pub fn trust(mut self, trust: &RingTrust) -> Self {
        self.trust = Some(trust.clone());
        self
    }

    /// Most bytes of memory that ring and reserve may take, those that are still leased from earlier runs included. A quarter
    /// of the available memory if not set.
    #[must_use]
    pub const fn budget(mut self, bytes: u64) -> Self {
        self.budget = Some(bytes);
        self
    }

    /// Blocks kept beside the ring, for copies: how many copied frames can be leased at once. Half the slots of the ring, 4 to 32,
    /// if not set (a quarter of the slots, 4 to 16, for a ring in place, where frames that are held long are moved; none for a sequence in
    /// place).
    #[must_use]
    pub const fn reserve(mut self, blocks: u32) -> Self {
        self.reserve = Some(blocks);
        self
    }

    /// How many slots of a ring in place are kept free: when fewer are, the frames held longest are moved into the reserve, where
    /// readers go on seeing them at the same address. 2 if not set; at most half the slots; 0 never moves a frame, so that who
    /// holds one for long stalls the camera.
    #[must_use]
    pub const fn keep_free(mut self, slots: u32) -> Self {
        self.keep_free = Some(slots);
        self
    }

    /// What happens when the reserve is used up, and a ring in place is full of frames that are held: frames are lost and counted
    /// ([`Pressure::Lose`], if not set), or the stream ends ([`Pressure::Stop`]; readers learn it by
    /// [`crate::error::WaitError::Ended`]). [`crate::Session::holders`] says who holds what.
    #[must_use]
    pub const fn pressure(mut self, pressure: Pressure) -> Self {
        self.pressure = pressure;
        self
    }
}
