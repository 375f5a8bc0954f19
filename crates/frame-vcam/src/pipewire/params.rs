//! What PipeWire is told of the pictures: format, size and rate, and the buffers for them.

use std::io::Cursor;

use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use pipewire::spa::param::video::VideoFormat;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{ChoiceValue, Object, Pod, Property, Value, object, property};
use pipewire::spa::sys;
use pipewire::spa::utils::{Choice, ChoiceEnum, ChoiceFlags, Fraction, Id, Rectangle, SpaTypes};

use crate::format::{Geometry, PixelFormat};

/// Buffers for the readers to share: usual, fewest, most. Some readers hold several; GStreamer asks for 8.
const BUFFERS: (i32, i32, i32) = (4, 3, 32);

/// An object in PipeWire's notation.
pub(super) struct Param(Vec<u8>);

impl Param {
    fn new(object: Object) -> Option<Self> {
        let value = Value::Object(object);
        let (bytes, _) = PodSerializer::serialize(Cursor::new(Vec::new()), &value).ok()?;
        Some(Self(bytes.into_inner()))
    }

    pub(super) fn pod(&self) -> Option<&Pod> {
        Pod::from_bytes(&self.0)
    }
}

/// The one format that the node has.
pub(super) fn format(geometry: Geometry, rate: u32) -> Option<Param> {
    let Geometry { width, height, format } = geometry;
    Param::new(object! {
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(FormatProperties::VideoFormat, Id, video_format(format)),
        property!(FormatProperties::VideoSize, Rectangle, Rectangle { width, height }),
        property!(FormatProperties::VideoFramerate, Fraction, Fraction { num: rate, denom: 1 }),
    })
}

const fn video_format(format: PixelFormat) -> VideoFormat {
    match format {
        PixelFormat::Yuyv => VideoFormat::YUY2,
        PixelFormat::Nv12 => VideoFormat::NV12,
        PixelFormat::I420 => VideoFormat::I420,
        PixelFormat::Grey => VideoFormat::GRAY8,
        PixelFormat::Rgb24 => VideoFormat::RGB,
        PixelFormat::Y16 => VideoFormat::GRAY16_LE,
    }
}

/// Buffers of one block, as long as a frame, in memory that processes can share.
pub(super) fn buffers(geometry: Geometry) -> Option<Param> {
    let (default, min, max) = BUFFERS;
    let memory = (1 << sys::SPA_DATA_MemFd) | (1 << sys::SPA_DATA_MemPtr);
    Param::new(Object {
        type_: SpaTypes::ObjectParamBuffers.as_raw(),
        id: ParamType::Buffers.as_raw(),
        properties: vec![
            int(sys::SPA_PARAM_BUFFERS_buffers, ChoiceEnum::Range { default, min, max }),
            int(sys::SPA_PARAM_BUFFERS_blocks, ChoiceEnum::None(1)),
            int(sys::SPA_PARAM_BUFFERS_size, ChoiceEnum::None(geometry.frame_bytes().try_into().ok()?)),
            int(sys::SPA_PARAM_BUFFERS_stride, ChoiceEnum::None(geometry.row_bytes().try_into().ok()?)),
            int(sys::SPA_PARAM_BUFFERS_dataType, ChoiceEnum::Flags { default: memory, flags: vec![] }),
        ],
    })
}

/// A place for time stamp and number beside each buffer.
pub(super) fn header() -> Option<Param> {
    let bytes = size_of::<sys::spa_meta_header>().try_into().ok()?;
    Param::new(Object {
        type_: SpaTypes::ObjectParamMeta.as_raw(),
        id: ParamType::Meta.as_raw(),
        properties: vec![
            Property::new(sys::SPA_PARAM_META_type, Value::Id(Id(sys::SPA_META_Header))),
            int(sys::SPA_PARAM_META_size, ChoiceEnum::None(bytes)),
        ],
    })
}

fn int(key: u32, choice: ChoiceEnum<i32>) -> Property {
    let value = match choice {
        ChoiceEnum::None(value) => Value::Int(value),
        choice => Value::Choice(ChoiceValue::Int(Choice(ChoiceFlags::empty(), choice))),
    };
    Property::new(key, value)
}
