//! Wrong input gets a typed error and loses nothing: one table through the whole stack, from the simulator's file to the
//! pixels. After each row the frames that were leased before it are as they were, and the camera that was open works.
//!
//! What cannot even be said (to start twice, to change a camera that acquires) stands in `compile_fail`.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

mod files;
mod no_sdk;
mod plans;
mod settings;
mod world;

use pvcam_tests::{child, scratch};
use world::World;

/// What is asked for, and the asking: it looks at the error itself.
pub(crate) type Row = (&'static str, fn(&mut World));

#[test]
fn a_typed_error_and_nothing_is_lost() {
    let file = scratch("cameras").join("cameras.toml");
    let path = file.to_string_lossy();
    let ended = child("a_typed_error_and_nothing_is_lost", &[("PVCAM_SIM_CONFIG", &path)]);
    let Some(ended) = ended else { return every_row() };
    ended.assert_clean();
    std::fs::remove_dir_all(file.parent().expect("it lies in a folder")).expect("the folder goes");
}

fn every_row() {
    let mut world = World::new();
    for (asked, ask) in [plans::ROWS, settings::ROWS, no_sdk::ROWS, files::ROWS].into_iter().flatten() {
        println!("asked for {asked}");
        ask(&mut world);
        world.assert_nothing_is_lost();
    }
}
