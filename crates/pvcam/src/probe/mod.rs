//! Measuring whether a camera's ring honours locks.

mod bench;
mod memory;
mod run;
mod trust;

use core::time::Duration;

use bench::Bench;
use memory::number_in;
pub(crate) use run::ProbeRun;
pub(crate) use trust::RingKey;
pub use trust::{FullRing, RingTrust};

use crate::arm::{self, RingMode, Setup, host_processing, set_up};
use crate::camera::{self, Camera, Core};
use crate::error::{ParamError, ProbeError};
use crate::param;
use crate::plan::{Binning, ExposureUnit, Extent, Region};

/// Slots of the ring that is probed.
const SLOTS: u32 = 8;
/// Side of the region that is exposed.
const SIDE: u16 = 64;
/// Exposure: long enough that this thread keeps up with a ring of 8, short enough that the probe takes a second or two.
const EXPOSURE: Duration = Duration::from_millis(10);
/// Frames for which a ring that halts is kept going.
const LAPS: u32 = 3;

/// What a probe has seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RingReport {
    /// To be handed to [`crate::Plan::trust`].
    pub trust: RingTrust,
    /// Slots of the ring that was probed.
    pub slots: u32,
    /// Whether the stream went on after a full ring was unlocked.
    pub resumes: bool,
    /// Whether frame numbers count the frames that a full ring lost. `None` if none were lost or the stream did not go on.
    pub numbers_count_lost: Option<bool>,
}

/// What was seen when the ring was left to fill up.
struct Seen {
    full_ring: FullRing,
    unlock_needs_get: bool,
    numbers_count_lost: Option<bool>,
}

impl Camera {
    /// Finds out, on this very camera, whether a slot of a `CIRC_NO_OVERWRITE` ring keeps its frame until it is unlocked. The
    /// SDK's documents contradict each other on that, and a lease in place is only as good as the answer.
    ///
    /// **The camera exposes**, some dozens of frames of 10 ms with the internal trigger: what hangs on its outputs may fire. Hence it
    /// is never done unasked. It takes a second or two. Metadata and exposure unit are put back afterwards.
    ///
    /// # Errors
    /// [`ProbeError`]: no metadata, host post-processing on, no frames, or a behaviour that is none of the known ones.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # pvcam_sim::Control::in_process().configure("[[camera]]\nmodel = 'prime-bsi-usb'\nno_overwrite = 'lossy'")?;
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let mut camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// use pvcam::{Plan, Region, StreamMode};
    /// let report = camera.probe_ring()?;
    /// let region = Region::centred(camera.sensor(), 64, 64);
    /// let armed = camera.arm(Plan::continuous().region(region).ring(16).trust(&report.trust))?;
    /// if report.trust.locks_hold() {
    ///     assert_eq!(armed.settings().delivery, StreamMode::Locked);
    /// }
    /// # assert!(report.trust.locks_hold());
    /// # Ok(())
    /// # }
    /// ```
    pub fn probe_ring(&mut self) -> Result<RingReport, ProbeError> {
        let core = self.core_mut();
        let link = &core.device.link;
        core.device.check_usable()?;
        let Some(metadata) = camera::metadata_enabled(link) else { return Err(ProbeError::NoMetadata) };
        if host_processing(link) {
            return Err(ProbeError::HostProcessing);
        }
        let unit = camera::unit(link);
        let report = probe(core);
        put_back(core, metadata, unit)?;
        if let Ok(report) = &report {
            tracing::info!(camera = %core.identity.name, full_ring = ?report.trust.full_ring(), "ring probed");
        }
        report
    }
}

fn put_back(core: &Core, metadata: bool, unit: ExposureUnit) -> Result<(), ParamError> {
    let link = &core.device.link;
    if !metadata {
        link.set(param::PARAM_METADATA_ENABLED, 0)?;
    }
    camera::set_unit(link, unit)
}

fn probe(core: &Core) -> Result<RingReport, ProbeError> {
    core.device.link.set(param::PARAM_METADATA_ENABLED, 1)?;
    let key = RingKey::read(core);
    let (frame_bytes, frame_time) = set_up_small(core)?;
    let start = || Bench::start(&core.device, frame_bytes, SLOTS, frame_time);
    let bench = start()?;
    let seen = watch_it_fill(&bench);
    bench.end()?;
    let mut seen = seen?;
    if seen.full_ring == FullRing::Halts && !keeps_going(start()?, false)? {
        seen.unlock_needs_get = true;
        if !keeps_going(start()?, true)? {
            return Err(ProbeError::Unclear("the stream ends although every slot was unlocked in time"));
        }
    }
    let Seen { full_ring, unlock_needs_get, numbers_count_lost } = seen;
    let trust = RingTrust { key, full_ring, unlock_needs_get };
    Ok(RingReport { trust, slots: SLOTS, resumes: full_ring == FullRing::Drops, numbers_count_lost })
}

