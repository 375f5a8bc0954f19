//! Reading and writing the parameters of an open camera.
//!
//! The type inside a parameter's number lies for some parameters, so every value is read and written in the type that
//! `ATTR_TYPE` tells. All of it is for an idle camera: a parameter read while frames stream stops the stream silently.

use core::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use super::id::{Attribute, ParamId};
use super::value::{ValueBuffer, decode, encode};
use crate::error::{Failure, ParamError};
use crate::sdk::Library;

/// Longest text that any parameter has, its end included.
const MOST_TEXT: usize = pvcam_sys::MAX_CAM_SYSTEMS_INFO_LEN as usize;

/// The library and the handle of one open camera.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) library: Arc<Library>,
    pub(crate) handle: i16,
}

/// One item of an enumerated parameter. Items are written by value and listed by index; values need not be in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnumItem {
    pub(crate) value: i32,
    pub(crate) text: String,
}

impl Link {
    /// Calls the SDK with this camera's handle.
    pub(crate) fn call(
        &self,
        name: &'static str,
        function: impl FnOnce(&pvcam_sys::Api, i16) -> pvcam_sys::rs_bool,
    ) -> Result<(), Failure> {
        self.library.call(name, |api| function(api, self.handle))
    }

    fn get(&self, param: ParamId, attribute: Attribute) -> Result<ValueBuffer, ParamError> {
        let mut buffer: ValueBuffer = [0; 4];
        let to: *mut c_void = buffer.as_mut_ptr().cast();
        self.call("pl_get_param", |api, handle| {
            // SAFETY: the buffer is larger than any value that is not a text; texts are not read here (`integer` asks for
            // the type first, and the other callers ask for attributes of 2 or 4 bytes).
            unsafe { (api.pl_get_param)(handle, param.id, attribute.code(), to) }
        })
        .map_err(|failure| ParamError::Sdk {
            parameter: param.name,
            attribute: attribute.name(),
            failure,
        })?;
        Ok(buffer)
    }

    /// Whether the camera has the parameter. A failure counts as no.
    pub(crate) fn has(&self, param: ParamId) -> bool {
        let found = self.get(param, Attribute::Available).ok();
        found.and_then(|buffer| decode(pvcam_sys::TYPE_BOOLEAN as u16, &buffer)) == Some(1)
    }

    /// Whether the parameter can be written now.
    pub(crate) fn is_writable(&self, param: ParamId) -> bool {
        let access = self.get(param, Attribute::Access).ok();
        let access = access.and_then(|buffer| decode(pvcam_sys::TYPE_UNS16 as u16, &buffer));
        [pvcam_sys::ACC_READ_WRITE, pvcam_sys::ACC_WRITE_ONLY]
            .iter()
            .any(|&code| access == Some(i128::from(code)))
    }

    fn type_of(&self, param: ParamId) -> Result<u16, ParamError> {
        let buffer = self.get(param, Attribute::Type)?;
        let code = decode(pvcam_sys::TYPE_UNS16 as u16, &buffer).unwrap_or_default();
        Ok(u16::try_from(code).unwrap_or_default())
    }

    /// An integer attribute, whatever integer type it has.
    pub(crate) fn integer(&self, param: ParamId, attribute: Attribute) -> Result<i128, ParamError> {
        let type_code = match attribute {
            // These have a type of their own, not the parameter's.
            Attribute::Count => pvcam_sys::TYPE_UNS32 as u16,
            Attribute::Type | Attribute::Access => pvcam_sys::TYPE_UNS16 as u16,
            Attribute::Available => pvcam_sys::TYPE_BOOLEAN as u16,
            _ => self.type_of(param)?,
        };
        let unexpected = ParamError::Type { parameter: param.name, type_code };
        // Before anything is read: a text would not fit the buffer.
        decode(type_code, &[0; 4]).ok_or(unexpected)?;
        let buffer = self.get(param, attribute)?;
        decode(type_code, &buffer).ok_or(ParamError::Type { parameter: param.name, type_code })
    }

