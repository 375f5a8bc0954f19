//! All parameters of the fact table, attribute by attribute.

use std::ffi::c_void;

use crate::Findings;
use crate::support::{ATTR_CURRENT, ATTR_DEFAULT, ATTR_MAX, ATTR_MIN, Region, Sdk, SmartStream};

pub(crate) const COUNT: i16 = 1;
const TYPE: i16 = 2;
const INCREMENT: i16 = 6;
pub(crate) const ACCESS: i16 = 7;
pub(crate) const AVAIL: i16 = 8;
const LIVE: i16 = 9;
const VALUES: [i16; 4] = [ATTR_MIN, ATTR_MAX, ATTR_DEFAULT, INCREMENT];

pub(crate) const READ_ONLY: u16 = 1;
pub(crate) const READ_WRITE: u16 = 2;
const EXIST_CHECK: u16 = 3;
const WRITE_ONLY: u16 = 4;

pub(crate) const SMART_EXPOSURES: u32 = 0x0E02_02BE;
const ROI: u32 = 0x1403_0001;
pub(crate) const ENUM: u16 = 9;
const TEXT: u16 = 13;
pub(crate) const REGION: u16 = 20;

/// What the tables say of a parameter.
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(crate) type_code: u16,
    pub(crate) after_setup: bool,
}

/// Every parameter id once, with the type that its value really has.
pub(crate) fn facts() -> Vec<Fact> {
    let table: toml::Table = include_str!("../../../../vendor/pvcam/constants.toml").parse().unwrap();
    let types = &table["define"]["types"];
    let mut facts: Vec<Fact> = table["param"]
        .as_table()
        .unwrap()
        .iter()
        .map(|(name, param)| Fact {
            name: name.clone(),
            id: param["id"].as_integer().unwrap().try_into().unwrap(),
            type_code: types[param["value_type"].as_str().unwrap()]["value"]
                .as_integer()
                .unwrap()
                .try_into()
                .unwrap(),
            after_setup: param.get("after_setup").and_then(toml::Value::as_bool) == Some(true),
        })
        .collect();
    facts.sort_by_key(|fact| fact.id);
    facts.dedup_by_key(|fact| fact.id);
    facts
}

/// An answer: the bytes that were written, or the error code.
pub(crate) type Answer = Result<Vec<u8>, i16>;

pub(crate) fn ask(sdk: &Sdk, hcam: i16, id: u32, attribute: i16) -> (Answer, usize) {
    let mut before = vec![0xA5_u8; 2048];
    if id == SMART_EXPOSURES && attribute == ATTR_CURRENT {
        before[..16].fill(0); // The value is a structure with a pointer to room, of which there is none here.
    }
    let mut room = before.clone();
    // SAFETY: more room than any attribute takes.
    let result = unsafe { (sdk.f.pl_get_param)(hcam, id, attribute, room.as_mut_ptr().cast::<c_void>()) };
    let written = room.iter().zip(&before).rposition(|(now, then)| now != then).map_or(0, |last| last + 1);
    (if result == 1 { Ok(room) } else { Err(sdk.code()) }, written)
}

/// Bytes of a value of a type.
fn size(type_code: u16) -> usize {
    match type_code {
        5 => 1,
        1 | 6 | 11 => 2,
        7 | ENUM => 4,
        4 | 8 | 16 => 8,
        REGION => 12,
        _ => 2,
    }
}

/// A number of a type, from and to the bytes of the interface.
pub(crate) fn number(type_code: u16, bytes: &[u8]) -> i64 {
    let size = size(type_code).min(8);
    let mut wide = [0; 8];
    wide[..size].copy_from_slice(&bytes[..size]);
    let value = i64::from_le_bytes(wide);
    let signed = matches!(type_code, 1 | ENUM | 16);
    let shift = 64 - 8 * u32::try_from(size).unwrap();
    if signed { value << shift >> shift } else { value }
}

/// Lowest and highest number that a type holds.
fn limits(type_code: u16) -> (i128, i128) {
    let bits = 8 * size(type_code);
    if matches!(type_code, 1 | ENUM | 16) {
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    } else {
        (0, (1 << bits) - 1)
    }
}

