//! What there is to lose: frames that are leased, and a camera that is open.

use std::path::PathBuf;
use std::time::Duration;

use pvcam::error::{ArmError, SdkError};
use pvcam::{Camera, Lease, Plan, Sdk};
use pvcam_tests::{Rig, assert_counter_scene, rest, shared_library, small};

/// A camera, the same body by its second cable, and another one.
const CAMERAS: &str = "
[[camera]]
model = 'prime-bsi-usb'
serial = 'BODY-A'
clock = 'stepped'

[[camera]]
model = 'prime-bsi-usb'
serial = 'BODY-A'
clock = 'stepped'

[[camera]]
model = 'prime-bsi-usb'
serial = 'BODY-C'
";

/// The camera that is open throughout.
pub(crate) const A: &str = "pvcamUSB_0";

/// A process with an SDK, a camera and leased frames.
pub(crate) struct World {
    /// What was leased at the beginning, with a copy of its bytes.
    kept: Vec<(Lease, Vec<u8>)>,
    camera: Option<Camera>,
    /// Dropped after the camera.
    rig: Option<Rig>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self { kept: Vec::new(), camera: None, rig: None };
        world.load(CAMERAS);
        for lease in world.take(3) {
            let bytes = lease.slot_bytes().to_vec();
            world.kept.push((lease, bytes));
        }
        world
    }

    /// How many frames are leased throughout, from the camera's first memory.
    pub(crate) fn kept(&self) -> u32 {
        u32::try_from(self.kept.len()).expect("a few")
    }

    /// The file that the simulator reads.
    pub(crate) fn file() -> PathBuf {
        PathBuf::from(std::env::var_os("PVCAM_SIM_CONFIG").expect("the parent names it"))
    }

    /// Loads the SDK on the cameras that a file describes, and opens the first of them.
    pub(crate) fn load(&mut self, toml: &str) {
        self.unload();
        std::fs::write(Self::file(), toml).expect("the file is written");
        let rig = Rig::from_environment();
        self.camera = Some(rig.open(A));
        self.rig = Some(rig);
    }

    /// Closes the camera and the SDK. What is leased stays.
    pub(crate) fn unload(&mut self) {
        self.camera = None;
        self.rig = None;
    }

    /// Why the SDK does not start on cameras that are described like this.
    pub(crate) fn refused_start(&mut self, toml: &str) -> SdkError {
        self.unload();
        std::fs::write(Self::file(), toml).expect("the file is written");
        Sdk::load_from(shared_library()).expect_err("the description is wrong")
    }

    pub(crate) fn sdk(&self) -> &Sdk {
        &self.rig.as_ref().expect("the SDK is loaded").sdk
    }

    pub(crate) fn rig(&self) -> &Rig {
        self.rig.as_ref().expect("the SDK is loaded")
    }

    pub(crate) fn camera(&mut self) -> &mut Camera {
        self.camera.as_mut().expect("the camera is open")
    }

    pub(crate) fn take_camera(&mut self) -> Camera {
        self.camera.take().expect("the camera is open")
    }

    pub(crate) fn put_camera(&mut self, camera: Camera) {
        self.camera = Some(camera);
    }

    /// A plan that is good, to be made wrong.
    pub(crate) fn plan(&self) -> Plan {
        let camera = self.camera.as_ref().expect("the camera is open");
        Plan::continuous().region(small(camera)).exposure(Duration::from_millis(1)).ring(8)
    }

    /// Why the camera is not armed with a plan. It comes back.
    pub(crate) fn refused_plan(&mut self, plan: Plan) -> ArmError {
        let refused = self.take_camera().arm(plan).expect_err("the plan is wrong");
        self.put_camera(refused.given_back);
        refused.why
    }

    /// Takes a short sequence with the camera.
    fn take(&mut self, frames: u16) -> Vec<Lease> {
        let camera = self.take_camera();
        let plan = Plan::sequence(frames).region(small(&camera)).exposure(Duration::from_millis(1));
        let (session, reader) = camera.arm(plan).expect("a good plan").start().expect("it starts");
        self.rig().step(0, frames.into());
        let leases = rest(&reader);
        let stopped = session.stop().expect("it stops");
        assert!(stopped.books.balanced() && stopped.books.delivered == frames.into(), "{}", stopped.books);
        self.put_camera(stopped.armed.disarm());
        leases
    }

    /// What was leased is as it was; the camera that was open takes pictures, or can be had again.
    pub(crate) fn assert_nothing_is_lost(&mut self) {
        if self.camera.is_none() {
            self.load(CAMERAS);
        }
        let taken = self.take(2);
        assert_eq!(taken.len(), 2);
        taken.iter().for_each(assert_counter_scene);
        assert_eq!(self.kept.len(), 3);
        for (lease, bytes) in &self.kept {
            assert!(lease.slot_bytes() == bytes, "a frame that was leased has changed");
            assert_counter_scene(lease);
        }
    }
}
