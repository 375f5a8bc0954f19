//! Parameters by number and by name.

use core::fmt;

/// A parameter of the camera: the SDK's number and name for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ParamId {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
}

impl fmt::Debug for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! params {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) const $name: ParamId = ParamId { id: pvcam_sys::$name, name: stringify!($name) };)*
    };
}

params! {
    PARAM_BINNING_PAR,
    PARAM_BINNING_SER,
    PARAM_BIT_DEPTH,
    PARAM_BIT_DEPTH_HOST,
    PARAM_CAM_FW_VERSION,
    PARAM_CAM_INTERFACE_TYPE,
    PARAM_CENTROIDS_ENABLED,
    PARAM_CHIP_NAME,
    PARAM_CLEARING_TIME,
    PARAM_CLEAR_MODE,
    PARAM_COLOR_MODE,
    PARAM_EXPOSURE_MODE,
    PARAM_EXPOSURE_TIME,
    PARAM_EXP_RES,
    PARAM_EXP_RES_INDEX,
    PARAM_FRAME_BUFFER_SIZE,
    PARAM_GAIN_INDEX,
    PARAM_GAIN_NAME,
    PARAM_HEAD_SER_NUM_ALPHA,
    PARAM_HOST_FRAME_FLIP,
    PARAM_HOST_FRAME_ROTATE,
    PARAM_HOST_FRAME_SUMMING_ENABLED,
    PARAM_IMAGE_FORMAT_HOST,
    PARAM_METADATA_ENABLED,
    PARAM_PAR_SIZE,
    PARAM_PIX_PAR_SIZE,
    PARAM_PIX_SER_SIZE,
    PARAM_PIX_TIME,
    PARAM_POST_TRIGGER_DELAY,
    PARAM_PP_FEAT_ID,
    PARAM_PP_FEAT_NAME,
    PARAM_PP_INDEX,
    PARAM_PP_PARAM,
    PARAM_PP_PARAM_ID,
    PARAM_PP_PARAM_INDEX,
    PARAM_PP_PARAM_NAME,
    PARAM_PRE_TRIGGER_DELAY,
    PARAM_PRODUCT_NAME,
    PARAM_READOUT_PORT,
    PARAM_READOUT_TIME,
    PARAM_ROI_COUNT,
    PARAM_SER_SIZE,
    PARAM_SMART_STREAM_MODE_ENABLED,
    PARAM_SPDTAB_INDEX,
    PARAM_SPDTAB_NAME,
    PARAM_TEMP,
    PARAM_TEMP_SETPOINT,
}

/// What to ask of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Current,
    Count,
    Type,
    Min,
    Max,
    Default,
    Increment,
    Access,
    Available,
}

impl Attribute {
    pub(crate) const fn code(self) -> i16 {
        let code = match self {
            Self::Current => pvcam_sys::ATTR_CURRENT,
            Self::Count => pvcam_sys::ATTR_COUNT,
            Self::Type => pvcam_sys::ATTR_TYPE,
            Self::Min => pvcam_sys::ATTR_MIN,
            Self::Max => pvcam_sys::ATTR_MAX,
            Self::Default => pvcam_sys::ATTR_DEFAULT,
            Self::Increment => pvcam_sys::ATTR_INCREMENT,
            Self::Access => pvcam_sys::ATTR_ACCESS,
            Self::Available => pvcam_sys::ATTR_AVAIL,
        };
        // Attribute codes are 0 to 9.
        code as i16
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Current => "ATTR_CURRENT",
            Self::Count => "ATTR_COUNT",
            Self::Type => "ATTR_TYPE",
            Self::Min => "ATTR_MIN",
            Self::Max => "ATTR_MAX",
            Self::Default => "ATTR_DEFAULT",
            Self::Increment => "ATTR_INCREMENT",
            Self::Access => "ATTR_ACCESS",
            Self::Available => "ATTR_AVAIL",
        }
    }
}
