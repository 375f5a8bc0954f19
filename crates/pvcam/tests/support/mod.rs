//! A camera to test with: the simulator linked into the test, one at a time per process.

#![expect(dead_code, reason = "every test uses another part of it")]
#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use pvcam::{Armed, Books, Camera, Frames, Lease, OpenPolicy, Opened, Plan, Region, RingTrust, Sdk, Session};
use pvcam_sim::{Control, Stats};

/// Patience with what has happened already or happens at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The name of the first simulated camera.
pub(crate) const NAME: &str = "pvcamUSB_0";

/// Keeps tests of one process apart: the simulator is configured before it is initialised.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    // A test that failed while it held the turn has said so itself.
    TURN.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// An initialised simulator.
pub(crate) struct Rig {
    pub(crate) sdk: Sdk,
    pub(crate) control: Control,
    // Dropped last.
    _turn: MutexGuard<'static, ()>,
}

/// Initialises the simulator with one Prime BSI on USB; `lines` are added to its configuration.
pub(crate) fn rig(lines: &str) -> Rig {
    configured(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\n{lines}\n"))
}

/// Initialises the simulator with a whole configuration.
pub(crate) fn configured(toml: &str) -> Rig {
    configured_with(toml, api())
}

/// As [`rig`], with some functions of the library exchanged.
pub(crate) fn rig_with(lines: &str, api: pvcam_sys::Api) -> Rig {
    configured_with(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\n{lines}\n"), api)
}

fn configured_with(toml: &str, api: pvcam_sys::Api) -> Rig {
    let turn = turn();
    let control = Control::in_process();
    control.configure(toml).expect("a good configuration");
    Rig { sdk: Sdk::with_api(api).expect("the simulator starts"), control, _turn: turn }
}

/// The simulator's functions.
pub(crate) fn api() -> pvcam_sys::Api {
    // SAFETY: `lookup` gives the functions of the simulator that is linked into this program, for as long as it runs.
    unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }.expect("the simulator has every function")
}

impl Rig {
    pub(crate) fn open(&self) -> Camera {
        let Opened { camera, .. } = self.sdk.open(NAME, OpenPolicy::Raw).expect("the camera opens");
        camera
    }

    /// Exposes `frames` frames on the stepped clock; all callbacks have returned when it returns.
    pub(crate) fn step(&self, frames: u32) {
        let stepped = self.control.step(0, frames, SOON);
        assert_eq!(stepped, Some(frames), "the stepped clock goes on");
    }

    /// Exposes at most `frames` frames, and tells how many it were.
    pub(crate) fn step_at_most(&self, frames: u32) -> u32 {
        self.control.step(0, frames, SOON).unwrap_or(0)
    }

    pub(crate) fn stats(&self) -> Stats {
        self.control.stats(0).expect("the camera has counters")
    }
}

/// What a probe says of the ring of a simulated camera with this story. On the real clock, because a probe waits for
/// frames; the trust holds for every later camera of the same identity.
pub(crate) fn trust(story: &str) -> RingTrust {
    let rig = rig(&format!("no_overwrite = \"{story}\""));
    rig.open().probe_ring().expect("the probe finds an answer").trust
}

/// A small picture, so that tests are quick.
pub(crate) fn small(camera: &Camera) -> Region {
    Region::centred(camera.sensor(), 64, 48)
}

pub(crate) fn continuous(camera: &Camera) -> Plan {
    Plan::continuous().region(small(camera)).exposure(Duration::from_millis(1)).ring(8)
}

pub(crate) fn sequence(camera: &Camera, frames: u16) -> Plan {
    Plan::sequence(frames).region(small(camera)).exposure(Duration::from_millis(1))
}

pub(crate) fn arm(camera: Camera, plan: Plan) -> Armed {
    camera.arm(plan).expect("the plan is good")
}

pub(crate) fn start(armed: Armed) -> (Session, Frames) {
    armed.start().expect("the camera starts")
}

/// The next frame, which must come.
pub(crate) fn next(frames: &Frames) -> Lease {
    frames.next_within(SOON).expect("a frame comes").expect("the stream goes on")
}

/// Waits until something becomes true that another thread does.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "it does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Everything that is left in the queue of a run that is over.
pub(crate) fn rest(frames: &Frames) -> Vec<Lease> {
    std::iter::from_fn(|| frames.next_within(SOON).expect("the run is over")).collect()
}

/// The pixel that the simulator's counter scene has at a row and column of camera frame `number`.
pub(crate) fn counter(number: u64, row: u32, column: u32, bits: u8) -> u16 {
    let value = (number as u32).wrapping_mul(31).wrapping_add(row * 7 + column);
    (value & ((1_u32 << bits) - 1)) as u16
}

/// Every pixel is that of the camera's frame whose number the record tells.
pub(crate) fn assert_counter_scene(lease: &Lease) {
    let number = lease.record().camera_number.expect("the camera numbers its frames");
    let layout = *lease.layout();
    let pixels = lease.pixels::<u16>().expect("16 bits a pixel");
    assert_eq!(pixels.len(), (layout.rows * layout.columns) as usize);
    for (index, &pixel) in pixels.iter().enumerate() {
        let (row, column) = (index as u32 / layout.columns, index as u32 % layout.columns);
        assert_eq!(
            pixel,
            counter(number, row, column, layout.bit_depth),
            "frame {number}, row {row}, column {column}"
        );
    }
}

pub(crate) fn numbers(leases: &[Lease]) -> Vec<u64> {
    leases.iter().map(|lease| lease.record().number).collect()
}

/// Every frame stands in exactly one column.
pub(crate) fn assert_balanced(books: &Books) {
    assert!(books.balanced(), "{books}");
}