/// A 16-bit answer, taken with more room than it needs.
fn short(sdk: &Sdk, hcam: i16, id: u32, attribute: i16) -> u16 {
    u16::try_from(number(6, &ask(sdk, hcam, id, attribute).0.unwrap())).unwrap()
}

/// What `ATTR_COUNT` answers, taken in the same way.
fn count(sdk: &Sdk, hcam: i16, id: u32) -> u32 {
    u32::try_from(number(7, &ask(sdk, hcam, id, COUNT).0.unwrap())).unwrap()
}

/// Looks at every attribute of every parameter; `set_up` says whether an acquisition is set up.
pub(crate) fn walk(sdk: &Sdk, hcam: i16, facts: &[Fact], set_up: bool, findings: &mut Findings) {
    for fact in facts {
        let name = &fact.name;
        findings.same(short(sdk, hcam, fact.id, TYPE), fact.type_code, &format!("{name} type"));
        let access = short(sdk, hcam, fact.id, ACCESS);
        findings.check((READ_ONLY..=WRITE_ONLY).contains(&access), || format!("{name} access {access}"));
        let available = short(sdk, hcam, fact.id, AVAIL);
        findings.check(available <= 1, || format!("{name} is available: {available}"));
        for attribute in [TYPE, ACCESS, AVAIL] {
            let written = ask(sdk, hcam, fact.id, attribute).1;
            findings.check(written <= 2, || format!("{name} attribute {attribute}: {written} bytes"));
        }
        let beyond = ask(sdk, hcam, fact.id, LIVE + 1);
        findings.same((beyond.0.err(), beyond.1), (Some(162), 0), &format!("{name} attribute 10"));
        if available == 1 {
            attributes(sdk, hcam, fact, access, set_up, findings);
        } else {
            absent(sdk, hcam, fact, findings);
        }
        items(sdk, hcam, fact, available == 1, findings);
    }
}

/// A parameter that the camera lacks fails with 160 and leaves memory alone.
fn absent(sdk: &Sdk, hcam: i16, fact: &Fact, findings: &mut Findings) {
    for attribute in [ATTR_CURRENT, COUNT, LIVE].into_iter().chain(VALUES) {
        let (answer, written) = ask(sdk, hcam, fact.id, attribute);
        findings.same(
            (answer.err(), written),
            (Some(160), 0),
            &format!("{} attribute {attribute}", fact.name),
        );
    }
    let result = set(sdk, hcam, fact.id, 0);
    findings.same(result, Err(160), &format!("{} set", fact.name));
}

fn attributes(sdk: &Sdk, hcam: i16, fact: &Fact, access: u16, set_up: bool, findings: &mut Findings) {
    let name = &fact.name;
    let widest = if fact.type_code == TEXT { 1024 } else { size(fact.type_code) };
    for attribute in [COUNT, LIVE].into_iter().chain(VALUES) {
        let (answer, written) = ask(sdk, hcam, fact.id, attribute);
        let most = match attribute {
            COUNT => 4,
            LIVE => 2,
            _ => widest,
        };
        findings.check(answer.is_ok() && written <= most, || {
            format!("{name} attribute {attribute}: {:?}, {written} bytes", answer.err())
        });
    }
    let (current, written) = ask(sdk, hcam, fact.id, ATTR_CURRENT);
    let code = current.as_ref().err().copied();
    if access == WRITE_ONLY {
        findings.same((code, written), (Some(156), 0), &format!("{name} is write-only"));
    } else if !set_up && code == Some(188) {
        findings.check(fact.after_setup && written == 0, || format!("{name} wants a setup"));
    } else if let Ok(bytes) = current {
        findings.check(written <= widest, || format!("{name} value: {written} bytes"));
        value(sdk, hcam, fact, &bytes, findings);
    } else {
        findings.check(false, || format!("{name} does not answer: {code:?}"));
    }
}

