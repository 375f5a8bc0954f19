//! Frames that are lost stand in the column of what lost them, by their right numbers, and all others arrive whole,
//! however the ring is delivered.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use pvcam::LossCause::{self, BeforeHost, InCamera, Notification};
use pvcam::{Books, Session};
use pvcam_tests::{Ring, assert_counter_scene};

/// Exposures of each run: more than twice round the ring.
const EXPOSURES: u64 = 20;

/// Faults, and the losses that they make, by the camera's numbers.
struct Case {
    faults: &'static str,
    lost: &'static [(LossCause, u64)],
}

const CASES: &[Case] = &[
    Case { faults: "", lost: &[] },
    Case { faults: "drop_notification = [5, 6]", lost: &[(Notification, 5), (Notification, 6)] },
    Case { faults: "drop_notification = [8, 9]", lost: &[(Notification, 8), (Notification, 9)] },
    Case { faults: "drop_notification = [1]", lost: &[(Notification, 1)] },
    Case { faults: "lose_before_host = [9]", lost: &[(BeforeHost, 9)] },
    Case { faults: "lose_before_host = [1, 2]", lost: &[(BeforeHost, 1), (BeforeHost, 2)] },
    Case { faults: "lose_in_camera = [12]", lost: &[(InCamera, 12)] },
    Case { faults: "lose_in_camera = [1]", lost: &[(InCamera, 1)] },
    Case {
        faults: "drop_notification = [5, 6]\nlose_before_host = [9]\nlose_in_camera = [12]",
        lost: &[(Notification, 5), (Notification, 6), (BeforeHost, 9), (InCamera, 12)],
    },
    Case {
        faults: "drop_notification = [5]\nlose_before_host = [6]",
        lost: &[(Notification, 5), (BeforeHost, 6)],
    },
    Case {
        faults: "drop_notification = [6]\nlose_before_host = [5]",
        lost: &[(BeforeHost, 5), (Notification, 6)],
    },
    Case {
        faults: "drop_notification = [5]\nlose_in_camera = [6]",
        lost: &[(Notification, 5), (InCamera, 6)],
    },
    // The host does not number what the camera lost: its fifth frame is the camera's sixth.
    Case {
        faults: "drop_notification = [5]\nlose_in_camera = [5]",
        lost: &[(InCamera, 5), (Notification, 6)],
    },
    Case { faults: "late_burst = { at = 5, frames = 4 }", lost: &[] },
];

/// Every loss that was told, one entry a frame.
fn told(session: &Session) -> Vec<(LossCause, u64)> {
    let events = std::iter::from_fn(|| session.next_loss());
    events.flat_map(|event| (event.first..event.first + event.count).map(move |n| (event.cause, n))).collect()
}

fn assert_columns(books: &Books, lost: &[(LossCause, u64)], what: &str) {
    let count = |cause| lost.iter().filter(|(of, _)| *of == cause).count() as u64;
    let delivered = EXPOSURES - lost.len() as u64;
    assert_eq!(books.lost_notification, count(Notification), "{what}: {books}");
    assert_eq!(books.lost_before_host, count(BeforeHost), "{what}: {books}");
    assert_eq!(books.lost_in_camera, count(InCamera), "{what}: {books}");
    assert_eq!((books.delivered, books.highest), (delivered, EXPOSURES), "{what}: {books}");
    assert_eq!(books.lost(), lost.len() as u64, "no other column: {what}: {books}");
    assert!(books.balanced(), "{what}: {books}");
}

fn run(ring: &Ring, case: &Case) {
    let what = format!("{} ring, {:?}", ring.story, case.faults);
    let rig = ring.rig(&format!("[camera.faults]\n{}", case.faults));
    let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
    let (mut arrived, mut missed) = (Vec::new(), 0);
    for _ in 0..EXPOSURES {
        rig.step(0, 1);
        for lease in taker.settled(&session) {
            assert_counter_scene(&lease);
            arrived.push(lease.record().camera_number.expect("a number"));
            missed += lease.record().lost_before;
            let last_but = arrived.len().checked_sub(2).map_or(0, |at| arrived[at]);
            let gap = arrived[arrived.len() - 1] - last_but - 1;
            assert_eq!(lease.record().lost_before, gap, "{what}: before frame {:?}", arrived.last());
        }
    }
    let expected: Vec<u64> =
        (1..=EXPOSURES).filter(|n| case.lost.iter().all(|(_, lost)| lost != n)).collect();
    assert_eq!(arrived, expected, "{what}");
    assert_eq!(missed, case.lost.len() as u64, "{what}");
    assert_eq!(session.delivery(), ring.mode(), "{what}: the evidence agreed all the time");
    assert_eq!(told(&session), case.lost, "{what}");
    let stopped = session.stop().expect("it stops");
    assert_columns(&stopped.books, case.lost, &what);
}

#[test]
fn in_every_ring() {
    for ring in Ring::all() {
        CASES.iter().for_each(|case| run(&ring, case));
    }
}

#[test]
fn a_late_burst_comes_together_and_in_order() {
    for ring in Ring::all() {
        let rig = ring.rig("[camera.faults]\nlate_burst = { at = 5, frames = 4 }");
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let mut at_each_step = Vec::new();
        for _ in 0..10 {
            rig.step(0, 1);
            let numbers =
                taker.settled(&session).iter().map(|lease| lease.record().number).collect::<Vec<_>>();
            at_each_step.push(numbers);
        }
        let mut expected: Vec<Vec<u64>> = (1..=10).map(|number| vec![number]).collect();
        expected[4..8].clone_from_slice(&[vec![], vec![], vec![], vec![5, 6, 7, 8]]);
        assert_eq!(at_each_step, expected, "{} ring", ring.story);
        let books = session.stop().expect("it stops").books;
        assert_eq!((books.delivered, books.lost()), (10, 0), "{books}");
    }
}
