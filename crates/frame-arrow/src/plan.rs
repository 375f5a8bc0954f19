//! What the columns are made for: the regions of a frame, and what holds for all frames of a run.

use core::time::Duration;

use frame_pool::{Layout, Lease, RegionLayout};

use crate::error::SchemaError;
use crate::schema::FrameSchema;

/// What the camera itself says of one frame, on its own clock: ns since it was powered up or reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraTimes {
    /// Begin of the frame.
    pub begin_ns: u64,
    /// End of the frame.
    pub end_ns: u64,
    /// Exposure of this very frame.
    pub exposure_ns: u64,
}

/// How the camera's own times are found in a frame; `None` for a frame that carries none.
pub(crate) type TimesOf = fn(&Lease) -> Option<CameraTimes>;

/// What a [`FrameSchema`] is made for.
///
/// ```
/// use std::time::Duration;
/// use frame_arrow::SchemaPlan;
/// use frame_pool::{Element, Layout};
/// let layout = Layout::mono(Element::U16, 12, 1024, 2048).at_offset(80);
/// let schema = SchemaPlan::new(layout).camera("A20B300123").exposure(Duration::from_millis(10)).build()?;
/// let frame = schema.arrow().field(0);
/// assert_eq!(frame.extension_type_name(), Some("arrow.fixed_shape_tensor"));
/// assert_eq!(frame.extension_type_metadata(), Some(r#"{"shape":[1024,2048],"dim_names":["y","x"]}"#));
/// # Ok::<(), frame_arrow::SchemaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SchemaPlan {
    pub(crate) regions: Vec<RegionLayout>,
    pub(crate) camera: String,
    pub(crate) exposure: Option<Duration>,
    pub(crate) times: Option<TimesOf>,
    pub(crate) settings: Vec<(String, String)>,
}

impl SchemaPlan {
    /// Frames of one region whose place on the sensor is not told.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self::regions(&[RegionLayout::new(layout, 0, 0)])
    }

    /// Frames of these regions: each becomes a column of its own, all of them in the one slot. Of a single region, each frame tells
    /// its own offset in the slot; of several, the table's offsets hold for all frames (`Session::regions` in the `pvcam` crate).
    #[must_use]
    pub fn regions(regions: &[RegionLayout]) -> Self {
        Self {
            regions: regions.to_vec(),
            camera: String::new(),
            exposure: None,
            times: None,
            settings: Vec::new(),
        }
    }

    /// The camera's serial number.
    #[must_use]
    pub fn camera(self, serial: &str) -> Self {
        Self { camera: serial.to_owned(), ..self }
    }

    /// The exposure that the camera settled on, for frames that do not tell their own.
    #[must_use]
    pub fn exposure(self, exposure: Duration) -> Self {
        Self { exposure: Some(exposure), ..self }
    }

    /// Finds the camera's own times in each frame. `begin_ns` and `end_ns` are then on the camera's clock; without it they are on
    /// that of the host's driver. The function is called on the thread that makes the batch.
    #[must_use]
    pub fn camera_times(self, times: fn(&Lease) -> Option<CameraTimes>) -> Self {
        Self { times: Some(times), ..self }
    }

    /// A setting of the run, kept in the schema's metadata as `settings.KEY`.
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.push((format!("settings.{key}"), value.to_string()));
        self
    }

    /// Makes the columns.
    ///
    /// # Errors
    /// [`SchemaError`]: no region, or one that is tiled, empty or too large for a column.
    pub fn build(self) -> Result<FrameSchema, SchemaError> {
        FrameSchema::new(self)
    }
}
