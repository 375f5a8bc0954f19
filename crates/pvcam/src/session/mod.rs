//! A running acquisition.

mod context;
mod delivery;
mod fill;
mod lag;
mod launch;
mod missed;
mod pace;
mod pulse;
mod run;
mod settle;
mod silence;
mod slot;
mod status;
mod stop;
mod times;
mod unlock;

use core::fmt;
use std::sync::Arc;

use frame_pool::{Books, Holder, LossEvent, Pool, RegionLayout, Stream, StreamMode};

pub(crate) use context::{Context, on_end_of_frame, on_removed};
pub(crate) use launch::{Launched, Receiver, launch};
pub(crate) use pulse::Pulse;
pub(crate) use run::Run;
pub(crate) use silence::Silence;
pub(crate) use status::{Status, ask};
pub use times::CallbackTimes;

use crate::arm::{Armed, ArmedCore, Settings};
use crate::error::{StopError, TimeoutCause};
use crate::holders::{EndedBy, HeldBy, Watch};

/// A camera that is acquiring. There is no way to reach a parameter while it runs: that would stop the stream silently.
///
/// [`Session::stop`] ends it and gives the camera back. Dropping it stops as well; then camera and memory are given up
/// together.
///
/// ```compile_fail
/// fn peek(session: &pvcam::Session) {
///     // A session has no camera to ask.
///     session.temperature_centi();
/// }
/// ```
#[must_use = "dropping a session stops it"]
pub struct Session {
    settings: Settings,
    regions: Arc<[RegionLayout]>,
    stream: Arc<Stream>,
    pulse: Arc<Pulse>,
    watch: Arc<Watch>,
    context: Arc<Context>,
    /// Taken by `stop` and by `Drop`.
    core: Option<Box<SessionCore>>,
}

/// What a running acquisition is made of.
pub(crate) struct SessionCore {
    pub(super) armed: Box<ArmedCore>,
    pub(super) pool: Pool,
    pub(super) stream: Arc<Stream>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) watch: Arc<Watch>,
}

/// A session that has stopped.
#[derive(Debug)]
#[must_use = "it holds the camera"]
#[non_exhaustive]
pub struct Stopped {
    /// The camera, still set up: `start` may be called again at once.
    pub armed: Armed,
    /// Where every frame went. Final, and balanced.
    pub books: Books,
    /// The losses that nobody took from the session ([`Session::next_loss`]), by their numbers; at most 1024, the rest is in the
    /// books alone.
    pub losses: Vec<LossEvent>,
    /// What the callbacks noticed.
    pub oddities: Oddities,
    /// How long the callbacks took.
    pub callback_times: CallbackTimes,
    /// By what the stream had ended before it was stopped; `None` if it had not, or as a sequence does.
    pub ended: Option<EndedBy>,
}

/// Callbacks that brought no frame. All 0 with a well-behaved SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Oddities {
    /// The same frame number again, or a lower one.
    pub duplicates: u64,
    /// Left over from the run before, or without a frame number.
    pub late: u64,
    /// While no run was current, or while another callback was inside (counted since the camera was opened).
    pub ignored: u64,
}

impl Session {
    pub(crate) fn new(core: Box<SessionCore>) -> Self {
        Self {
            settings: core.armed.settings,
            regions: Arc::clone(&core.armed.regions),
            stream: Arc::clone(&core.stream),
            pulse: Arc::clone(&core.pulse),
            watch: Arc::clone(&core.watch),
            context: Arc::clone(&core.armed.camera.device.context),
            core: Some(core),
        }
    }

    /// What the camera is doing, as it told after setup.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The regions of each frame, as [`Armed::regions`]. [`Self::shared_regions`] has them for other threads.
    #[must_use]
    pub fn regions(&self) -> &[RegionLayout] {
        &self.regions
    }

    /// As [`Self::regions`], to be kept or sent elsewhere. Nothing is copied.
    #[must_use]
    pub fn shared_regions(&self) -> Arc<[RegionLayout]> {
        Arc::clone(&self.regions)
    }

    /// Where every frame went, up to now.
    #[must_use]
    pub fn books(&self) -> Books {
        self.stream.books()
    }

    /// Takes the oldest loss that was not taken yet, by its numbers, so that a writer can leave room for it.
    #[must_use]
    pub fn next_loss(&self) -> Option<LossEvent> {
        self.stream.next_loss()
    }

    /// Lets `holder` stand by name in [`Self::holders`], and in what is told when the ring is full or memory is still leased. Holds
    /// for later runs of the camera as well, until [`Self::deregister`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// # let region = pvcam::Region::centred(camera.sensor(), 64, 64);
    /// # let armed = camera.arm(pvcam::Plan::continuous().region(region).ring(8))?;
    /// let (session, frames) = armed.start()?;
    /// let recorder = pvcam::Holder::new("recorder");
    /// session.register(&recorder);
    /// let frame = frames.next_within(std::time::Duration::from_secs(5))?.map(|lease| recorder.hold(lease));
    /// println!("{}", session.holders()); // recorder holds 1 frames, frame 1 for 0 ms
    /// assert_eq!(session.holders().named[0].frames, 1);
    /// # drop(frame);
    /// # drop(session);
    /// # Ok(())
    /// # }
    /// ```
    pub fn register(&self, holder: &Holder) {
        self.watch.roster().register(holder);
    }

