//! Every constant of the tables stands in the bindings with the table's value, and nothing else does.

use std::collections::BTreeMap;

use crate::tables::{number, table, text};

const BINDINGS: &str = include_str!("../../src/bindings/x86_64_unknown_linux_gnu.rs");
const ERRORS: &str = include_str!("../../src/bindings/errors.rs");

/// Names with type and value, from lines `pub const NAME: TYPE = VALUE;`.
fn constants(rust: &str) -> BTreeMap<String, (String, i64)> {
    let mut found = BTreeMap::new();
    for line in rust.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let (name, rest) = line.split_once(": ").unwrap();
        let (kind, value) = rest.trim_end_matches(';').split_once(" = ").unwrap();
        let value = value.replace('_', "");
        let value = match value.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => value.parse(),
        };
        let value = value.unwrap_or_else(|e| panic!("{line}: {e}"));
        assert!(found.insert(name.to_owned(), (kind.to_owned(), value)).is_none(), "{name} twice");
    }
    found
}

/// The same from the tables. `enum_type` gives the type of an enumeration's members.
fn expected(enum_type: impl Fn(&str) -> String) -> BTreeMap<String, (String, i64)> {
    let tables = table("constants.toml");
    let mut all = BTreeMap::new();
    for (_, group) in tables["define"].as_table().unwrap().iter().filter(|(title, _)| *title != "language") {
        for (name, define) in group.as_table().unwrap() {
            all.insert(name.clone(), ("u32".to_owned(), number(define, "value")));
        }
    }
    for (name, parameter) in tables["param"].as_table().unwrap() {
        all.insert(name.clone(), ("u32".to_owned(), number(parameter, "id")));
    }
    for (name, enumeration) in tables["enum"].as_table().unwrap() {
        for member in enumeration["members"].as_array().unwrap() {
            all.insert(text(member, "name").to_owned(), (enum_type(name), number(member, "value")));
        }
    }
    all
}

fn error_codes() -> BTreeMap<String, (String, i64)> {
    let errors = table("errors.toml");
    let codes = errors["error"].as_table().unwrap().iter();
    codes.map(|(name, error)| (name.clone(), ("i16".to_owned(), number(error, "code")))).collect()
}

#[test]
fn every_value_of_the_tables_is_in_the_bindings() {
    let expected = expected(|name| if name == "PV_RESULT" { "i32".to_owned() } else { name.to_owned() });
    assert_eq!(expected.len(), 43 + 123 + 289, "macros, parameters and enum members of the tables");
    assert_eq!(constants(BINDINGS), expected);
}

#[test]
fn every_error_code_of_the_table_is_in_the_bindings_with_its_name() {
    let codes = error_codes();
    assert_eq!(codes.len(), 74);
    assert_eq!(constants(ERRORS), codes);
    for (name, (_, code)) in &codes {
        assert_eq!(pvcam_sys::error_name(i16::try_from(*code).unwrap()), Some(name.as_str()));
    }
}

#[test]
fn the_simulators_constants_came_by_another_way_and_agree() {
    let simulator =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../pvcam-sim/src/abi/constants.rs");
    let mut all = expected(|_| "i32".to_owned());
    all.extend(error_codes());
    assert_eq!(constants(&std::fs::read_to_string(simulator).unwrap()), all);
}

#[test]
fn enumerations_are_open_integers_of_32_bits() {
    for (name, _) in table("constants.toml")["enum"].as_table().unwrap() {
        let alias = format!("pub type {name} = i32;");
        assert!(name == "PV_RESULT" || BINDINGS.contains(&alias), "{alias}");
    }
    assert!(!BINDINGS.contains("pub enum"), "an unknown value of a Rust enum would be undefined behaviour");
}

#[test]
fn the_values_that_other_drivers_got_wrong_are_right_as_compiled() {
    use pvcam_sys as sys;
    let no_overwrite: i32 = sys::CIRC_NO_OVERWRITE;
    assert_eq!((sys::CIRC_NONE, sys::CIRC_OVERWRITE, no_overwrite), (0, 1, 2));
    assert_eq!(sys::PARAM_FRAME_BUFFER_SIZE, 134_414_636);
    assert_eq!(sys::PL_MD_FRAME_SIGNATURE.to_le_bytes(), *b"PMQ\0");
}