    /// The current value in the type that the caller wants.
    pub(crate) fn current<T: TryFrom<i128>>(&self, param: ParamId) -> Result<T, ParamError> {
        let value = self.integer(param, Attribute::Current)?;
        T::try_from(value).map_err(|_| ParamError::Value { parameter: param.name, value })
    }

    /// The current value of a parameter that not every camera has. A parameter that is there but fails counts as absent.
    pub(crate) fn optional<T: TryFrom<i128>>(&self, param: ParamId) -> Option<T> {
        if self.has(param) { self.current(param).ok() } else { None }
    }

    /// Writes the current value.
    pub(crate) fn set(&self, param: ParamId, value: i128) -> Result<(), ParamError> {
        let type_code = self.type_of(param)?;
        let Some(mut buffer) = encode(type_code, value) else {
            return Err(ParamError::Value { parameter: param.name, value });
        };
        let from: *mut c_void = buffer.as_mut_ptr().cast();
        self.call("pl_set_param", |api, handle| {
            // SAFETY: the buffer holds a value of the type that the parameter has just told.
            unsafe { (api.pl_set_param)(handle, param.id, from) }
        })
        .map_err(|failure| ParamError::NotSet { parameter: param.name, value, failure })
    }

    /// A text parameter.
    pub(crate) fn text(&self, param: ParamId) -> Result<String, ParamError> {
        let type_code = self.type_of(param)?;
        if u32::from(type_code) != pvcam_sys::TYPE_CHAR_PTR {
            return Err(ParamError::Type { parameter: param.name, type_code });
        }
        let told = usize::try_from(self.integer(param, Attribute::Count)?).unwrap_or(0);
        let mut text = vec![0_u8; told.clamp(MOST_TEXT, 1 << 16) + 1];
        let to: *mut c_void = text.as_mut_ptr().cast();
        self.call("pl_get_param", |api, handle| {
            // SAFETY: the buffer has room for the bytes that ATTR_COUNT told, and for the longest text of any parameter.
            unsafe { (api.pl_get_param)(handle, param.id, Attribute::Current.code(), to) }
        })
        .map_err(|failure| ParamError::Sdk {
            parameter: param.name,
            attribute: Attribute::Current.name(),
            failure,
        })?;
        let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
        Ok(text.to_string_lossy().trim().to_owned())
    }

    /// A text that not every camera has.
    pub(crate) fn optional_text(&self, param: ParamId) -> Option<String> {
        if self.has(param) { self.text(param).ok().filter(|text| !text.is_empty()) } else { None }
    }

    /// The items of an enumerated parameter, by index.
    pub(crate) fn items(&self, param: ParamId) -> Result<Vec<EnumItem>, ParamError> {
        let count = u32::try_from(self.integer(param, Attribute::Count)?).unwrap_or(0);
        (0..count).map(|index| self.item(param, index)).collect()
    }

    fn item(&self, param: ParamId, index: u32) -> Result<EnumItem, ParamError> {
        let mut length = 0;
        let failed =
            |failure| ParamError::Sdk { parameter: param.name, attribute: "enumerated item", failure };
        // SAFETY: the pointer is to a live u32.
        self.call("pl_enum_str_length", |api, handle| unsafe {
            (api.pl_enum_str_length)(handle, param.id, index, &mut length)
        })
        .map_err(failed)?;
        let length = length.min(1 << 16);
        let mut text = vec![0_u8; length as usize + 1];
        let to: *mut c_char = text.as_mut_ptr().cast();
        let mut value = 0;
        // SAFETY: the value is a live i32, and the text has one byte more than the length that is passed.
        self.call("pl_get_enum_param", |api, handle| unsafe {
            (api.pl_get_enum_param)(handle, param.id, index, &mut value, to, length)
        })
        .map_err(failed)?;
        let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
        Ok(EnumItem { value, text: text.to_string_lossy().into_owned() })
    }
}