    /// `holder` is not named any more.
    pub fn deregister(&self, holder: &Holder) {
        self.watch.roster().deregister(holder);
    }

    /// Who holds frames of this camera now, how many, and since when: whom to blame when frames are lost to a full ring or a
    /// used-up reserve. Exact when nothing moves.
    #[must_use]
    pub fn holders(&self) -> HeldBy {
        self.watch.held_by()
    }

    /// By what the stream ended, if it did so by itself: under pressure ([`crate::Pressure::Stop`]), because memory could not
    /// be mapped, or by an overrun of a subscriber that had asked for that. Frames that the camera sends after it are discarded. The
    /// session still has to be stopped.
    #[must_use]
    pub fn ended(&self) -> Option<EndedBy> {
        self.watch.ended_by_now().cloned()
    }

    /// How frames reach their readers now. `Locked` becomes `Copied` when evidence spoke against the ring.
    #[must_use]
    pub fn delivery(&self) -> StreamMode {
        self.stream.mode()
    }

    /// Whether no frame of the sequence will come any more: the last one was announced, or a wait in vain ([`Self::why_silent`]) found
    /// that the camera has sent all of them long ago.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pulse.has_handed_over_all()
    }

    /// Why no frame comes, as far as the SDK tells. For a session that delivers into a sink ([`Armed::start_into`]), by whoever waited in
    /// vain: [`crate::Frames`] asks by itself.
    ///
    /// It also helps where it can: slots that readers let go of go back to the camera, and on a locked ring that has been silent for longer
    /// than a frame can take, frames whose callbacks were lost are settled, and the newest of them goes to the sink. Asks the camera
    /// under the SDK's lock, so it may wait for other calls; not for the camera's callback thread.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// # let region = pvcam::Region::centred(camera.sensor(), 64, 64);
    /// # let armed = camera.arm(pvcam::Plan::continuous().region(region).exposure(std::time::Duration::from_secs(9)).ring(8))?;
    /// let (session, _frames) = armed.start()?;
    /// // A subscriber waited for a moment, and nothing came: nine seconds of exposure are not over.
    /// assert_eq!(session.why_silent(), pvcam::error::TimeoutCause::Slow);
    /// # drop(session);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn why_silent(&self) -> TimeoutCause {
        let silence = Silence {
            link: self.core.as_ref().map(|core| core.armed.camera.device.link.clone()),
            settings: &self.settings,
            stream: &self.stream,
            pulse: &self.pulse,
            context: &self.context,
            watch: &self.watch,
        };
        self.stream.nudge();
        silence.look_for_missed();
        silence.cause(silence.status())
    }

    /// Callbacks that brought no frame.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        Oddities::of(&self.pulse, &self.context)
    }

    /// How long the callbacks have taken up to now.
    #[must_use]
    pub fn callback_times(&self) -> CallbackTimes {
        self.pulse.times.read()
    }

    /// Stops the camera, waits (at most two seconds) until no callback is inside, and gives the camera back. Frames that are
    /// leased stay valid; frames that wait in a queue can still be taken.
    ///
    /// A sequence that has ended by itself is stopped in the same way, which then costs next to nothing.
    ///
    /// # Errors
    /// [`StopError::Incomplete`] if the SDK does not confirm that it writes no more: the camera is lost for this process then.
    /// [`StopError::Requested`] on the camera's own callback thread.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: the simulator's own functions, linked into this program.
    /// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
    /// # let camera = sdk.open("pvcamUSB_0", pvcam::OpenPolicy::Raw)?.camera;
    /// # let region = pvcam::Region::centred(camera.sensor(), 64, 64);
    /// # let armed = camera.arm(pvcam::Plan::continuous().region(region).ring(8))?;
    /// let (session, frames) = armed.start()?;
    /// let frame = frames.next_within(std::time::Duration::from_secs(5))?;
    /// let stopped = session.stop()?;
    /// println!("{}", stopped.books); // 3 observed = 3 delivered
    /// let (session, frames) = stopped.armed.start()?; // again, without a new setup
    /// # assert!(stopped.books.balanced());
    /// # drop((frame, frames));
    /// # drop(session);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop(mut self) -> Result<Stopped, StopError> {
        match self.core.take() {
            Some(core) => stop::stop(core),
            None => Err(StopError::Requested),
        }
    }
}

impl Oddities {
    fn of(pulse: &Pulse, context: &Context) -> Self {
        Self { duplicates: pulse.duplicates(), late: pulse.late(), ignored: context.ignored() }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(core) = self.core.take()
            && let Err(why) = stop::stop(core)
        {
            tracing::error!(%why, "a dropped session did not stop cleanly");
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("books", &self.books()).finish_non_exhaustive()
    }
}