/// The value lies in its range, a text has the told length.
fn value(sdk: &Sdk, hcam: i16, fact: &Fact, bytes: &[u8], findings: &mut Findings) {
    let name = &fact.name;
    let count = count(sdk, hcam, fact.id);
    if fact.type_code == TEXT {
        let length = bytes.iter().position(|&byte| byte == 0).map(|null| null + 1);
        findings.same(length, usize::try_from(count).ok(), &format!("{name} length"));
    } else if fact.type_code != REGION && fact.id != SMART_EXPOSURES {
        let at = |attribute| ask(sdk, hcam, fact.id, attribute).0.map(|bytes| number(fact.type_code, &bytes));
        let (now, range) = (number(fact.type_code, bytes), (at(ATTR_MIN), at(ATTR_MAX), at(ATTR_DEFAULT)));
        let (Ok(low), Ok(high), Ok(power_up)) = range else { return };
        findings.check(low <= now && now <= high, || format!("{name}: {now} not in {low} to {high}"));
        findings.check(low <= power_up && power_up <= high, || format!("{name}: default {power_up}"));
    }
}

/// Items of an enumeration: value and text of each; 161 for what is none, 186 behind the last.
fn items(sdk: &Sdk, hcam: i16, fact: &Fact, available: bool, findings: &mut Findings) {
    let count = if available { count(sdk, hcam, fact.id) } else { 0 };
    let number = if fact.type_code == ENUM { count } else { 0 };
    for index in 0..=number {
        let (mut length, mut item, mut text) = (0, 0, [0_u8; 128]);
        // SAFETY: places for the results, and 128 bytes of text.
        let results = unsafe {
            let first = (sdk.f.pl_enum_str_length)(hcam, fact.id, index, &raw mut length);
            let first = if first == 1 { Ok(()) } else { Err(sdk.code()) };
            let text = text.as_mut_ptr().cast();
            let second = (sdk.f.pl_get_enum_param)(hcam, fact.id, index, &raw mut item, text, 128);
            (first, if second == 1 { Ok(()) } else { Err(sdk.code()) })
        };
        let wanted = match (available, fact.type_code == ENUM) {
            (false, _) => Err(160),
            (_, false) => Err(161),
            _ if index == number => Err(186),
            _ => Ok(()),
        };
        findings.same(results, (wanted, wanted), &format!("{} item {index}", fact.name));
        if wanted.is_ok() {
            let written = text.iter().position(|&byte| byte == 0).unwrap() + 1;
            findings.same(written, length as usize, &format!("{} text of item {index}", fact.name));
        }
    }
}

pub(crate) fn set(sdk: &Sdk, hcam: i16, id: u32, value: i128) -> Result<(), i16> {
    let bytes = value.to_le_bytes();
    // SAFETY: 16 bytes, more than any value takes; in little-endian order their start is the narrow number.
    let result = unsafe { (sdk.f.pl_set_param)(hcam, id, bytes.as_ptr().cast()) };
    if result == 1 { Ok(()) } else { Err(sdk.code()) }
}

/// Sets every parameter to what it says it takes, and to what it must refuse.
pub(crate) fn set_all(sdk: &Sdk, hcam: i16, facts: &[Fact], findings: &mut Findings) {
    for fact in facts.iter().filter(|fact| short(sdk, hcam, fact.id, AVAIL) == 1) {
        let access = short(sdk, hcam, fact.id, ACCESS);
        match access {
            READ_ONLY | EXIST_CHECK => {
                findings.same(set(sdk, hcam, fact.id, 0), Err(156), &format!("{} is read-only", fact.name));
            }
            READ_WRITE if fact.id == SMART_EXPOSURES => exposures(sdk, hcam, findings),
            READ_WRITE if fact.type_code == REGION => region(sdk, hcam, findings),
            READ_WRITE => read_back(sdk, hcam, fact, findings),
            _ => findings.same(set(sdk, hcam, fact.id, 1), Ok(()), &format!("{} set", fact.name)),
        }
    }
}

