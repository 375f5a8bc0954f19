//! Embedded frame metadata: writing it into slots, and the vendor's own functions that read it.

mod decode;
mod extended;
mod headers;
mod recompose;

pub(crate) use decode::{capacity_for, decode};
pub(crate) use extended::read_extended;
pub(crate) use headers::{FRAME_HEADER_BYTES, Headers, ROI_HEADER_BYTES};
pub(crate) use recompose::{Canvas, recompose};
