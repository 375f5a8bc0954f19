//! Rust constants straight from the tables, without a C compiler in between: the simulator's numbers, and the error
//! codes of `pvcam-sys`.

use std::fmt::Write;

use super::tables::{Constant, Tables};
use super::{BANNER, sentence};

/// The simulator's `abi/constants.rs`. It takes no detour over the header and bindgen, so that a mistake there shows
/// up as a disagreement between driver and simulator.
pub(crate) fn simulator(tables: &Tables) -> String {
    let mut out = format!(
        "{BANNER}//! Every number of the C interface: limits, type codes, parameter ids, enum members, error codes.\n"
    );
    for group in &tables.defines {
        section(&mut out, &group.title);
        for constant in &group.constants {
            item(&mut out, constant, "u32", &constant.value.to_string(), "");
        }
    }
    section(&mut out, "parameter ids");
    for parameter in &tables.parameters {
        let id = hex(parameter.constant.value);
        item(&mut out, &parameter.constant, "u32", &id, &parameter.facts);
    }
    for enumeration in &tables.enumerations {
        section(&mut out, &format!("{}: {}", enumeration.name, enumeration.meaning));
        for member in &enumeration.members {
            item(&mut out, member, "i32", &member.value.to_string(), "");
        }
    }
    section(&mut out, "error codes");
    for error in &tables.errors {
        item(&mut out, error, "i16", &error.value.to_string(), "");
    }
    out.push_str("\n/// Code, name and meaning of each error, ascending by code.\n");
    error_table(&mut out, tables, "pub static ERRORS");
    out
}

/// `errors.rs` of `pvcam-sys`: the codes as constants, and the table behind `error_name`.
pub(crate) fn sys_errors(tables: &Tables) -> String {
    let mut out =
        format!("{BANNER}//! Error codes as the library of SDK {} names them.\n", tables.sdk_version);
    for error in &tables.errors {
        item(&mut out, error, "i16", &error.value.to_string(), "");
    }
    out.push_str("\n/// Code, name and meaning of each error, ascending by code.\n");
    error_table(&mut out, tables, "pub(crate) static ERRORS");
    out
}

fn section(out: &mut String, title: &str) {
    let _ = write!(out, "\n// {title}\n\n");
}

fn item(out: &mut String, constant: &Constant, kind: &str, value: &str, facts: &str) {
    let doc = document(constant, facts);
    let _ = writeln!(out, "/// {doc}\npub const {}: {kind} = {value};", constant.name);
}

/// The text that a constant's documentation says; the bindgen path uses the same.
pub(crate) fn document(constant: &Constant, facts: &str) -> String {
    let mut doc = sentence(&constant.meaning);
    if !facts.is_empty() {
        doc.push(' ');
        doc.push_str(&sentence(facts));
    }
    if constant.deprecated && !constant.meaning.contains("deprecated") {
        doc.push_str(" Deprecated.");
    }
    doc
}

fn hex(value: i64) -> String {
    format!("0x{:04x}_{:04x}", value >> 16, value & 0xffff)
}

fn error_table(out: &mut String, tables: &Tables, head: &str) {
    let mut errors: Vec<_> = tables.errors.iter().collect();
    errors.sort_by_key(|error| error.value);
    let _ = writeln!(out, "{head}: [(i16, &str, &str); {}] = [", errors.len());
    for error in errors {
        let _ = writeln!(out, "({}, {:?}, {:?}),", error.value, error.name, error.meaning);
    }
    out.push_str("];\n");
}