/// The list of exposures: taken as it is, and refused without values or with more than the camera holds.
fn exposures(sdk: &Sdk, hcam: i16, findings: &mut Findings) {
    let most = short(sdk, hcam, SMART_EXPOSURES, ATTR_MAX);
    let mut values: Vec<u32> = (1..=u32::from(most) + 1).collect();
    let mut list = |entries: u16| SmartStream { entries, params: values.as_mut_ptr() };
    let put = |list: SmartStream| {
        // SAFETY: the structure that the parameter takes, with as many values as it says.
        let result = unsafe { (sdk.f.pl_set_param)(hcam, SMART_EXPOSURES, (&raw const list).cast()) };
        if result == 1 { Ok(()) } else { Err(sdk.code()) }
    };
    findings.same(put(list(most + 1)), Err(165), "a list that is too long");
    findings.same(put(list(0)), Err(165), "an empty list");
    let nowhere = SmartStream { entries: 3, params: std::ptr::null_mut() };
    findings.same(put(nowhere), Err(164), "a list of nothing");
    findings.same(put(list(most)), Ok(()), "the longest list");
    let mut room = vec![0_u32; most.into()];
    let mut back = SmartStream { entries: most, params: room.as_mut_ptr() };
    // SAFETY: a structure with room for as many values as it says.
    sdk.ok(unsafe { (sdk.f.pl_get_param)(hcam, SMART_EXPOSURES, ATTR_CURRENT, (&raw mut back).cast()) });
    findings.same(back.entries, most, "entries read back");
    findings.check(room.iter().copied().eq(1..=u32::from(most)), || format!("values read back: {room:?}"));
}

/// The region: what is set up may be set at any time, anything else only while frames come.
fn region(sdk: &Sdk, hcam: i16, findings: &mut Findings) {
    let put = |region: Region| {
        // SAFETY: the structure that the parameter takes.
        let result = unsafe { (sdk.f.pl_set_param)(hcam, ROI, (&raw const region).cast()) };
        if result == 1 { Ok(()) } else { Err(sdk.code()) }
    };
    let now: Region = sdk.get(hcam, ROI, ATTR_CURRENT);
    findings.same(sdk.get::<u16>(hcam, ROI, LIVE), 1, "a region that can be set is live");
    findings.same(put(now), Ok(()), "the region that is set up");
    findings.same(put(Region { s2: now.s2 - 1, ..now }), Err(184), "another region without an acquisition");
    findings.same(sdk.get::<Region>(hcam, ROI, ATTR_CURRENT), now, "the region after refusals");
}

fn read_back(sdk: &Sdk, hcam: i16, fact: &Fact, findings: &mut Findings) {
    let at = |attribute| i128::from(number(fact.type_code, &ask(sdk, hcam, fact.id, attribute).0.unwrap()));
    let (low, high, power_up) = (at(ATTR_MIN), at(ATTR_MAX), at(ATTR_DEFAULT));
    let wanted = if fact.type_code == ENUM { values(sdk, hcam, fact.id) } else { vec![low, high] };
    // The value at power-up last, so that the next parameter finds the camera as it was.
    for value in wanted.into_iter().chain([power_up]) {
        findings.same(set(sdk, hcam, fact.id, value), Ok(()), &format!("{} = {value}", fact.name));
        findings.same(at(ATTR_CURRENT), value, &format!("{} read back", fact.name));
    }
    let (lowest, highest) = limits(fact.type_code);
    let code = if fact.type_code == ENUM { 164 } else { 165 };
    // A Boolean takes any number but 0 for true.
    let refusing = fact.type_code != 11;
    for value in [low - 1, high + 1].into_iter().filter(|v| refusing && (lowest..=highest).contains(v)) {
        findings.same(set(sdk, hcam, fact.id, value), Err(code), &format!("{} = {value}", fact.name));
    }
    findings.same(at(ATTR_CURRENT), power_up, &format!("{} after refusals", fact.name));
}

/// The values of an enumeration, in the order of their indices.
pub(crate) fn values(sdk: &Sdk, hcam: i16, id: u32) -> Vec<i128> {
    let item = |index| {
        let mut value = 0;
        // SAFETY: a place for the value, and no text.
        sdk.ok(unsafe {
            (sdk.f.pl_get_enum_param)(hcam, id, index, &raw mut value, std::ptr::null_mut(), 0)
        });
        value.into()
    };
    (0..count(sdk, hcam, id)).map(item).collect()
}
