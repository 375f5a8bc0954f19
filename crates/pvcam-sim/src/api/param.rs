//! Parameters: asking, setting, enumerating.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::pointer::{Out, non_null};
use crate::abi::constants::*;
use crate::abi::error::{Outcome, guard};
use crate::abi::types::{Region, RsBool};
use crate::config::RunningAccess;
use crate::engine::Engine;
use crate::library;
use crate::param::facts::{Facts, Item};
use crate::param::known::{Known, Route, by_id};
use crate::param::value::{Kind, Value};

/// The camera, and the parameter's entry: 157, 175, then 180, then 159.
fn known(engine: &Engine, id: u32) -> Outcome<&'static Known> {
    if engine.is_running() {
        engine.core.stats.params_while_running.fetch_add(1, Ordering::Relaxed);
    }
    Ok(by_id(id).ok_or(PL_ERR_PARAMETER_UNKNOWN)?)
}

fn facts(engine: &Engine, known: &Known) -> Option<Facts> {
    let core = &engine.core;
    core.control.lock().view(core.model(), &core.config.serial).facts(known)
}

/// What a command to the camera does to a running acquisition, before the command itself.
fn disturb(engine: &Engine) -> Outcome {
    if !engine.is_running() {
        return Ok(());
    }
    match engine.core.config.params_while_running {
        RunningAccess::Works => {}
        RunningAccess::SilentStop => engine.kill_stream(),
        RunningAccess::Error => return Err(PL_ERR_STATE_INVALID.into()),
    }
    Ok(())
}

/// Answers an attribute of a parameter. `ATTR_AVAIL`, `ATTR_ACCESS` and `ATTR_TYPE` answer for every id that
/// the library knows; the others fail with 160 when the camera does not offer the parameter.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_get_param(
    hcam: i16,
    param_id: u32,
    param_attribute: i16,
    param_value: *mut c_void,
) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        let out = non_null(param_value)?;
        let known = known(&engine, param_id)?;
        let (kind, value) = attribute(&engine, known, i32::from(param_attribute))?;
        // SAFETY: common contract: room for the attribute's type, which for values is the one that ATTR_TYPE
        // tells, with text as long as ATTR_COUNT tells.
        unsafe { value.write(kind, out) };
        Ok(())
    })
}

fn attribute(engine: &Arc<Engine>, known: &Known, attribute: i32) -> Outcome<(Kind, Value)> {
    let facts = facts(engine, known);
    let number = |kind: Kind, value: i64| Ok((kind, Value::Number(value)));
    match attribute {
        ATTR_AVAIL => return number(Kind::Bool, facts.is_some().into()),
        ATTR_TYPE => return number(Kind::U16, known.kind.code().into()),
        ATTR_ACCESS => {
            let access = facts.map_or(known.access, |facts| facts.access);
            return number(Kind::U16, access.code().into());
        }
        ATTR_CURRENT..=ATTR_LIVE => {}
        _ => return Err(PL_ERR_ATTRIBUTE_UNKNOWN.into()),
    }
    let facts = facts.ok_or(PL_ERR_PARAMETER_NOT_AVAILABLE)?;
    let value = match attribute {
        ATTR_COUNT => return number(Kind::U32, facts.count.into()),
        ATTR_LIVE => return number(Kind::Bool, facts.live.into()),
        ATTR_MIN => facts.min,
        ATTR_MAX => facts.max,
        ATTR_DEFAULT => facts.default,
        ATTR_INCREMENT => facts.increment,
        _ => {
            if known.route == Route::Camera && !facts.live {
                disturb(engine)?;
            }
            facts.current?
        }
    };
    Ok((facts.kind, value))
}

/// Sets a parameter: 156 when it is read-only, 164 or 165 for a wrong value.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_set_param(hcam: i16, param_id: u32, param_value: *mut c_void) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        let from = non_null(param_value)?;
        let known = known(&engine, param_id)?;
        let facts = facts(&engine, known).ok_or(PL_ERR_PARAMETER_NOT_AVAILABLE)?;
        if !facts.access.writable() {
            return Err(PL_ERR_ACCESS_DENIED.into());
        }
        // SAFETY: common contract: a value of the type that ATTR_TYPE tells.
        let value = unsafe { Value::read(facts.kind, from) }.ok_or(PL_ERR_VALUE_INVALID)?;
        if let Value::Region(region) = value {
            return set_region(&engine, region);
        }
        disturb(&engine)?;
        let core = &engine.core;
        if core.control.lock().set(core.model(), known, &value)? {
            core.clock.reset();
        }
        Ok(())
    })
}

/// Moves the region of a running acquisition. Setting the region that is set up changes nothing and is fine at any time; another
/// one wants an acquisition (184).
fn set_region(engine: &Engine, region: Region) -> Outcome {
    let core = &engine.core;
    let mut control = core.control.lock();
    if region == control.region(&core.config) {
        return Ok(());
    }
    if !engine.is_running() {
        return Err(PL_ERR_STATE_INVALID.into());
    }
    let plan = control.move_region(&core.config, region)?;
    let timing = control.settings.start_timing(core.model(), &plan);
    engine.adopt(plan, timing);
    Ok(())
}

/// One item of an enumerated parameter: 161 when it is none, 186 for an index out of range.
fn item(engine: &Arc<Engine>, id: u32, index: u32) -> Outcome<Item> {
    let known = known(engine, id)?;
    let facts = facts(engine, known).ok_or(PL_ERR_PARAMETER_NOT_AVAILABLE)?;
    if facts.kind != Kind::Enum {
        return Err(PL_ERR_PARAMETER_NOT_ENUM.into());
    }
    Ok(facts.items.get(index as usize).cloned().ok_or(PL_ERR_INDEX_OUT_OF_RANGE)?)
}

/// Value and text of an item. Without a text buffer only the value is written; a text that does not fit fails
/// with 172.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_get_enum_param(
    hcam: i16,
    param_id: u32,
    index: u32,
    value: *mut i32,
    desc: *mut c_char,
    length: u32,
) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(value)? };
        let item = item(&engine, param_id, index)?;
        if !desc.is_null() {
            if item.text.len() >= length as usize {
                return Err(PL_ERR_BUFFER_TOO_SMALL.into());
            }
            // SAFETY: common contract: `length` bytes, and text and null are no longer.
            unsafe { Value::Text(item.text).write(Kind::Text, desc.cast()) };
        }
        out.set(item.value);
        Ok(())
    })
}

/// Bytes of an item's text with its null.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pl_enum_str_length(
    hcam: i16,
    param_id: u32,
    index: u32,
    length: *mut u32,
) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        // SAFETY: common contract, see the parent module.
        let out = unsafe { Out::new(length)? };
        let item = item(&engine, param_id, index)?;
        out.set(u32::try_from(item.text.len()).unwrap_or(0) + 1);
        Ok(())
    })
}

/// Restores post-processing as at power-up, which has despeckling on.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pl_pp_reset(hcam: i16) -> RsBool {
    guard(|| {
        let engine = library::present_engine(hcam)?;
        if engine.is_running() {
            engine.core.stats.params_while_running.fetch_add(1, Ordering::Relaxed);
        }
        disturb(&engine)?;
        let core = &engine.core;
        core.control.lock().reset_post_processing(core.model());
        Ok(())
    })
}
