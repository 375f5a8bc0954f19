//! The handle of a virtual camera.

use core::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use frame_bus::{Bus, Policy, Request, SubscribeError};

use super::builder::VirtualCameraBuilder;
use super::shared::Shared;
use super::state::{CameraBooks, State};
use super::thread::{Projector, Wanted};
use crate::format::GeometryError;
use crate::output::Opener;
use crate::paint::Painter;

/// How long the end waits for a device that hangs.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// A virtual camera: what a bus carries is shown in a device that other programs open as a webcam.
///
/// One thread of its own opens, uses and closes the device. The handle only tells it what is wanted; every method may be called
/// from any thread, and none but [`Self::await_state`], [`Self::close`] and dropping waits for anything. Publishing twice is publishing once.
///
/// It takes frames as any subscriber does, newest first, so it never slows the camera down. It holds the frame that is painted, and the
/// bus keeps the newest one for it, also while nothing is published. It outlives a bus: when a run ends it goes on showing the last frame
/// (or what [`crate::Idle`] says), until it follows the bus of the next run.
///
/// An error of the device is not the end: it becomes [`State::Failed`], which says what to type, and it is tried again each second.
///
/// Closing and dropping wait for the device to be closed, 5 seconds at most. A device that hangs for longer is left to its thread, which
/// closes it when the call returns and ends then; nothing of this handle is needed for that.
///
/// ```
/// use std::time::Duration;
/// use frame_bus::{Bus, BusPlan};
/// use frame_vcam::{PixelFormat, State, VirtualCamera};
///
/// let camera = VirtualCamera::builder().size(1280, 720).frames_per_second(15).start()?;
/// let bus = Bus::new(BusPlan::for_ring(32, 8))?;
/// camera.follow(&bus)?; // and `armed.start_into(bus.sink())` with a camera of the `pvcam` crate
/// camera.publish();
/// match camera.await_state(Duration::from_secs(10), |state| *state != State::WaitingForFrame) {
///     Ok(state) => println!("{state}"), // "showing 1280 x 720 YUYV at /dev/video0", or what to type
///     Err(state) => println!("still {state}"),
/// }
/// let books = camera.close();
/// assert!(books.balance());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct VirtualCamera {
    name: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Why a virtual camera could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The size does not go with the format.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A frame rate that cannot be shown.
    #[error(
        "{rate} frames a second were asked for: 1 to 1000 can be shown, and 30 is what programs expect of a webcam"
    )]
    Rate {
        /// What was asked for.
        rate: u32,
    },
    /// The system has no thread to give.
    #[error("the virtual camera's thread could not be started: {0}; raise the limit of threads (ulimit -u)")]
    Thread(std::io::Error),
}

impl VirtualCamera {
    pub(super) fn start(
        name: String,
        wanted: Wanted,
        opener: Box<dyn Opener>,
        painter: Box<dyn Painter>,
    ) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("frame-vcam".into());
        // Made on the thread, because what it will own (an output) cannot be sent to another one.
        let run = move || Projector::new(theirs, wanted, opener, painter).run();
        let thread = builder.spawn(run).map_err(StartError::Thread)?;
        Ok(Self { name, shared, thread: Some(thread) })
    }

    /// Asks for a virtual camera: 30 pictures a second in YUYV, as large as the frames, in the first device that is free.
    pub fn builder() -> VirtualCameraBuilder {
        VirtualCameraBuilder::new()
    }

    /// Shows the frames of this bus from now on, instead of those of the bus before. Whether anything is shown is up to
    /// [`Self::publish`].
    ///
    /// # Errors
    /// [`SubscribeError`]: the bus has no seat or no frame to spare, or is closed.
    pub fn follow(&self, bus: &Bus) -> Result<(), SubscribeError> {
        self.follow_as(bus, &Request::new(&self.name, Policy::Latest))
    }

    /// The same as another kind of subscriber: with a filter, say, or with a mailbox that keeps several frames.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn follow_as(&self, bus: &Bus, request: &Request) -> Result<(), SubscribeError> {
        self.shared.follow(bus.subscribe(request)?);
        Ok(())
    }

    /// Opens the device and shows pictures in it.
    pub fn publish(&self) {
        self.shared.order(|orders| orders.published = true);
    }

    /// Closes the device.
    pub fn unpublish(&self) {
        self.shared.order(|orders| orders.published = false);
    }

    /// What it does at the moment. An order that was given just now may not be carried out yet: [`Self::await_state`].
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Where the frames went that it took.
    #[must_use]
    pub fn books(&self) -> CameraBooks {
        self.shared.books()
    }

    /// Waits, no longer than `patience`, until all orders given before are carried out and the state is one that `wanted` accepts.
    ///
    /// # Errors
    /// The state at the end of the patience; or [`State::Ended`], at once.
    pub fn await_state(&self, patience: Duration, wanted: impl Fn(&State) -> bool) -> Result<State, State> {
        match self.shared.await_state(patience, wanted) {
            (state, true) => Ok(state),
            (state, false) => Err(state),
        }
    }

    /// Closes the device and ends the thread, as dropping does, and answers the books. It waits for 5 seconds at most: the books of a
    /// device that hangs for longer are those of before.
    #[must_use]
    pub fn close(mut self) -> CameraBooks {
        self.end();
        self.books()
    }

    fn end(&mut self) {
        self.shared.order(|orders| orders.quit = true);
        if let Some(thread) = self.thread.take() {
            // Dropped by a painter, that is on the thread itself: it ends after this.
            let is_other = thread.thread().id() != std::thread::current().id();
            if is_other && self.shared.await_state(LAST_PATIENCE, |state| *state == State::Ended).1 {
                // It catches panics; what it had to say stands in the state.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for VirtualCamera {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for VirtualCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualCamera").field("name", &self.name).field("state", &self.state()).finish()
    }
}
