//! What a setup keeps from going stale, and what a camera under power keeps at all.

use crate::Findings;
use crate::acquisition::{SMALL, free_running, set_up};
use crate::library::{Model, open_again};
use crate::parameters::{
    ACCESS, AVAIL, ENUM, Fact, READ_WRITE, REGION, SMART_EXPOSURES, ask, number, set, values,
};
use crate::support::{ATTR_CURRENT, ATTR_DEFAULT, ATTR_MAX, ATTR_MIN, Sdk};

/// Parameters that have nothing to do with frames: a setup outlives their change.
pub(crate) const INDEPENDENT: [&str; 5] = [
    "PARAM_TEMP_SETPOINT",
    "PARAM_FAN_SPEED_SETPOINT",
    "PARAM_PP_INDEX",
    "PARAM_PP_PARAM_INDEX",
    "PARAM_EXP_TIME",
];

/// No setup without metadata takes this one.
const WANTS_METADATA: &str = "PARAM_CENTROIDS_ENABLED";

/// Parameters that another one resets, in the order in which they are to be set; the rest comes after them.
const FIRST: [&str; 6] = [
    "PARAM_READOUT_PORT",
    "PARAM_SPDTAB_INDEX",
    "PARAM_GAIN_INDEX",
    "PARAM_PMODE",
    "PARAM_PP_INDEX",
    "PARAM_PP_PARAM_INDEX",
];

/// The parameters that can be set and read back, in an order in which none resets an earlier one.
fn settable<'f>(sdk: &Sdk, hcam: i16, facts: &'f [Fact]) -> Vec<&'f Fact> {
    let is = |fact: &&Fact| {
        sdk.get::<u16>(hcam, fact.id, AVAIL) == 1
            && sdk.get::<u16>(hcam, fact.id, ACCESS) == READ_WRITE
            && fact.id != SMART_EXPOSURES
            // Only while frames come.
            && fact.type_code != REGION
    };
    let mut list: Vec<&Fact> = facts.iter().filter(is).collect();
    list.sort_by_key(|fact| FIRST.iter().position(|name| *name == fact.name).unwrap_or(FIRST.len()));
    list
}

fn at(sdk: &Sdk, hcam: i16, fact: &Fact, attribute: i16) -> i128 {
    number(fact.type_code, &ask(sdk, hcam, fact.id, attribute).0.unwrap()).into()
}

/// Another value than the present one, if there is any.
fn another(sdk: &Sdk, hcam: i16, fact: &Fact) -> Option<i128> {
    let now = at(sdk, hcam, fact, ATTR_CURRENT);
    let offered = if fact.type_code == ENUM {
        values(sdk, hcam, fact.id)
    } else {
        vec![at(sdk, hcam, fact, ATTR_MIN), at(sdk, hcam, fact, ATTR_MAX)]
    };
    offered.into_iter().rev().find(|&value| value != now)
}

/// Starts a sequence, and stops it; the error code of the start.
fn started(sdk: &Sdk, hcam: i16, bytes: u32) -> Option<i16> {
    let mut buffer = vec![0_u8; bytes as usize];
    // SAFETY: the buffer has the bytes of the last setup, and outlives the acquisition.
    let result = unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) };
    let code = (result == 0).then(|| sdk.code());
    sdk.abort(hcam);
    code
}

/// The values that a setup decides, before one, after one, after a change, and after the next one.
pub(crate) fn staleness(sdk: &Sdk, hcam: i16, facts: &[Fact], independent: &[&str], findings: &mut Findings) {
    let decided: Vec<&Fact> =
        facts.iter().filter(|fact| fact.after_setup && sdk.get::<u16>(hcam, fact.id, AVAIL) == 1).collect();
    let told = || decided.iter().map(|fact| ask(sdk, hcam, fact.id, ATTR_CURRENT).0).collect::<Vec<_>>();
    let mode = free_running(sdk, hcam);
    let none: Vec<Result<Vec<u8>, i16>> = vec![Err(188); decided.len()];
    findings.same(told(), none, "before a setup");
    findings.same(started(sdk, hcam, 64), Some(188), "a start before a setup");
    let bytes = set_up(sdk, hcam, 1, SMALL, mode, 1).unwrap();
    findings.check(told().iter().all(Result::is_ok), || format!("after a setup: {:?}", told()));
    for fact in settable(sdk, hcam, facts) {
        let Some(value) = another(sdk, hcam, fact) else { continue };
        let (name, before, then) = (&fact.name, at(sdk, hcam, fact, ATTR_CURRENT), told());
        findings.same(set(sdk, hcam, fact.id, before), Ok(()), &format!("{name} set to what it is"));
        findings.same(started(sdk, hcam, bytes), None, &format!("a start after {name} did not change"));
        findings.same(set(sdk, hcam, fact.id, value), Ok(()), &format!("{name} = {value}"));
        findings.same(told(), then, &format!("the last setup still tells its values after {name}"));
        let wanted = if independent.contains(&name.as_str()) { None } else { Some(188) };
        findings.same(started(sdk, hcam, bytes), wanted, &format!("a start after {name} changed"));
        let again = set_up(sdk, hcam, 1, SMALL, mode, 1);
        let wanted = (name == WANTS_METADATA).then_some(185);
        findings.same(again.err(), wanted, &format!("a setup with the new {name}"));
        if let Ok(bytes) = again {
            findings.same(started(sdk, hcam, bytes), None, &format!("a start with the new {name}"));
        }
        set(sdk, hcam, fact.id, before).unwrap();
        findings.same(set_up(sdk, hcam, 1, SMALL, mode, 1), Ok(bytes), &format!("{name} as before"));
    }
}

/// All settings, by name.
fn snapshot(sdk: &Sdk, hcam: i16, facts: &[Fact]) -> Vec<(String, i128)> {
    let value = |fact: &&Fact| (fact.name.clone(), at(sdk, hcam, fact, ATTR_CURRENT));
    settable(sdk, hcam, facts).iter().map(value).collect()
}

/// Every setting outlives closing and the library; a camera that is switched on anew has its defaults.
pub(crate) fn persistence(sdk: &Sdk, hcam: i16, model: &Model, facts: &[Fact], findings: &mut Findings) {
    let power_up = snapshot(sdk, hcam, facts);
    for fact in settable(sdk, hcam, facts) {
        findings.same(at(sdk, hcam, fact, ATTR_CURRENT), at(sdk, hcam, fact, ATTR_DEFAULT), &fact.name);
    }
    for fact in settable(sdk, hcam, facts) {
        if let Some(value) = another(sdk, hcam, fact) {
            findings.same(set(sdk, hcam, fact.id, value), Ok(()), &format!("{} = {value}", fact.name));
        }
    }
    let changed = snapshot(sdk, hcam, facts);
    findings.check(changed != power_up, || "nothing could be changed".to_owned());
    for whole in [false, true] {
        let hcam = open_again(sdk, hcam, model, whole);
        let differs = snapshot(sdk, hcam, facts).into_iter().zip(&changed).find(|(now, then)| now != *then);
        findings.same(differs, None, if whole { "after the library" } else { "after closing" });
    }
}
