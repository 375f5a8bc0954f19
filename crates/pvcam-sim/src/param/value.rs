//! Parameter values, and how they cross the C interface.

use std::ffi::c_void;

use crate::abi::constants::*;
use crate::abi::types;

/// The true type of a parameter's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    I16,
    I64,
    U8,
    U16,
    U32,
    U64,
    F64,
    Enum,
    Bool,
    Text,
    SmartStream,
    Region,
}

impl Kind {
    /// What `ATTR_TYPE` answers.
    pub(crate) fn code(self) -> u16 {
        let code = match self {
            Self::I16 => TYPE_INT16,
            Self::I64 => TYPE_INT64,
            Self::U8 => TYPE_UNS8,
            Self::U16 => TYPE_UNS16,
            Self::U32 => TYPE_UNS32,
            Self::U64 => TYPE_UNS64,
            Self::F64 => TYPE_FLT64,
            Self::Enum => TYPE_ENUM,
            Self::Bool => TYPE_BOOLEAN,
            Self::Text => TYPE_CHAR_PTR,
            Self::SmartStream => TYPE_SMART_STREAM_TYPE_PTR,
            Self::Region => TYPE_RGN_TYPE,
        };
        u16::try_from(code).unwrap_or_default()
    }

    /// Lowest and highest number that the C type holds.
    pub(crate) fn range(self) -> (i64, i64) {
        match self {
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::Enum => (i32::MIN.into(), i32::MAX.into()),
            Self::Bool => (0, 1),
            Self::U64 => (0, i64::MAX),
            Self::I64 | Self::F64 | Self::Text | Self::SmartStream | Self::Region => (i64::MIN, i64::MAX),
        }
    }
}

/// A value of any kind; numbers of every width travel as 64 bits inside the simulator.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
    Region(types::Region),
    /// The exposures of SMART streaming.
    List(Vec<u32>),
}

impl Value {
    /// Writes the value to `out` in the C type of `kind`. Callers keep numbers within [`Kind::range`].
    ///
    /// # Safety
    ///
    /// `out` is valid for writing that C type (for text: as many bytes as `ATTR_COUNT` tells); no alignment
    /// is asked for.
    #[expect(clippy::cast_possible_truncation, reason = "the number is within the range of its kind")]
    #[expect(clippy::cast_sign_loss, reason = "the number is within the range of its kind")]
    pub(crate) unsafe fn write(&self, kind: Kind, out: *mut c_void) {
        // SAFETY: the caller vouches for `out` and its size; every write is unaligned.
        unsafe {
            match self {
                Self::Text(text) => {
                    std::ptr::copy_nonoverlapping(text.as_ptr(), out.cast::<u8>(), text.len());
                    out.cast::<u8>().add(text.len()).write(0);
                }
                Self::List(list) => write_list(list, out.cast()),
                Self::Region(region) => out.cast::<types::Region>().write_unaligned(*region),
                Self::Number(number) => match kind {
                    Kind::U8 => out.cast::<u8>().write(*number as u8),
                    Kind::I16 => out.cast::<i16>().write_unaligned(*number as i16),
                    Kind::U16 | Kind::Bool | Kind::SmartStream => {
                        out.cast::<u16>().write_unaligned(*number as u16);
                    }
                    Kind::U32 => out.cast::<u32>().write_unaligned(*number as u32),
                    Kind::Enum => out.cast::<i32>().write_unaligned(*number as i32),
                    Kind::F64 => out.cast::<f64>().write_unaligned(*number as f64),
                    Kind::U64 | Kind::I64 | Kind::Text | Kind::Region => {
                        out.cast::<i64>().write_unaligned(*number);
                    }
                },
            }
        }
    }

    /// Reads a value of `kind` from a client's memory; `None` for kinds that are never written.
    ///
    /// # Safety
    ///
    /// `from` is valid for reading the C type of `kind`; no alignment is asked for.
    pub(crate) unsafe fn read(kind: Kind, from: *const c_void) -> Option<Self> {
        // SAFETY: the caller vouches for `from` and its size; every read is unaligned.
        let number = unsafe {
            match kind {
                Kind::U8 => i64::from(from.cast::<u8>().read()),
                Kind::I16 => i64::from(from.cast::<i16>().read_unaligned()),
                Kind::U16 => i64::from(from.cast::<u16>().read_unaligned()),
                Kind::Bool => i64::from(from.cast::<u16>().read_unaligned() != 0),
                Kind::U32 => i64::from(from.cast::<u32>().read_unaligned()),
                Kind::Enum => i64::from(from.cast::<i32>().read_unaligned()),
                Kind::U64 => i64::try_from(from.cast::<u64>().read_unaligned()).unwrap_or(i64::MAX),
                Kind::I64 => from.cast::<i64>().read_unaligned(),
                Kind::SmartStream => return read_list(from.cast()).map(Self::List),
                Kind::Region => return Some(Self::Region(from.cast::<types::Region>().read_unaligned())),
                Kind::F64 | Kind::Text => return None,
            }
        };
        Some(Self::Number(number))
    }
}

/// Writes the list behind the client's pointer, as far as its `entries` say that there is room, and tells in them how many
/// there are. Without a pointer only the number is told.
///
/// # Safety
///
/// `out` holds a structure whose `params` is null or has room for `entries` values; alignment is not asked for.
unsafe fn write_list(list: &[u32], out: *mut types::SmartStream) {
    // SAFETY: the caller vouches for the structure and for the room behind it; every access is unaligned.
    unsafe {
        let theirs = out.read_unaligned();
        let room = if theirs.params.is_null() { 0 } else { usize::from(theirs.entries) };
        for (index, value) in list.iter().take(room).enumerate() {
            theirs.params.add(index).write_unaligned(*value);
        }
        out.cast::<u16>().write_unaligned(u16::try_from(list.len()).unwrap_or(u16::MAX));
    }
}

/// The list of a client; `None` without a pointer to values.
///
/// # Safety
///
/// `from` holds a structure whose `params` is null or points at `entries` values; alignment is not asked for.
unsafe fn read_list(from: *const types::SmartStream) -> Option<Vec<u32>> {
    // SAFETY: the caller vouches for the structure and for the values behind it; every access is unaligned.
    unsafe {
        let theirs = from.read_unaligned();
        let values = theirs.params;
        let value = |index: u16| values.add(index.into()).read_unaligned();
        (!values.is_null()).then(|| (0..theirs.entries).map(value).collect())
    }
}
