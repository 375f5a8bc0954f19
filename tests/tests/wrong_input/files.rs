//! Files that describe no cameras, and pictures that a camera cannot show. The error names the file, the line and the key.

use std::fs::File;
use std::path::PathBuf;

use pvcam::error::{ArmError, SdkError};
use pvcam::{Plan, Region};
use tiff::encoder::{TiffEncoder, colortype};

use crate::Row;
use crate::world::World;

pub(crate) const ROWS: &[Row] = &[
    ("a file with a key that does not exist", |world| {
        broken(world, "[[camera]]\nmodel = 'prime-bsi-usb'\n\ncolour = 3\n", "line 4, key `colour`");
    }),
    ("a file with a text for a number", |world| {
        broken(world, "[[camera]]\nmodel = 'prime-bsi-usb'\nseed = 'one'\n", "line 3, key `seed`");
    }),
    ("a file with a fault that does not exist", |world| {
        let faults = "[[camera]]\nmodel = 'prime-bsi-usb'\n[camera.faults]\nlose = [1]\n";
        broken(world, faults, "line 4, key `lose`");
    }),
    ("a file with a bracket too few", |world| broken(world, "[[camera]\n", "line 1")),
    ("a file with a model that nobody makes", |world| {
        broken(world, "[[camera]]\nmodel = 'brownie'\n", "line 2, key `model`");
    }),
    ("a file that is not there", |world| {
        world.unload();
        std::fs::remove_file(World::file()).expect("it was there");
        let why =
            pvcam::Sdk::load_from(pvcam_tests::shared_library()).expect_err("nothing describes the cameras");
        named(&why, "cameras.toml");
    }),
    ("a picture that is not there", |world| picture(world, "nobody.tif", "nobody.tif")),
    ("a picture that is none", |world| {
        std::fs::write(beside("text.tif"), "not a picture").expect("written");
        picture(world, "text.tif", "text.tif");
    }),
    ("a picture that breaks off", |world| {
        grey(&[(64, 48)], "whole.tif");
        let bytes = std::fs::read(beside("whole.tif")).expect("read");
        // Its pixels are there, and the directory that tells where is not.
        std::fs::write(beside("half.tif"), &bytes[..bytes.len() / 2]).expect("written");
        picture(world, "half.tif", "half.tif");
    }),
    ("a picture in colour", |world| {
        let mut file = File::create(beside("colour.tif")).expect("made");
        let pixels = vec![0_u8; 64 * 48 * 3];
        let mut encoder = TiffEncoder::new(&mut file).expect("a TIFF");
        encoder.write_image::<colortype::RGB8>(64, 48, &pixels).expect("written");
        picture(world, "colour.tif", "RGB");
    }),
    ("pages of two sizes", |world| {
        grey(&[(64, 48), (48, 64)], "sizes.tif");
        picture(world, "sizes.tif", "page 2 is 48 x 64");
    }),
    ("a picture that is smaller than the region", |world| {
        grey(&[(32, 32)], "small.tif");
        wrong_shape(world, "small.tif", "32 x 32 pixels of 16 bits; the region is 64 x 48 of 16 bits");
    }),
    ("a picture with 8 bits for a camera with 16", |world| {
        let mut file = File::create(beside("bits.tif")).expect("made");
        let mut encoder = TiffEncoder::new(&mut file).expect("a TIFF");
        encoder.write_image::<colortype::Gray8>(64, 48, &[0; 64 * 48]).expect("written");
        wrong_shape(world, "bits.tif", "64 x 48 pixels of 8 bits; the region is 64 x 48 of 16 bits");
    }),
];

/// A file beside the description of the cameras.
fn beside(name: &str) -> PathBuf {
    World::file().with_file_name(name)
}

/// A grey picture of pages with these columns and rows.
fn grey(pages: &[(u32, u32)], name: &str) {
    let mut file = File::create(beside(name)).expect("made");
    let mut encoder = TiffEncoder::new(&mut file).expect("a TIFF");
    for &(columns, rows) in pages {
        let pixels = vec![7_u16; (columns * rows) as usize];
        encoder.write_image::<colortype::Gray16>(columns, rows, &pixels).expect("written");
    }
}

fn replay(name: &str) -> String {
    format!("[[camera]]\nmodel = 'prime-bsi-usb'\nclock = 'stepped'\nscene = 'replay'\nreplay = '{name}'\n")
}

/// The SDK does not start, says that its surroundings are at fault, and names the place.
fn broken(world: &mut World, toml: &str, place: &str) {
    let why = world.refused_start(toml);
    named(&why, "cameras.toml");
    named(&why, place);
}

fn named(why: &SdkError, what: &str) {
    let SdkError::Installation { failure, .. } = why else { unreachable!("{why:?}") };
    assert_eq!(failure.name(), Some("PL_ERR_INSTALLATION_CORRUPTED"));
    assert!(failure.message().contains(what), "{what:?} is not named: {}", failure.message());
    assert!(why.to_string().contains(what), "nor for people: {why}");
}

fn picture(world: &mut World, name: &str, what: &str) {
    let why = world.refused_start(&replay(name));
    named(&why, "line 5, key `replay`");
    named(&why, what);
}

/// The file is good, and so is the plan, but they do not fit each other.
fn wrong_shape(world: &mut World, name: &str, what: &str) {
    world.load(&replay(name));
    let asked = Region::new(0, 0, 64, 48);
    match world.refused_plan(Plan::sequence(2).region(asked)) {
        ArmError::Setup { regions, failure, .. } => {
            assert_eq!((regions, failure.name()), (vec![asked], Some("PL_ERR_REGION_INVALID")));
            assert!(
                failure.message().contains(name) && failure.message().contains(what),
                "{}",
                failure.message()
            );
        }
        why => unreachable!("{why:?}"),
    }
    world.unload();
}
