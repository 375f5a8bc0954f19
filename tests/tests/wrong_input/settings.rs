//! Cameras that cannot be opened, and settings that they do not have.

use pvcam::error::{OpenError, ParamError};
use pvcam::{OpenPolicy, Opened};

use crate::Row;
use crate::world::{A, World};

pub(crate) const ROWS: &[Row] = &[
    ("a camera that nobody knows", |world| unknown(world, "pvcamUSB_7")),
    ("a camera without a name", |world| unknown(world, "")),
    ("a camera with a null in its name", |world| unknown(world, "pvcamUSB_0\0")),
    ("a camera with a name of a thousand letters", |world| unknown(world, &"x".repeat(1000))),
    ("a camera that is open", |world| {
        let why = refused(world, A);
        assert!(matches!(&why, OpenError::AlreadyOpen { name } if name == A), "{why:?}");
    }),
    ("an open camera by its second cable", |world| {
        let why = refused(world, "pvcamUSB_1");
        let right = matches!(&why, OpenError::SameCamera { name, serial, open_as }
            if name == "pvcamUSB_1" && serial == "BODY-A" && open_as == A);
        assert!(right, "{why:?}");
    }),
    ("a readout port that is not there", |world| readout(world, 77, 0, 1)),
    ("a readout speed that is not there", |world| readout(world, 0, 77, 1)),
    ("a gain that is not there", |world| readout(world, 0, 0, 77)),
    ("the settings of another camera", |world| {
        let Opened { camera: other, .. } = world.sdk().open("pvcamUSB_2", OpenPolicy::Raw).expect("it opens");
        let settings = other.settings().expect("it tells them");
        let why = world.camera().restore(&settings).expect_err("they are another's");
        let right = matches!(&why, ParamError::OtherCamera { ours, theirs } if ours == "BODY-A" && theirs == "BODY-C");
        assert!(right, "{why:?}");
    }),
];

fn refused(world: &World, name: &str) -> OpenError {
    world.sdk().open(name, OpenPolicy::Raw).expect_err("it cannot be opened")
}

fn unknown(world: &mut World, name: &str) {
    match refused(world, name) {
        OpenError::Unknown { asked, available } => {
            assert_eq!(asked, name);
            assert_eq!(available, ["pvcamUSB_0", "pvcamUSB_1", "pvcamUSB_2"]);
        }
        why => unreachable!("{why:?}"),
    }
}

fn readout(world: &mut World, port: i32, speed: i16, gain: i16) {
    let before = world.camera().settings().expect("it tells them");
    match world.camera().set_readout(port, speed, gain).expect_err("it is not there") {
        ParamError::NotOffered { asked, allowed, .. } => {
            assert_eq!(asked, 77);
            assert!(!allowed.is_empty() && !allowed.contains(&77), "{allowed:?}");
        }
        why => unreachable!("{why:?}"),
    }
    assert_eq!(world.camera().settings().expect("it tells them"), before, "nothing was touched");
}
