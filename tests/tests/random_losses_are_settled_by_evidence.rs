//! Losses of all kinds in any order, in runs that are different each and the same each time: every exposure is delivered whole,
//! or told as lost for the reason for which it was lost, and none is both.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::collections::BTreeMap;

use pvcam::LossCause::{self, BeforeHost, InCamera, Notification};
use pvcam_tests::{Ring, assert_counter_scene};

const RUNS: u64 = 90;
const EXPOSURES: u64 = 40;
/// Losses in a row at most: no more than the ring has room for without being full.
const IN_A_ROW: u64 = 3;

/// Numbers that look random: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A run: what becomes of each exposure.
#[derive(Default)]
struct Story {
    lost: BTreeMap<u64, LossCause>,
    drop_notification: Vec<u64>,
    lose_before_host: Vec<u64>,
    lose_in_camera: Vec<u64>,
}

impl Story {
    /// The camera numbers all exposures, the host those that leave the camera. Where both lose frames between two that arrive,
    /// nothing tells in which order: here the host is first.
    fn thrown(dice: &mut Dice) -> Self {
        let (mut story, mut host, mut row, mut camera_first) = (Self::default(), 0, 0, false);
        let odds = 5 + dice.below(40);
        // The last exposure arrives, because a loss is noticed by what comes after it.
        for number in 1..=EXPOSURES {
            let lost = number < EXPOSURES && row < IN_A_ROW && dice.below(100) < odds;
            let cause = match dice.below(3) {
                0 => InCamera,
                1 if !camera_first => BeforeHost,
                _ => Notification,
            };
            host += u64::from(!lost || cause != InCamera);
            row = if lost { row + 1 } else { 0 };
            camera_first = lost && (camera_first || cause == InCamera);
            if lost {
                story.lost.insert(number, cause);
                match cause {
                    InCamera => story.lose_in_camera.push(number),
                    BeforeHost => story.lose_before_host.push(host),
                    _ => story.drop_notification.push(host),
                }
            }
        }
        story
    }

    fn faults(&self) -> String {
        let Self { drop_notification, lose_before_host, lose_in_camera, .. } = self;
        format!(
            "[camera.faults]\ndrop_notification = {drop_notification:?}\n\
             lose_before_host = {lose_before_host:?}\nlose_in_camera = {lose_in_camera:?}"
        )
    }
}

fn run(ring: &Ring, story: &Story, what: &str) {
    let rig = ring.rig(&story.faults());
    let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
    let (mut arrived, mut held) = (Vec::new(), Vec::new());
    for _ in 0..EXPOSURES {
        rig.step(0, 1);
        for lease in taker.settled(&session) {
            arrived.push(lease.record().camera_number.expect("the camera numbers its frames"));
            held.push(lease);
        }
        // One frame is held while the ring goes on.
        held.drain(..held.len().saturating_sub(1)).for_each(|lease| assert_counter_scene(&lease));
    }
    held.iter().for_each(assert_counter_scene);
    let events = std::iter::from_fn(|| session.next_loss());
    let told =
        events.flat_map(|event| (event.first..event.first + event.count).map(move |n| (n, event.cause)));
    assert_eq!(told.collect::<Vec<_>>(), story.lost.clone().into_iter().collect::<Vec<_>>(), "{what}");
    let expected: Vec<u64> = (1..=EXPOSURES).filter(|number| !story.lost.contains_key(number)).collect();
    assert_eq!(arrived, expected, "{what}");
    assert_eq!(session.delivery(), ring.mode(), "{what}: the evidence agreed all the time");
    let books = session.stop().expect("it stops").books;
    assert_eq!((books.highest, books.delivered), (EXPOSURES, expected.len() as u64), "{what}: {books}");
    assert!(books.balanced(), "{what}: {books}");
}

#[test]
fn every_exposure_is_delivered_or_told() {
    let rings = Ring::all();
    let mut seen = BTreeMap::new();
    for seed in 0..RUNS {
        let story = Story::thrown(&mut Dice(seed));
        let ring = &rings[seed as usize % rings.len()];
        run(ring, &story, &format!("run {seed}, {} ring, {:?}", ring.story, story.lost));
        story.lost.values().for_each(|cause| *seen.entry(format!("{cause:?}")).or_insert(0) += 1);
    }
    assert!(seen.len() == 3 && seen.values().all(|&count| count > 100), "too few losses of a kind: {seen:?}");
}
