//! Without a camera the library answers every recorded call as the vendor's does, slips apart.
//!
//! The slips, 11 of the 709 vectors, are refused instead of copied: sizes that wrap around, writes outside of
//! the picture or the list, and divisions by zero fail with a code and touch nothing. One of them, releasing a
//! structure twice, cannot be refused and is not tried.

#![expect(unreachable_pub, reason = "the modules of one test")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test helper that fails is a failed test")]

mod decode;
mod extended;
mod lifetime;
mod matrix;
mod memory;
mod observed;
mod recompose;

use std::collections::BTreeMap;

use serde_json::Value;

/// Cases beside those in the file; every code has a message, and every length of list can be made.
const OBSERVED: usize = 77 + 65_536 + 65_536;

/// Everything in the file, in one test: the library's state is global, and the cases want it in order.
#[test]
fn recorded_answers() {
    let text = include_str!("../../../../tests/data/pvcam-vectors.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let mut observed = observed::Observed::default();
    observed.before_init();
    let matrix = &file["state_matrix"];
    let calls = matrix::uninitialised(&matrix["not_initialised"])
        + matrix::no_camera(&matrix["initialised_no_camera"]);
    assert_eq!(calls, 602);
    observed.without_camera();
    assert_eq!(observed.cases, OBSERVED);

    let mut counts = BTreeMap::new();
    for vector in file["vectors"].as_array().unwrap() {
        let kind = vector["kind"].as_str().unwrap();
        let slip = vector["vendor_quirk"] == true;
        match kind {
            "md_decode" => decode::once(vector, slip),
            "md_decode_twice" => decode::twice(vector),
            "md_recompose" => recompose::check(vector, slip),
            "md_read_extended" => extended::check(vector, slip),
            "smart_stream" => lifetime::smart_stream(vector),
            "null_and_lifetime" => lifetime::null_and_lifetime(vector, slip),
            "frame_info" => lifetime::frame_info(vector),
            "md_create_cont" => lifetime::create_cont(vector),
            "get_ver" => lifetime::version(vector),
            "error_message" => lifetime::error_message(vector),
            other => panic!("unknown kind {other}"),
        }
        *counts.entry(if slip { "slip" } else { kind }).or_insert(0) += 1;
    }
    let expected = [
        ("error_message", 21),
        ("frame_info", 1),
        ("get_ver", 27),
        ("md_create_cont", 4),
        ("md_decode", 438),
        ("md_decode_twice", 8),
        ("md_read_extended", 64),
        ("md_recompose", 116),
        ("null_and_lifetime", 15),
        ("slip", 11),
        ("smart_stream", 4),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    let vectors: i32 = counts.values().sum();
    println!("{} observed cases, {calls} calls, {vectors} vectors", observed.cases);
}
