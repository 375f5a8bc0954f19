//! What a camera shows is what arrives, pixel by pixel: pages of a TIFF file, through the shared library, however the
//! frames are delivered.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use pvcam::{Camera, Delivery, Evidence, Frames, Lease, Plan, Region, RingTrust, Session, StreamMode};
use pvcam_tests::{Rig, Taker, child, next, pages, rest};

/// Frames of a continuous run: several times round the ring.
const FRAMES: u32 = 30;
const SLOTS: u32 = 8;

/// A file's pages, and the region of the sensor on which they are shown.
struct Replay {
    pages: Vec<Vec<u16>>,
    region: Region,
}

impl Replay {
    fn page(&self, number: u64) -> &[u16] {
        &self.pages[(number as usize - 1) % self.pages.len()]
    }

    fn assert_shown(&self, lease: &Lease) {
        let number = lease.record().number;
        assert_eq!(lease.record().camera_number, Some(number));
        let shape = (lease.layout().columns, lease.layout().rows);
        assert_eq!(shape, (self.region.columns.into(), self.region.rows.into()));
        let pixels = lease.pixels::<u16>().expect("16 bits a pixel");
        assert!(pixels == self.page(number), "frame {number} is not its page");
    }
}

fn start(camera: Camera, plan: Plan, mode: StreamMode) -> (Session, Frames) {
    let armed = camera.arm(plan).expect("the plan is good");
    assert_eq!(armed.settings().delivery, mode);
    armed.start().expect("it starts")
}

fn stop(session: Session, delivered: u64, mode: StreamMode) -> Camera {
    let stopped = session.stop().expect("it stops");
    let books = stopped.books;
    assert_eq!((books.highest, books.delivered), (delivered, delivered), "{books}");
    let bytes = u64::from(stopped.armed.settings().frame_bytes);
    let copies = if mode == StreamMode::Copied { delivered } else { 0 };
    assert_eq!(books.copied_bytes, copies * bytes, "{books}");
    assert!(books.balanced(), "{books}");
    stopped.armed.disarm()
}

/// All frames of a sequence, held at the same time, and still the same after the stop.
fn sequence(rig: &Rig, camera: Camera, replay: &Replay, delivery: Delivery, mode: StreamMode) -> Camera {
    let frames = 7;
    let plan = Plan::sequence(frames).region(replay.region).delivery(delivery).reserve(frames.into());
    let (session, reader) = start(camera, plan, mode);
    let (mut taker, mut leases) = (Taker::new(reader), Vec::new());
    for _ in 0..frames {
        rig.step(0, 1);
        leases.extend(taker.settled(&session));
    }
    assert!(rest(&taker.frames).is_empty(), "the sequence has ended");
    assert_eq!(leases.len(), usize::from(frames), "{}", session.books());
    leases.iter().for_each(|lease| replay.assert_shown(lease));
    let camera = stop(session, frames.into(), mode);
    leases.iter().for_each(|lease| replay.assert_shown(lease));
    camera
}

/// Frames of a ring, three of them held while the ring goes on.
fn ring(rig: &Rig, camera: Camera, replay: &Replay, plan: Plan, mode: StreamMode) -> Camera {
    let (session, reader) = start(camera, plan.region(replay.region).ring(SLOTS), mode);
    let mut held = Vec::new();
    for number in 1..=FRAMES {
        rig.step(0, 1);
        let lease = next(&reader);
        assert_eq!(lease.record().number, number.into());
        let evidence = if mode == StreamMode::Locked { Evidence::Locked } else { Evidence::Tag };
        assert_eq!(lease.record().evidence, evidence);
        held.push(lease);
        if held.len() > 3 {
            replay.assert_shown(&held.remove(0));
        }
    }
    let camera = stop(session, FRAMES.into(), mode);
    held.iter().for_each(|lease| replay.assert_shown(lease));
    camera
}

/// The ring of the same body, probed where it runs by itself.
fn trust(rig: &Rig) -> RingTrust {
    rig.open("pvcamUSB_1").probe_ring().expect("the probe finds an answer").trust
}

fn in_every_way(replay: &Replay) {
    let rig = Rig::from_environment();
    let trust = trust(&rig);
    let camera = rig.open("pvcamUSB_0");
    let camera = sequence(&rig, camera, replay, Delivery::Auto, StreamMode::Frozen);
    let camera = sequence(&rig, camera, replay, Delivery::Copy, StreamMode::Copied);
    let camera = ring(&rig, camera, replay, Plan::continuous().trust(&trust), StreamMode::Locked);
    ring(&rig, camera, replay, Plan::continuous(), StreamMode::Copied);
}

/// Runs a test in a process that is told of its cameras as any program of a user is.
fn with_cameras(test: &str, file: &str, replay: impl FnOnce() -> Replay) {
    let file = format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"));
    match child(test, &[("PVCAM_SIM_CONFIG", &file)]) {
        Some(ended) => ended.assert_clean(),
        None => in_every_way(&replay()),
    }
}

#[test]
fn one_page_over_and_over() {
    with_cameras("one_page_over_and_over", "replay-foci.toml", || Replay {
        pages: pages("foci-gh2ax-1200x1000-u16.tif"),
        region: Region::new(848, 1048, 1200, 1000),
    });
}

#[test]
fn three_pages_in_turn() {
    with_cameras("three_pages_in_turn", "replay-worms.toml", || Replay {
        pages: pages("worms-3page-696x520-u16.tif"),
        region: Region::new(0, 0, 696, 520),
    });
}

#[test]
fn pages_are_told_apart() {
    let worms = pages("worms-3page-696x520-u16.tif");
    assert_eq!(worms.iter().map(Vec::len).collect::<Vec<_>>(), [696 * 520; 3]);
    assert!(
        worms[0] != worms[1] && worms[1] != worms[2] && worms[0] != worms[2],
        "else their order would not show"
    );
    let foci = pages("foci-gh2ax-1200x1000-u16.tif");
    assert_eq!(foci.len(), 1);
    // The figures that were written down with the file: that its bytes were put the right way round.
    assert_eq!((foci[0].iter().min(), foci[0].iter().max()), (Some(&628), Some(&4095)));
}