/// Sets up a small ring with locks; bytes and time of a frame.
fn set_up_small(core: &Core) -> Result<(u32, Duration), ProbeError> {
    let link = &core.device.link;
    let regions = Region::centred(core.sensor, SIDE, SIDE).into();
    let exposure = arm::choose_exposure(core, EXPOSURE)?;
    let (extent, binning, ring_mode) = (Extent::Continuous, Binning::NONE, RingMode::NoOverwrite);
    let setup = Setup { extent, regions, binning, exposure, ring_mode };
    let frame_bytes = set_up(link, &setup).map_err(|failure| setup.refused(failure))?;
    let readout = Duration::from_micros(link.optional(param::PARAM_READOUT_TIME).unwrap_or(0));
    Ok((frame_bytes, EXPOSURE.max(readout)))
}

/// Lets the ring fill up without unlocking anything, then unlocks slot by slot.
fn watch_it_fill(bench: &Bench<'_>) -> Result<Seen, ProbeError> {
    let seen = |full_ring| Seen { full_ring, unlock_needs_get: false, numbers_count_lost: None };
    let slots = u64::from(SLOTS);
    bench.needs(1)?;
    let first = bench.ring.read(0);
    match number_in(&first) {
        Some(1) => {}
        // So late that the camera has come round already.
        Some(number) if number > SLOTS => return Ok(seen(FullRing::Overwrites)),
        _ => return Err(ProbeError::Unclear("the first frame is not in the first slot")),
    }
    bench.needs(slots)?;
    // Time for two frames more, whatever becomes of them.
    let announced_more = bench.reaches(slots + 2);
    if bench.ring.read(0) != first {
        return Ok(seen(FullRing::Overwrites));
    }
    if announced_more {
        return Err(ProbeError::Unclear("frames are announced although no slot was free for them"));
    }
    unlock_one_by_one(bench)
}

/// The ring is full and has kept its first slot: does it go on when it is unlocked?
///
/// That nothing was written over proves nothing if the frames paused just then. So it is full once more after each unlock, and
/// frames must have been lost in the end: a ring that overwrites loses none.
fn unlock_one_by_one(bench: &Bench<'_>) -> Result<Seen, ProbeError> {
    let full = bench.announced();
    let mut unlock_needs_get = false;
    bench.unlock(false);
    if !bench.comes_to(full + 1) {
        if bench.has_died() {
            return Ok(Seen { full_ring: FullRing::Halts, unlock_needs_get, numbers_count_lost: None });
        }
        unlock_needs_get = true;
        bench.unlock(true);
        if !bench.comes_to(full + 1) {
            return Err(ProbeError::Unclear(
                "a full ring neither ends the stream nor goes on after an unlock",
            ));
        }
    }
    let mut lost = 0;
    for slot in 0..SLOTS / 2 {
        let announced = full + 1 + u64::from(slot);
        bench.needs(announced)?;
        if bench.passes(announced) {
            return Ok(Seen { full_ring: FullRing::Overwrites, unlock_needs_get, numbers_count_lost: None });
        }
        let (freed, held) = (bench.ring.number(slot), bench.ring.number(slot + 1));
        let Some(freed) = freed.filter(|number| *number > SLOTS && held == Some(slot + 2)) else {
            return Err(ProbeError::Unclear("the stream did not go on in the slot that was unlocked"));
        };
        lost = u64::from(freed).saturating_sub(announced);
        bench.unlock(unlock_needs_get);
    }
    if lost == 0 {
        return Err(ProbeError::Unclear(
            "the ring was full, but no frame was lost to it: the camera or this machine may have paused; try again",
        ));
    }
    let numbers_count_lost = Some(bench.newest() > bench.announced());
    Ok(Seen { full_ring: FullRing::Drops, unlock_needs_get, numbers_count_lost })
}

/// Unlocks every slot as soon as its frame has come; whether the stream then goes on, frame after frame in slot after slot.
fn keeps_going(bench: Bench<'_>, get: bool) -> Result<bool, ProbeError> {
    let mut going = true;
    for frame in 1..=LAPS * SLOTS {
        let slot = (frame - 1) % SLOTS;
        if !bench.comes_to(frame.into()) || bench.ring.number(slot) != Some(frame) {
            going = false;
            break;
        }
        bench.unlock(get);
    }
    bench.end()?;
    Ok(going)
}
