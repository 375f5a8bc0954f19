//! Every parameter id that the library knows, offered by the camera at hand or not.
//!
//! The value type is the true one: for five ids the type inside the id says something else.

use super::facts::Access::{self, Exist, Read, ReadWrite, Write};
use super::value::Kind::{self, Bool, Enum, F64, I16, I64, Region, SmartStream, Text, U8, U16, U32, U64};
use Route::{Camera, Host};

use crate::abi::constants::*;

/// Where the current value comes from. Only the camera's answer disturbs a running acquisition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// The host library keeps it.
    Host,
    /// Each read is a command to the camera.
    Camera,
}

/// One known parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) id: u32,
    /// Name without the `PARAM_` prefix, as model files write it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) route: Route,
}

const fn row(id: u32, name: &'static str, kind: Kind, access: Access, route: Route) -> Known {
    Known { id, name, kind, access, route }
}

/// The entry of `id`.
pub(crate) fn by_id(id: u32) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.id == id)
}

/// The entry of a name without its `PARAM_` prefix.
pub(crate) fn by_name(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// All ids, in the order of the fact table.
#[rustfmt::skip]
pub(crate) static KNOWN: [Known; 121] = [
    row(PARAM_DD_INFO_LENGTH, "DD_INFO_LENGTH", I16, Read, Host),
    row(PARAM_DD_VERSION, "DD_VERSION", U16, Read, Host),
    row(PARAM_DD_RETRIES, "DD_RETRIES", U16, ReadWrite, Host),
    row(PARAM_DD_TIMEOUT, "DD_TIMEOUT", U16, ReadWrite, Host),
    row(PARAM_DD_INFO, "DD_INFO", Text, Read, Host),
    row(PARAM_CAM_INTERFACE_TYPE, "CAM_INTERFACE_TYPE", Enum, Read, Host),
    row(PARAM_CAM_INTERFACE_MODE, "CAM_INTERFACE_MODE", Enum, Read, Host),
    row(PARAM_ADC_OFFSET, "ADC_OFFSET", I16, ReadWrite, Host),
    row(PARAM_CHIP_NAME, "CHIP_NAME", Text, Read, Host),
    row(PARAM_SYSTEM_NAME, "SYSTEM_NAME", Text, Read, Host),
    row(PARAM_VENDOR_NAME, "VENDOR_NAME", Text, Read, Host),
    row(PARAM_PRODUCT_NAME, "PRODUCT_NAME", Text, Read, Host),
    row(PARAM_CAMERA_PART_NUMBER, "CAMERA_PART_NUMBER", Text, Read, Host),
    row(PARAM_COOLING_MODE, "COOLING_MODE", Enum, Read, Host),
    row(PARAM_PREAMP_DELAY, "PREAMP_DELAY", U16, Read, Camera),
    row(PARAM_COLOR_MODE, "COLOR_MODE", Enum, Read, Host),
    row(PARAM_MPP_CAPABLE, "MPP_CAPABLE", Enum, Read, Host),
    row(PARAM_PREAMP_OFF_CONTROL, "PREAMP_OFF_CONTROL", U32, ReadWrite, Host),
    row(PARAM_PREMASK, "PREMASK", U16, Read, Host),
    row(PARAM_PRESCAN, "PRESCAN", U16, Read, Host),
    row(PARAM_POSTMASK, "POSTMASK", U16, Read, Host),
    row(PARAM_POSTSCAN, "POSTSCAN", U16, Read, Host),
    row(PARAM_PIX_PAR_DIST, "PIX_PAR_DIST", U16, Read, Host),
    row(PARAM_PIX_PAR_SIZE, "PIX_PAR_SIZE", U16, Read, Host),
    row(PARAM_PIX_SER_DIST, "PIX_SER_DIST", U16, Read, Host),
    row(PARAM_PIX_SER_SIZE, "PIX_SER_SIZE", U16, Read, Host),
    row(PARAM_SUMMING_WELL, "SUMMING_WELL", Bool, Exist, Host),
    row(PARAM_FWELL_CAPACITY, "FWELL_CAPACITY", U32, Read, Host),
    row(PARAM_PAR_SIZE, "PAR_SIZE", U16, Read, Host),
    row(PARAM_SER_SIZE, "SER_SIZE", U16, Read, Host),
    row(PARAM_ACCUM_CAPABLE, "ACCUM_CAPABLE", Bool, Exist, Host),
    row(PARAM_FLASH_DWNLD_CAPABLE, "FLASH_DWNLD_CAPABLE", Bool, Exist, Host),
    row(PARAM_READOUT_TIME, "READOUT_TIME", U32, Read, Camera),
    row(PARAM_CLEARING_TIME, "CLEARING_TIME", I64, Read, Camera),
    row(PARAM_POST_TRIGGER_DELAY, "POST_TRIGGER_DELAY", I64, Read, Camera),
    row(PARAM_PRE_TRIGGER_DELAY, "PRE_TRIGGER_DELAY", I64, Read, Camera),
    row(PARAM_CLEAR_CYCLES, "CLEAR_CYCLES", U16, ReadWrite, Host),
    row(PARAM_CLEAR_MODE, "CLEAR_MODE", Enum, ReadWrite, Host),
    row(PARAM_FRAME_CAPABLE, "FRAME_CAPABLE", Bool, Exist, Host),
    row(PARAM_PMODE, "PMODE", Enum, ReadWrite, Host),
    row(PARAM_TEMP, "TEMP", I16, Read, Camera),
    row(PARAM_TEMP_SETPOINT, "TEMP_SETPOINT", I16, ReadWrite, Host),
    row(PARAM_CAM_FW_VERSION, "CAM_FW_VERSION", U16, Read, Host),
    row(PARAM_HEAD_SER_NUM_ALPHA, "HEAD_SER_NUM_ALPHA", Text, Read, Host),
    row(PARAM_PCI_FW_VERSION, "PCI_FW_VERSION", U16, Read, Host),
    row(PARAM_FAN_SPEED_SETPOINT, "FAN_SPEED_SETPOINT", Enum, ReadWrite, Host),
    row(PARAM_CAM_SYSTEMS_INFO, "CAM_SYSTEMS_INFO", Text, Read, Camera),
    row(PARAM_EXPOSURE_MODE, "EXPOSURE_MODE", Enum, Read, Host),
    row(PARAM_EXPOSE_OUT_MODE, "EXPOSE_OUT_MODE", Enum, Read, Host),
    row(PARAM_BIT_DEPTH, "BIT_DEPTH", I16, Read, Host),
    row(PARAM_BIT_DEPTH_HOST, "BIT_DEPTH_HOST", I16, Read, Host),
    row(PARAM_IMAGE_FORMAT, "IMAGE_FORMAT", Enum, Read, Camera),
    row(PARAM_IMAGE_FORMAT_HOST, "IMAGE_FORMAT_HOST", Enum, Read, Camera),
    row(PARAM_IMAGE_COMPRESSION, "IMAGE_COMPRESSION", Enum, Read, Camera),
    row(PARAM_IMAGE_COMPRESSION_HOST, "IMAGE_COMPRESSION_HOST", Enum, Read, Camera),
    row(PARAM_SCAN_MODE, "SCAN_MODE", Enum, ReadWrite, Host),
    row(PARAM_SCAN_DIRECTION, "SCAN_DIRECTION", Enum, ReadWrite, Host),
    row(PARAM_SCAN_DIRECTION_RESET, "SCAN_DIRECTION_RESET", Bool, ReadWrite, Host),
    row(PARAM_SCAN_LINE_DELAY, "SCAN_LINE_DELAY", U16, Read, Camera),
    row(PARAM_SCAN_LINE_TIME, "SCAN_LINE_TIME", I64, Read, Camera),
    row(PARAM_SCAN_WIDTH, "SCAN_WIDTH", U16, Read, Host),
    row(PARAM_HOST_FRAME_ROTATE, "HOST_FRAME_ROTATE", Enum, ReadWrite, Host),
    row(PARAM_HOST_FRAME_FLIP, "HOST_FRAME_FLIP", Enum, ReadWrite, Host),
    row(PARAM_HOST_FRAME_SUMMING_ENABLED, "HOST_FRAME_SUMMING_ENABLED", Bool, ReadWrite, Host),
    row(PARAM_HOST_FRAME_SUMMING_COUNT, "HOST_FRAME_SUMMING_COUNT", U32, ReadWrite, Host),
    row(PARAM_HOST_FRAME_SUMMING_FORMAT, "HOST_FRAME_SUMMING_FORMAT", Enum, ReadWrite, Host),
    row(PARAM_HOST_FRAME_DECOMPRESSION_ENABLED, "HOST_FRAME_DECOMPRESSION_ENABLED", Bool, ReadWrite, Host),
    row(PARAM_GAIN_INDEX, "GAIN_INDEX", I16, ReadWrite, Host),
    row(PARAM_SPDTAB_INDEX, "SPDTAB_INDEX", I16, ReadWrite, Host),
    row(PARAM_GAIN_NAME, "GAIN_NAME", Text, Read, Host),
    row(PARAM_SPDTAB_NAME, "SPDTAB_NAME", Text, Read, Host),
    row(PARAM_READOUT_PORT, "READOUT_PORT", Enum, ReadWrite, Host),
    row(PARAM_PIX_TIME, "PIX_TIME", U16, Read, Host),
    row(PARAM_SHTR_CLOSE_DELAY, "SHTR_CLOSE_DELAY", U16, ReadWrite, Camera),
    row(PARAM_SHTR_OPEN_DELAY, "SHTR_OPEN_DELAY", U16, ReadWrite, Camera),
    row(PARAM_SHTR_OPEN_MODE, "SHTR_OPEN_MODE", Enum, ReadWrite, Host),
    row(PARAM_SHTR_STATUS, "SHTR_STATUS", Enum, Read, Camera),
    row(PARAM_IO_ADDR, "IO_ADDR", U16, ReadWrite, Host),
    row(PARAM_IO_TYPE, "IO_TYPE", Enum, Read, Host),
    row(PARAM_IO_DIRECTION, "IO_DIRECTION", Enum, Read, Host),
    row(PARAM_IO_STATE, "IO_STATE", F64, ReadWrite, Host),
    row(PARAM_IO_BITDEPTH, "IO_BITDEPTH", U16, Read, Host),
    row(PARAM_GAIN_MULT_FACTOR, "GAIN_MULT_FACTOR", U16, ReadWrite, Host),
    row(PARAM_GAIN_MULT_ENABLE, "GAIN_MULT_ENABLE", Bool, Read, Host),
    row(PARAM_PP_FEAT_NAME, "PP_FEAT_NAME", Text, Read, Host),
    row(PARAM_PP_INDEX, "PP_INDEX", I16, ReadWrite, Host),
    row(PARAM_ACTUAL_GAIN, "ACTUAL_GAIN", U16, Read, Host),
    row(PARAM_PP_PARAM_INDEX, "PP_PARAM_INDEX", I16, ReadWrite, Host),
    row(PARAM_PP_PARAM_NAME, "PP_PARAM_NAME", Text, Read, Host),
    row(PARAM_PP_PARAM, "PP_PARAM", U32, ReadWrite, Host),
    row(PARAM_READ_NOISE, "READ_NOISE", U16, Read, Host),
    row(PARAM_PP_FEAT_ID, "PP_FEAT_ID", U32, Read, Host),
    row(PARAM_PP_PARAM_ID, "PP_PARAM_ID", U32, Read, Host),
    row(PARAM_SMART_STREAM_MODE_ENABLED, "SMART_STREAM_MODE_ENABLED", Bool, ReadWrite, Host),
    row(PARAM_SMART_STREAM_MODE, "SMART_STREAM_MODE", U16, ReadWrite, Host),
    row(PARAM_SMART_STREAM_EXP_PARAMS, "SMART_STREAM_EXP_PARAMS", SmartStream, ReadWrite, Host),
    row(PARAM_SMART_STREAM_DLY_PARAMS, "SMART_STREAM_DLY_PARAMS", SmartStream, ReadWrite, Host),
    row(PARAM_EXP_TIME, "EXP_TIME", U16, ReadWrite, Camera),
    row(PARAM_EXP_RES, "EXP_RES", Enum, ReadWrite, Host),
    row(PARAM_EXP_RES_INDEX, "EXP_RES_INDEX", U16, ReadWrite, Host),
    row(PARAM_EXPOSURE_TIME, "EXPOSURE_TIME", U64, Read, Camera),
    row(PARAM_BOF_EOF_ENABLE, "BOF_EOF_ENABLE", Enum, ReadWrite, Host),
    row(PARAM_BOF_EOF_COUNT, "BOF_EOF_COUNT", U32, Read, Host),
    row(PARAM_BOF_EOF_CLR, "BOF_EOF_CLR", Bool, Write, Host),
    row(PARAM_CIRC_BUFFER, "CIRC_BUFFER", Bool, Exist, Host),
    row(PARAM_FRAME_BUFFER_SIZE, "FRAME_BUFFER_SIZE", U64, Read, Host),
    row(PARAM_BINNING_SER, "BINNING_SER", Enum, Read, Host),
    row(PARAM_BINNING_PAR, "BINNING_PAR", Enum, Read, Host),
    row(PARAM_METADATA_ENABLED, "METADATA_ENABLED", Bool, ReadWrite, Host),
    row(PARAM_METADATA_RESET_TIMESTAMP, "METADATA_RESET_TIMESTAMP", Bool, Write, Host),
    row(PARAM_ROI_COUNT, "ROI_COUNT", U16, Read, Host),
    row(PARAM_ROI, "ROI", Region, Read, Camera),
    row(PARAM_CENTROIDS_ENABLED, "CENTROIDS_ENABLED", Bool, ReadWrite, Host),
    row(PARAM_CENTROIDS_RADIUS, "CENTROIDS_RADIUS", U16, ReadWrite, Host),
    row(PARAM_CENTROIDS_COUNT, "CENTROIDS_COUNT", U16, ReadWrite, Host),
    row(PARAM_CENTROIDS_MODE, "CENTROIDS_MODE", Enum, ReadWrite, Host),
    row(PARAM_CENTROIDS_BG_COUNT, "CENTROIDS_BG_COUNT", Enum, ReadWrite, Host),
    row(PARAM_CENTROIDS_THRESHOLD, "CENTROIDS_THRESHOLD", U32, ReadWrite, Host),
    row(PARAM_TRIGTAB_SIGNAL, "TRIGTAB_SIGNAL", Enum, ReadWrite, Host),
    row(PARAM_LAST_MUXED_SIGNAL, "LAST_MUXED_SIGNAL", U8, ReadWrite, Host),
    row(PARAM_FRAME_DELIVERY_MODE, "FRAME_DELIVERY_MODE", Enum, ReadWrite, Host),
];
