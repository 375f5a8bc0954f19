//! No SDK, the wrong one, one too many.

use std::path::{Path, PathBuf};

use pvcam::Sdk;
use pvcam::error::SdkError;
use pvcam_sys::LoadError;
use pvcam_tests::{child, shared_library};

use crate::Row;
use crate::world::World;

pub(crate) const ROWS: &[Row] = &[
    ("a second SDK", |_| {
        let why = Sdk::load_from(shared_library()).expect_err("there is one");
        assert!(matches!(why, SdkError::AlreadyLoaded), "{why:?}");
    }),
    ("an SDK where there is none", |world| not_loadable(world, Path::new("/no/such/libpvcam.so.2"))),
    ("an SDK in a folder that has none", |world| not_loadable(world, Path::new(env!("CARGO_MANIFEST_DIR")))),
    ("an SDK in a file that is no library", |world| {
        not_loadable(world, &Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    }),
    ("another library for an SDK", |world| {
        world.unload();
        let other = c_library();
        match Sdk::load_from(&other).expect_err("it is no SDK") {
            SdkError::NotLoaded(LoadError::MissingSymbol { symbol, library }) => {
                assert!(symbol.to_bytes().starts_with(b"pl_"), "{symbol:?}");
                assert_eq!(library, Some(other));
            }
            why => unreachable!("{why:?}"),
        }
    }),
];

fn not_loadable(world: &mut World, wrong: &Path) {
    world.unload();
    match Sdk::load_from(wrong).expect_err("there is no SDK") {
        SdkError::NotLoaded(LoadError::NotLoadable { path, reason, .. }) => {
            assert!(path.starts_with(wrong), "{}", path.display());
            assert!(!reason.is_empty());
        }
        why => unreachable!("{why:?}"),
    }
}

/// A library that every process has, and that knows nothing of cameras.
fn c_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("this process has memory");
    let files = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    files.map(PathBuf::from).find(|file| file.to_string_lossy().contains("/libc")).expect("it runs on one")
}

/// Where there is no SDK at all every place is named that was searched. In a process of its own, because one that has
/// loaded the simulator finds it again by its name.
#[test]
fn no_sdk_on_this_machine() {
    let Some(ended) = child("no_sdk::no_sdk_on_this_machine", &[]) else {
        return match Sdk::load() {
            Err(SdkError::NotLoaded(LoadError::NotFound { searched })) => {
                let names: Vec<&Path> = searched.iter().map(|(place, _)| place.as_path()).collect();
                assert!(names.contains(&Path::new("libpvcam.so.2")) && names.len() > 3, "{names:?}");
                assert!(searched.iter().all(|(_, reason)| !reason.is_empty()));
            }
            // A machine on which the vendor's SDK is installed: then that one was found, and not a simulator.
            Ok(sdk) => assert_ne!(sdk.library_path(), Some(shared_library())),
            Err(SdkError::Installation { hint, .. }) => assert!(!hint.is_empty()),
            Err(why) => unreachable!("{why:?}"),
        };
    };
    ended.assert_clean();
}

/// Who names an SDK means that one.
#[test]
fn the_sdk_that_was_named_is_not_there() {
    let name = "no_sdk::the_sdk_that_was_named_is_not_there";
    let Some(ended) = child(name, &[("PVCAM_LIBRARY", "/no/such/libpvcam.so.2")]) else {
        let why = Sdk::load().expect_err("there is none");
        let right =
            matches!(&why, SdkError::NotLoaded(LoadError::NotLoadable { named_by: "PVCAM_LIBRARY", .. }));
        return assert!(right, "{why:?}");
    };
    ended.assert_clean();
}
