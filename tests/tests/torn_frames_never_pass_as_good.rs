//! A slot that is written over while it is in use is found out: a copy of it is not delivered, and a lease on it says so.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use frame_pool::Torn;
use pvcam::{Evidence, Lease, LossCause, Plan, Region, Session, StreamMode};
use pvcam_tests::{Ring, Taker, assert_counter_scene, counter, next, scene_of, small};

const TORN: u64 = 7;
const FRAMES: u64 = 12;

fn faults(key: &str) -> String {
    format!("[camera.faults]\n{key} = [{TORN}]")
}

/// The camera breaks its promise on one slot, after the frame was lent. Nothing could have prevented that; asking tells.
#[test]
fn a_lease_in_place_tells_that_it_is_torn() {
    for ring in Ring::all().into_iter().filter(|ring| ring.trust.is_some()) {
        let rig = ring.rig(&faults("torn"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let mut torn = 0;
        for number in 1..=FRAMES {
            rig.step(0, 1);
            let leases = taker.settled(&session);
            let [lease] = &leases[..] else { unreachable!("one frame a step, not {leases:?}") };
            let whole = is_whole(lease, number);
            assert_eq!(whole, number != TORN, "the fault hits frame {TORN} and no other");
            match lease.verify() {
                Ok(evidence) => assert_eq!((evidence, whole), (Evidence::Locked, true), "frame {number}"),
                Err(why) => {
                    let found = TORN as u32 + Ring::SLOTS;
                    let overwritten = Torn::Overwritten { expected: TORN as u32, found };
                    assert_eq!((why, whole), (overwritten, false), "frame {number}");
                    torn += 1;
                }
            }
        }
        assert_eq!(torn, 1, "{} ring", ring.story);
        let books = session.stop().expect("it stops").books;
        assert!(books.balanced() && books.highest == FRAMES, "{books}");
    }
}

/// The slot is written over after the callback, while the copier is at work: it was quicker, or the frame is lost.
#[test]
fn a_copy_is_whole_or_counted_as_torn() {
    // Copying a small frame is over in no time; a large one is still being copied when it is written over.
    assert!((0..20).any(|_| !copy_of_the_torn_frame(64)), "small frames are torn every time");
    assert!((0..20).any(|_| copy_of_the_torn_frame(2048)), "large frames never are");
}

/// Whether the beginning of each row is that of the frame: the fault writes over half of the rows.
fn is_whole(lease: &Lease, number: u64) -> bool {
    let bits = lease.layout().bit_depth;
    let mut rows = (0..).zip(lease.rows::<u16>().expect("16 bits a pixel"));
    rows.all(|(row, pixels)| {
        (0..16).all(|column| pixels[column as usize] == counter(number, row, column, bits))
    })
}

/// Runs a ring that is copied past the fault, with square frames; whether the frame was lost to it.
fn copy_of_the_torn_frame(side: u16) -> bool {
    let ring = Ring::copied();
    let rig = ring.rig(&faults("torn"));
    let camera = rig.open("pvcamUSB_0");
    let plan = ring.plan(&camera).region(Region::new(0, 0, side, side));
    let (session, frames) = camera.arm(plan).expect("a good plan").start().expect("it starts");
    let (mut taker, mut arrived) = (Taker::new(frames), Vec::new());
    for _ in 0..=TORN {
        rig.step(0, 1);
        for lease in taker.settled(&session) {
            let number = lease.record().number;
            assert!(
                is_whole(&lease, number) && lease.verify() == Ok(Evidence::Tag),
                "frame {number} was delivered"
            );
            arrived.push(number);
        }
    }
    let torn = !arrived.contains(&TORN);
    assert_told(session, TORN + 1, if torn { &[TORN] } else { &[] });
    torn
}

/// The slot was written over before its frame is announced: nobody ever sees it. A ring in place has broken its promise by that,
/// and is copied from then on.
#[test]
fn a_frame_that_is_torn_when_it_is_announced() {
    for ring in Ring::all() {
        let rig = ring.rig(&faults("torn_early"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let mut arrived = Vec::new();
        for number in 1..=FRAMES {
            let expected = if number < TORN { ring.mode() } else { StreamMode::Copied };
            rig.step(0, 1);
            assert_eq!(session.delivery(), expected, "{} ring, after frame {number}", ring.story);
            for lease in taker.settled(&session) {
                assert_counter_scene(&lease);
                lease.verify().expect("what is delivered is whole");
                arrived.extend(lease.record().camera_number);
            }
        }
        let expected: Vec<u64> = (1..=FRAMES).filter(|&number| number != TORN).collect();
        assert_eq!(arrived, expected, "{} ring", ring.story);
        assert_told(session, FRAMES, &[TORN]);
    }
}

/// The control: the number in the slot of the torn frame is that of a frame a round later, and its pixels are a mixture, so that a
/// driver which believed the number would deliver a picture that the checks of this file refuse.
#[test]
fn a_mixture_is_seen_in_every_pixel_and_by_its_number() {
    let ring = Ring::copied();
    let rig = ring.rig(&faults("torn"));
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(FRAMES as u16).region(small(&camera));
    let (session, frames) = camera.arm(plan).expect("a good plan").start().expect("it starts");
    rig.step(0, FRAMES as u32);
    let leases: Vec<Lease> = (0..FRAMES).map(|_| next(&frames)).collect();
    let mixed = &leases[TORN as usize - 1];
    let is = |number| scene_of(number, mixed.layout());
    let pixels = mixed.pixels::<u16>().expect("16 bits a pixel");
    let Err(Torn::Overwritten { found, .. }) = mixed.verify() else {
        unreachable!("another number stands in it")
    };
    assert!(pixels != is(TORN) && pixels != is(found.into()), "the fault leaves neither frame whole");
    assert!(pixels[..100] == is(found.into())[..100], "its beginning is that of the number in the slot");
    drop(session);
}

/// The books and the events know of these torn frames, and of no other loss.
fn assert_told(session: Session, frames: u64, torn: &[u64]) {
    let losses: Vec<_> = std::iter::from_fn(|| session.next_loss()).collect();
    let books = session.stop().expect("it stops").books;
    let count = torn.len() as u64;
    assert_eq!((books.torn, books.lost(), books.delivered), (count, count, frames - count), "{books}");
    assert!(losses.iter().all(|l| (l.cause, l.count) == (LossCause::Torn, 1)), "{losses:?}");
    assert_eq!(losses.iter().map(|loss| loss.first).collect::<Vec<_>>(), torn);
    assert!(books.balanced(), "{books}");
}
