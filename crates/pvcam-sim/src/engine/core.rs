//! What a camera keeps, open or closed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

use super::clock::CameraClock;
use super::stats::Stats;
use crate::config::{CameraConfig, Faults, Story, Train};
use crate::model::Model;
use crate::param::Control;

/// A camera of the configuration.
pub(crate) struct Core {
    /// Index in the camera list, which is the handle.
    pub(crate) index: i16,
    pub(crate) config: CameraConfig,
    pub(crate) stats: Stats,
    pub(crate) clock: CameraClock,
    /// Set once a fault has unplugged the camera; stays until the library is initialised anew.
    pub(crate) removed: AtomicBool,
    pub(crate) knobs: Mutex<Knobs>,
    /// Settings and the prepared acquisition. Taken before, never after, an engine's `run`.
    pub(crate) control: Mutex<Control>,
}

/// What tests may change while the library is initialised.
#[derive(Clone, Debug)]
pub(crate) struct Knobs {
    pub(crate) story: Story,
    pub(crate) faults: Faults,
    /// What the trigger input sees from the next start on.
    pub(crate) script: Arc<[Train]>,
}

impl Core {
    /// Switches a camera on with the settings it remembers, or those of power-up.
    pub(crate) fn new(index: i16, config: CameraConfig, control: Control) -> Self {
        Self {
            index,
            stats: Stats::default(),
            clock: CameraClock::new(config.clock),
            removed: AtomicBool::new(false),
            knobs: Mutex::new(Knobs {
                story: config.no_overwrite,
                faults: config.faults.clone(),
                script: Arc::clone(&config.script),
            }),
            control: Mutex::new(control),
            config,
        }
    }

    /// The camera's model.
    pub(crate) fn model(&self) -> &Arc<Model> {
        &self.config.model
    }
}
