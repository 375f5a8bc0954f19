//! Two cameras of one process acquire at once, each on a thread of its own: one shows a counter in a ring that honours
//! locks, the other pages of a file in a ring that does not. No frame, number or loss of the one turns up with the other.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use pvcam::{Delivery, Lease, LossCause, Plan, Region, StreamMode};
use pvcam_tests::{Rig, Taker, assert_counter_scene, pages, trust};

/// Both show pictures of this size, so that a frame of the other one would fit.
const REGION: Region = Region::new(0, 0, 696, 520);
/// Exposures: not the same number, so that a mix-up of the books would show.
const COUNTED: u64 = 60;
const REPLAYED: u64 = 41;

fn cameras() -> String {
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/data/worms-3page-696x520-u16.tif");
    format!(
        "[[camera]]\nmodel = 'prime-bsi-usb'\nclock = 'stepped'\nno_overwrite = 'lossy'\n\
         [camera.faults]\nlose_before_host = [20, 21]\n\
         [[camera]]\nmodel = 'prime-bsi-usb'\nclock = 'stepped'\nscene = 'replay'\nreplay = '{picture}'\n\
         [camera.faults]\nlose_in_camera = [30]\n"
    )
}

/// Starts a camera, exposes `exposures` frames one by one beside the other camera, and hands each frame that comes to
/// `check`. Its books must know of `lost`, and of nothing else.
fn acquire(
    rig: &Rig,
    (index, plan, mode): (i16, Plan, StreamMode),
    both: &Barrier,
    exposures: u64,
    lost: (LossCause, u64, u64),
    check: impl Fn(&Lease),
) {
    let camera = rig.open(["pvcamUSB_0", "pvcamUSB_1"][usize::from(index != 0)]);
    let armed =
        camera.arm(plan.region(REGION).exposure(Duration::from_millis(1)).ring(8)).expect("a good plan");
    assert_eq!(armed.settings().delivery, mode);
    both.wait();
    let (session, frames) = armed.start().expect("it starts");
    let (mut taker, mut taken, mut highest) = (Taker::new(frames), 0, 0);
    for _ in 0..exposures {
        rig.step(index, 1);
        for lease in taker.settled(&session) {
            check(&lease);
            let number = lease.record().camera_number.expect("the camera numbers its frames");
            assert!(number > highest, "camera {index}: frame {number} after {highest}");
            (highest, taken) = (number, taken + 1);
        }
    }
    let event = session.next_loss().expect("a loss is told");
    assert_eq!((event.cause, event.first, event.count), lost, "camera {index}");
    assert_eq!(session.next_loss(), None);
    let books = session.stop().expect("it stops").books;
    assert_eq!((highest, books.highest), (exposures, exposures), "camera {index}: {books}");
    assert_eq!(
        (taken, books.delivered, books.lost()),
        (exposures - lost.2, exposures - lost.2, lost.2),
        "{books}"
    );
    assert!(books.balanced(), "camera {index}: {books}");
}

#[test]
fn two_cameras_at_once() {
    let (trust, pages) = (trust("lossy"), pages("worms-3page-696x520-u16.tif"));
    let rig = Rig::configured(&cameras());
    let both = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            let how = (0, Plan::continuous().trust(&trust), StreamMode::Locked);
            acquire(&rig, how, &both, COUNTED, (LossCause::BeforeHost, 20, 2), |lease| {
                assert_counter_scene(lease);
                let pixels = lease.pixels::<u16>().expect("16 bits");
                assert!(pages.iter().all(|page| page != pixels), "a counter is no page");
            });
        });
        scope.spawn(|| {
            // What is known of the other camera's ring is not known of this one's.
            let how = (1, Plan::continuous().trust(&trust).delivery(Delivery::Auto), StreamMode::Copied);
            acquire(&rig, how, &both, REPLAYED, (LossCause::InCamera, 30, 1), |lease| {
                let number = lease.record().camera_number.expect("the camera numbers its frames");
                let page = &pages[(number as usize - 1) % pages.len()];
                assert!(lease.pixels::<u16>().expect("16 bits") == page, "frame {number} is not its page");
            });
        });
    });
    let (counted, replayed) = (rig.stats(0), rig.stats(1));
    assert_eq!((counted.produced, replayed.produced), (COUNTED, REPLAYED));
    assert!(counted.unlocks > 0 && replayed.unlocks == 0, "only a ring that honours locks is unlocked");
}
