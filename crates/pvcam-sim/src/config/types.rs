//! The shape of the configuration file.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::trigger::Train;
use crate::model::Model;
use crate::scene::TiffStack;

/// All cameras of one configuration, checked and with their files read.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) cameras: Vec<CameraConfig>,
}

/// One camera, ready to be switched on.
#[derive(Clone, Debug)]
pub(crate) struct CameraConfig {
    pub(crate) model: Arc<Model>,
    pub(crate) name: String,
    pub(crate) serial: String,
    pub(crate) no_overwrite: Story,
    pub(crate) frame_nr_counts_lost: bool,
    pub(crate) clock: Clock,
    pub(crate) speed: Speed,
    pub(crate) catch_up: CatchUp,
    pub(crate) scene: SceneKind,
    /// The pages for [`SceneKind::Replay`].
    pub(crate) replay: Option<Arc<TiffStack>>,
    /// Where the pattern starts with which the stamp scene fills the ring.
    pub(crate) seed: u32,
    pub(crate) params_while_running: RunningAccess,
    pub(crate) post_stop_callbacks: u32,
    pub(crate) faults: Faults,
    /// Pulses on the external trigger input, from each start on.
    pub(crate) script: Arc<[Train]>,
}

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    #[serde(default)]
    pub(super) camera: Vec<toml::Spanned<CameraFile>>,
}

/// One `[[camera]]` table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraFile {
    /// One of the embedded models.
    pub(super) model: Option<toml::Spanned<String>>,
    /// A model file of the user's own, instead.
    pub(super) model_file: Option<toml::Spanned<String>>,
    pub(super) name: Option<toml::Spanned<String>>,
    pub(super) serial: Option<toml::Spanned<String>>,
    #[serde(default)]
    pub(super) no_overwrite: Story,
    #[serde(default = "yes")]
    pub(super) frame_nr_counts_lost: bool,
    #[serde(default)]
    pub(super) clock: Clock,
    #[serde(default)]
    pub(super) speed: Speed,
    #[serde(default)]
    pub(super) catch_up: CatchUp,
    pub(super) scene: Option<toml::Spanned<SceneKind>>,
    pub(super) replay: Option<toml::Spanned<String>>,
    #[serde(default = "one")]
    pub(super) seed: u32,
    #[serde(default)]
    pub(super) params_while_running: RunningAccess,
    #[serde(default)]
    pub(super) post_stop_callbacks: u32,
    #[serde(default)]
    pub(super) faults: Faults,
    #[serde(default, rename = "trigger")]
    pub(super) script: Vec<Train>,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

/// What a full `CIRC_NO_OVERWRITE` ring does; the vendor's documents contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Story {
    /// The oldest slot is overwritten and the next retrieval fails with 173.
    #[default]
    FlagError,
    /// Frames are dropped until a slot is unlocked.
    Lossy,
    /// The stream ends.
    Halt,
}

/// What paces the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Clock {
    /// The machine's monotonic clock.
    #[default]
    Real,
    /// `pvcam_sim_step`.
    Stepped,
}

/// Factor on the frame rate, or no pacing at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    Factor(f64),
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Factor(1.0)
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpeedVisitor;
        impl Visitor<'_> for SpeedVisitor {
            type Value = Speed;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a factor from 0.001 to 10000, or \"max\"")
            }

            fn visit_f64<E: Error>(self, factor: f64) -> Result<Speed, E> {
                if (0.001..=10_000.0).contains(&factor) {
                    return Ok(Speed::Factor(factor));
                }
                Err(E::custom(format!("{factor} is not a factor from 0.001 to 10000")))
            }

            fn visit_i64<E: Error>(self, factor: i64) -> Result<Speed, E> {
                self.visit_f64(factor as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Speed, E> {
                if text == "max" {
                    return Ok(Speed::Max);
                }
                Err(E::custom(format!("`{text}` is neither a factor nor \"max\"")))
            }
        }
        deserializer.deserialize_any(SpeedVisitor)
    }
}

/// What the real clock does after the writer was starved for whole periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CatchUp {
    /// The missed periods are left out and counted in `missed_schedule`.
    #[default]
    Skip,
    /// The missed frames follow back to back.
    Burst,
}

/// What the pixels show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SceneKind {
    /// A ramp that moves with the frame number; every pixel is predictable.
    #[default]
    Counter,
    /// Only headers or an 8-byte frame number are written.
    Stamp,
    /// The pages of a TIFF file, over and over.
    Replay,
}

/// What reading or writing a parameter does to a running acquisition, if the camera itself must answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunningAccess {
    /// The call succeeds and the stream dies without a word.
    #[default]
    SilentStop,
    /// The call fails with 184; the stream goes on.
    Error,
    /// The call succeeds; the stream goes on.
    Works,
}

/// Faults to inject, by 1-based host frame number unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Faults {
    /// Written, but no callback comes.
    pub(crate) drop_notification: Vec<u32>,
    /// Never reaches the ring; host number and camera counter skip it.
    pub(crate) lose_before_host: Vec<u32>,
    /// By camera counter: the metadata number skips it, the host number does not.
    pub(crate) lose_in_camera: Vec<u32>,
    /// The stream dies without a word after this frame.
    pub(crate) silent_stop_after: Option<u32>,
    /// The callbacks of these frames come together, after the last of them was written.
    pub(crate) late_burst: Option<Burst>,
    /// After the callback returned, the first half of the slot is overwritten by a later frame.
    pub(crate) torn: Vec<u32>,
    /// The same, but before the callback.
    pub(crate) torn_early: Vec<u32>,
    /// The camera is gone after this frame.
    pub(crate) unplug_after: Option<u32>,
    /// How many starts fail.
    pub(crate) refuse_start: u32,
    /// Error code of a refused start; `None` stands for 199.
    pub(crate) start_error: Option<i16>,
}

/// Frames whose callbacks are held back and delivered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Burst {
    /// Host number of the first frame.
    pub(crate) at: u32,
    /// How many frames.
    pub(crate) frames: u32,
}
