//! An output that remembers what it was given, and ends the process if any thread but its opener touches it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use frame_vcam::{DeviceError, Geometry, Opener, Output, PaintError, Painter, PixelFormat};
use pvcam::{Layout, Lease};

use crate::rig::SOON;

/// What happened on a stage, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scene {
    /// It was opened.
    Opened(Geometry),
    /// It could not be opened.
    Refused,
    /// A picture was shown, with its time stamp.
    Shown(Vec<u8>, u64),
    /// The picture before was shown again.
    Repeated(u64),
    /// It was closed.
    Closed,
}

#[derive(Debug, Default)]
struct Inner {
    scenes: Mutex<Vec<Scene>>,
    changed: Condvar,
    behaviour: Mutex<Behaviour>,
    resumed: Condvar,
    attended: AtomicU64,
}

/// How the stage misbehaves from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Opening fails so many times.
    pub refusals: u32,
    /// Showing fails so many times.
    pub failures: u32,
    /// Showing panics so many times.
    pub panics: u32,
    /// A picture is not taken before this ends: a device that hangs.
    pub hangs: bool,
    /// All buffers are with the device.
    pub full: bool,
    /// It wants attention that often.
    pub attention: Option<Duration>,
    /// When it gets attention, it says that its server is gone.
    pub server_is_gone: bool,
}

/// A place to show pictures, looked at from the test. Its clones are one; each opens on one thread only.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    inner: Arc<Inner>,
    /// The thread that opened it first.
    opened_by: Option<ThreadId>,
}

/// The output of a [`Stage`].
pub struct StageOutput {
    stage: Stage,
    owner: ThreadId,
    pixels: Vec<u8>,
    shown: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// Changes how it behaves.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.inner.behaviour) = behaviour;
        self.inner.resumed.notify_all();
    }

    /// How often it got attention.
    #[must_use]
    pub fn attended(&self) -> u64 {
        self.inner.attended.load(Ordering::Relaxed)
    }

    /// All that happened.
    #[must_use]
    pub fn all_scenes(&self) -> Vec<Scene> {
        lock(&self.inner.scenes).clone()
    }

    /// All that happened, but for pictures that were shown again.
    #[must_use]
    pub fn scenes(&self) -> Vec<Scene> {
        self.all_scenes().into_iter().filter(|scene| !matches!(scene, Scene::Repeated(_))).collect()
    }

    /// Waits until `found` finds what it looks for in all that happened.
    pub fn await_scene<T>(&self, what: &str, found: impl Fn(&[Scene]) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut scenes = lock(&self.inner.scenes);
        loop {
            if let Some(found) = found(&scenes) {
                return found;
            }
            assert!(begun.elapsed() < SOON, "{what} does not come: {scenes:?}");
            let waited = self.inner.changed.wait_timeout(scenes, Duration::from_millis(100));
            scenes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the `n`-th picture (from 1) and answers its pixels and time stamp.
    #[must_use]
    pub fn picture(&self, n: usize) -> (Vec<u8>, u64) {
        let shown = |scene: &Scene| match scene {
            Scene::Shown(pixels, stamp) => Some((pixels.clone(), *stamp)),
            _ => None,
        };
        self.await_scene("a picture", |scenes| scenes.iter().filter_map(shown).nth(n - 1))
    }

    /// Waits until the `n`-th closing (from 1).
    pub fn await_closing(&self, n: usize) {
        let closings = |scenes: &[Scene]| scenes.iter().filter(|scene| **scene == Scene::Closed).count();
        self.await_scene("the end", |scenes| (closings(scenes) >= n).then_some(()));
    }

    /// An output that belongs to the thread that calls this.
    #[must_use]
    pub fn output(&self, geometry: Geometry) -> StageOutput {
        self.add(Scene::Opened(geometry));
        let pixels = vec![0; geometry.frame_bytes()];
        StageOutput { stage: self.clone(), owner: std::thread::current().id(), pixels, shown: false }
    }

    fn add(&self, scene: Scene) {
        lock(&self.inner.scenes).push(scene);
        self.inner.changed.notify_all();
    }
}

impl Opener for Stage {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        let me = std::thread::current().id();
        if *self.opened_by.get_or_insert(me) != me {
            eprintln!("an output was opened by a thread that is not the one of before");
            std::process::abort();
        }
        let mut behaviour = lock(&self.inner.behaviour);
        if behaviour.refusals > 0 {
            behaviour.refusals -= 1;
            self.add(Scene::Refused);
            return Err(DeviceError::Busy { path: "stage".into(), by: vec!["a test".to_owned()] });
        }
        drop(behaviour);
        Ok(Box::new(self.output(geometry)))
    }
}

impl StageOutput {
    /// As some drivers do, only at once.
    fn is_mine(&self) {
        if std::thread::current().id() != self.owner {
            eprintln!("an output was used by a thread that did not open it");
            std::process::abort();
        }
    }

    fn misbehave(&self) -> Result<(), DeviceError> {
        let mut behaviour = lock(&self.stage.inner.behaviour);
        while behaviour.hangs {
            behaviour = self.stage.inner.resumed.wait(behaviour).unwrap_or_else(PoisonError::into_inner);
        }
        if behaviour.failures > 0 {
            behaviour.failures -= 1;
            return Err(DeviceError::Gone { path: "stage".into() });
        }
        if behaviour.panics > 0 {
            behaviour.panics -= 1;
            drop(behaviour);
            panic!("a stage that falls apart");
        }
        Ok(())
    }
}

impl Output for StageOutput {
    fn place(&self) -> String {
        self.is_mine();
        "stage".to_owned()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        self.is_mine();
        Ok((!lock(&self.stage.inner.behaviour).full).then_some(&mut self.pixels))
    }

    fn send(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        self.is_mine();
        self.misbehave()?;
        self.shown = true;
        self.stage.add(Scene::Shown(self.pixels.clone(), stamp_ns));
        Ok(true)
    }

    fn repeat(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        self.is_mine();
        if self.shown {
            self.stage.add(Scene::Repeated(stamp_ns));
        }
        Ok(self.shown)
    }

    fn attend(&mut self) -> Result<Option<Duration>, DeviceError> {
        self.is_mine();
        self.stage.inner.attended.fetch_add(1, Ordering::Relaxed);
        let behaviour = lock(&self.stage.inner.behaviour).clone();
        if behaviour.server_is_gone {
            return Err(DeviceError::Gone { path: "stage".into() });
        }
        Ok(behaviour.attention)
    }
}

impl Drop for StageOutput {
    fn drop(&mut self) {
        self.is_mine();
        self.stage.add(Scene::Closed);
    }
}

/// Draws 16-bit frames as their low bytes, so that a test can say what each pixel must be. Panics where it is told to.
#[derive(Debug, Clone, Copy, Default)]
pub struct LowBytes {
    /// The frame (by its number) that makes it panic.
    pub panics_at: Option<u64>,
}

impl Painter for LowBytes {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        Ok(Geometry::new(source.columns, source.rows, format)?)
    }

    fn prepare(&mut self, _source: &Layout, _target: Geometry) -> Result<(), PaintError> {
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        assert_ne!(Some(frame.record().number), self.panics_at, "a painter that falls down");
        for (out, value) in out.iter_mut().zip(frame.pixels::<u16>()?) {
            *out = *value as u8;
        }
        Ok(())
    }
}
